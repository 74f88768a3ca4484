"""Teeth in the opening of a drawn mouth, whose lips are half an eye distance apart."""

import pytest
import torch

from moda_core.head.seen_teeth import find_teeth, with_seen
from moda_core.head.teeth import teeth_row

LIP, SKIN = torch.tensor([190.0, 90.0, 90.0]), torch.tensor([190.0, 150.0, 130.0])
TOOTH, TONGUE, DARK = (235.0, 228.0, 205.0), (170.0, 70.0, 70.0), (30.0, 12.0, 10.0)
HALF_WIDTH, GAP = 0.45, 0.5


def mouth(*layers: tuple[tuple[float, float, float], float]) -> torch.Tensor:
    """Layers of colours and the depth at which each ends, (3, 100, 200)."""
    picture, start = torch.zeros(3, 100, 200), 0
    for color, end in layers:
        picture[:, start : round(100 * end)] = torch.tensor(color).view(3, 1, 1)
        start = round(100 * end)
    return picture


def test_both_rows_are_found_beside_a_dark_gap():
    seen = find_teeth(mouth((TOOTH, 0.3), (DARK, 0.8), (TOOTH, 1.0)), GAP, LIP, SKIN)

    assert seen.end(upward=False) == pytest.approx(0.3, abs=0.03)
    assert seen.end(upward=True) == pytest.approx(0.8, abs=0.03)
    assert seen.color.tolist() == pytest.approx(list(TOOTH), abs=1)


def test_a_tongue_below_the_upper_teeth_is_no_lower_row():
    seen = find_teeth(mouth((TOOTH, 0.4), (DARK, 0.6), (TONGUE, 1.0)), GAP, LIP, SKIN)

    assert seen.end(upward=False) == pytest.approx(0.4, abs=0.03)
    assert seen.end(upward=True) is None


def test_a_pale_tongue_is_no_lower_row_and_does_not_tint_the_teeth():
    pale_tongue = (194.0, 148.0, 133.0)  # hardly redder than the skin
    picture = mouth((TOOTH, 0.2), (DARK, 0.4), (pale_tongue, 1.0))

    seen = find_teeth(picture, GAP, LIP, SKIN)

    assert seen.end(upward=False) == pytest.approx(0.2, abs=0.03)
    assert seen.end(upward=True) is None
    assert seen.color.tolist() == pytest.approx(list(TOOTH), abs=1)


def test_lower_teeth_in_shadow_are_no_tongue():
    shadowed = (176.0, 160.0, 140.0)

    seen = find_teeth(mouth((TOOTH, 0.3), (DARK, 0.8), (shadowed, 1.0)), GAP, LIP, SKIN)

    assert seen.end(upward=True) == pytest.approx(0.8, abs=0.03)


def test_scattered_pale_pixels_are_no_teeth():
    picture = mouth((TONGUE, 1.0))
    picture[:, 40:70, ::2] = torch.tensor(TOOTH).view(3, 1, 1)  # 0.3 of the height, deep inside
    picture[:, 40:70:2] = torch.tensor(TONGUE).view(3, 1, 1)

    assert find_teeth(picture, GAP, LIP, SKIN) is None


@pytest.mark.parametrize("color", [TONGUE, DARK, tuple(LIP.tolist())])
def test_a_mouth_without_teeth_shows_none(color):
    assert find_teeth(mouth((color, 1.0)), GAP, LIP, SKIN) is None


def test_clenched_rows_are_divided_along_their_dark_line():
    picture = mouth((TOOTH, 0.55), (DARK, 0.6), (TOOTH, 1.0))

    seen = find_teeth(picture, GAP, LIP, SKIN)

    assert seen.end(upward=False) == pytest.approx(0.55, abs=0.04)
    assert seen.end(upward=True) == pytest.approx(0.6, abs=0.04)


def test_rows_show_the_seen_teeth_where_the_picture_has_them():
    upper, lower = (235.0, 228.0, 150.0), (190.0, 228.0, 205.0)
    seen = find_teeth(mouth((upper, 0.3), (DARK, 0.8), (lower, 1.0)), GAP, LIP, SKIN)

    def edges(right):
        return torch.zeros_like(right), torch.full_like(right, GAP)

    for upward, color, depth in ((False, upper, 0.15), (True, lower, 0.9)):
        row = teeth_row(upward, 200, torch.tensor(TOOTH), 0.0)
        row = with_seen(row, seen, edges, HALF_WIDTH, 0.0)
        below_tip = torch.full((1, 1, 1), depth * GAP - row.tips[0])
        shown, cover = row.sample(torch.zeros(1, 1, 1), below_tip)
        assert shown.flatten().tolist() == pytest.approx(list(color), abs=2)
        assert float(cover) > 0.95
