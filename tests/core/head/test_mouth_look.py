"""The colour of teeth by the lightest tones of a face."""

import pytest
import torch

from moda_core.head.mouth_look import LUMINANCE, mouth_look

WEIGHTS = torch.tensor(LUMINANCE)
VARNISHED = torch.tensor([190.0, 145.0, 72.0])  # mean of the face
LIGHT = torch.tensor([224.0, 183.0, 101.0])  # its highlights
WHITE = torch.tensor([193.0, 149.0, 68.0])  # of its eyes


def teeth(skin, light, white) -> torch.Tensor:
    """The lightest colour of the upper teeth in a face with some highlights."""
    face = torch.cat([skin.expand(85, 3), light.expand(15, 3)])
    row = mouth_look(skin.expand(2, 3), face, white, 100.0).upper_teeth
    colors = row.picture[0, :3, row.picture[0, 3] > 0.9]
    return colors[:, (WEIGHTS @ colors).argmax()]


def saturation(color: torch.Tensor) -> float:
    return float(1 - color.min() / color.max())


def test_teeth_under_varnish_are_no_lighter_than_highlights_and_as_warm():
    shown = teeth(VARNISHED, LIGHT, WHITE)

    assert 0.75 * LIGHT @ WEIGHTS < shown @ WEIGHTS <= LIGHT @ WEIGHTS
    assert saturation(shown) > 0.5 * saturation(LIGHT)
    assert shown[0] > shown[1] > shown[2]


def test_teeth_are_paler_than_the_skin():
    assert saturation(teeth(VARNISHED, LIGHT, WHITE)) < 0.8 * saturation(VARNISHED)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_teeth_of_a_dark_picture_are_as_much_darker(share):
    bright = teeth(VARNISHED, LIGHT, WHITE)

    dark = teeth(share * VARNISHED, share * LIGHT, share * WHITE)

    assert float(dark @ WEIGHTS / (bright @ WEIGHTS)) == pytest.approx(share, rel=0.1)


def test_teeth_of_dark_skin_follow_the_whites_of_the_eyes():
    skin, white = torch.tensor([80.0, 52.0, 40.0]), torch.tensor([190.0, 180.0, 170.0])

    shown = teeth(skin, 1.2 * skin, white)

    assert shown @ WEIGHTS > 0.8 * (white @ WEIGHTS)
