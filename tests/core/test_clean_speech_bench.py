"""The bench of clean speech measures what it says."""

import numpy as np
import pytest

from moda_core.audio.cleaning.clean_speech import Cleaning
from moda_core.example import SPEECH
from tests.bench.bench_clean_speech import (
    REQUIRED,
    averaged,
    clean_change,
    cleaned,
    compare,
    kinds,
)
from tests.bench.bench_starter import read_speech
from tests.bench.channels import add_below


@pytest.fixture(scope="module")
def speech():
    return read_speech(SPEECH)


@pytest.mark.parametrize("noise", ["steady", "changing"])
def test_the_bundled_speech_passes_to_the_sample(speech, noise):
    assert np.array_equal(cleaned(speech, Cleaning(strength=1.0, noise=noise)), speech)


def test_a_change_of_clean_speech_is_seen(speech):
    def hear(waveform):
        return np.stack([np.abs(waveform[::640])] * 3, axis=1)

    changes = [
        clean_change(speech, hear(speech), Cleaning(high_pass_hz=hertz, strength=0.0), hear)
        for hertz in (0.0, 300.0)
    ]

    assert set(changes[0].values()) == {0.0}
    assert min(changes[1].values()) > REQUIRED["clean_change"]


def test_lips_are_compared_in_standard_deviations_of_the_clean_ones():
    clean = np.stack([np.arange(10.0), np.arange(10.0) % 2, np.ones(10) * np.arange(10) ** 2], 1)

    figures = compare(clean + 2 * clean.std(axis=0), clean)

    for figure in figures.values():
        assert figure["distance"] == pytest.approx(2)
        assert figure["correlation"] == pytest.approx(1)


def test_every_kind_of_noise_is_reduced_but_voices_and_music(speech):
    part = speech[: 4 * 16000]
    for kind, noise in kinds(len(part)).items():
        noisy = add_below(part, noise, 5)

        error = np.square(cleaned(noisy, Cleaning()) - part).mean()

        if kind not in ("babble", "music"):
            assert error < 0.6 * np.square(noisy - part).mean(), kind


def test_nested_figures_are_averaged():
    assert averaged([{"a": {"b": 1.0}}, {"a": {"b": 2.0}}]) == {"a": {"b": 1.5}}
