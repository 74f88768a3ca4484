"""Figures drawn as bars."""

import numpy as np
import pytest

from moda_core.plot.bars import Bar, draw_bars
from moda_core.plot.panels import GRID

RED = (200, 40, 40)


def coloured(picture, colour):
    """Return how many pixels have a colour, in each row."""
    return (np.array(picture) == colour).all(axis=2).sum(axis=1)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_share(share):
    picture = draw_bars("Title", [Bar("lips", "0.5", share, RED)], 800, 16)
    full = draw_bars("Title", [Bar("lips", "0.5", 1.0, RED)], 800, 16)

    assert coloured(picture, RED).max() == pytest.approx(share * coloured(full, RED).max(), abs=8)


def test_an_unknown_figure_has_a_text_and_no_bar():
    picture = draw_bars("Title", [Bar("closures", "unknown", None, RED)], 800, 16)

    assert not coloured(picture, RED).any()
    assert not coloured(picture, GRID).any()
    assert np.array(picture)[-28:].max() > 150  # the text


def test_each_bar_adds_a_row():
    one, three = (draw_bars("", [Bar("a", "1", 0.5, RED)] * n, 600, 14) for n in (1, 3))

    assert one.width == three.width == 600
    rows = np.diff(coloured(three, RED) > 0)
    assert rows.sum() == 6  # three times in and out
    assert three.height > one.height
