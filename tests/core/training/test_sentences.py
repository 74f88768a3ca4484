import re

import numpy as np
import pytest

from moda_core.training.dataset import LANGUAGES
from moda_core.training.sentences import nonsense, passage


@pytest.mark.parametrize("language", sorted(set(LANGUAGES.split())))
def test_every_training_language_has_texts_that_a_seed_repeats(language):
    texts = [passage(np.random.default_rng(7), language) for _ in range(2)]

    assert texts[0] == texts[1]
    assert len(texts[0].split()) >= 4


@pytest.mark.parametrize(
    ("language", "letters"), [("de", "äöü"), ("pl", "łżó"), ("tr", "üış"), ("fr", "éè")]
)
def test_made_up_words_have_letters_of_their_language(language, letters):
    text = " ".join(nonsense(np.random.default_rng(seed), language) for seed in range(20))

    assert all(letter in text for letter in letters)


def test_russian_words_are_written_in_cyrillic_only():
    text = " ".join(nonsense(np.random.default_rng(seed), "ru") for seed in range(20))

    assert not re.search("[a-z]", text)
