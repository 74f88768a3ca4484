"""Configurations."""

from dataclasses import replace

import pytest

from moda_core.mmdit.config import RELEASED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 770}, "770"),
        ({"num_heads": 0}, "num_heads"),
        ({"audio_context": 2}, "odd"),
        ({"num_single_stream": -1}, "num_single_stream"),
        ({"width": 768.0}, r"768\.0"),
    ],
)
def test_impossible_shapes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(RELEASED, **change)


def test_the_released_heads_have_64_channels():
    assert RELEASED.head_dim == 64
