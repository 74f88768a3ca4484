"""Motions on small pictures of a face: their sheets of frames, and their curves."""

import pytest
import torch

from moda_core.bundles.motion_preview import (
    COLUMNS,
    MOST_POINTS,
    SHEET_FRAMES,
    SIDE,
    MotionPreview,
    motion_curves,
)
from moda_core.example import PORTRAIT
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import Motion, released_stats
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import read_image
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.stand_ins import stand_in_renderer
from tests.two_people import talking

NUM_FRAMES = SHEET_FRAMES + 2


@pytest.fixture(scope="module")
def portrait():
    image = read_image(PORTRAIT)
    return WarpRenderer().portrait(image, find_face(image))


@pytest.fixture(scope="module")
def preview(portrait):
    return MotionPreview(portrait, talking(NUM_FRAMES))


def test_a_sheet_holds_its_frames_row_by_row(preview):
    sheet = preview.sheet(0)
    height, width = preview.portrait.image.shape[:2]

    frames = torch.cat(list(WarpRenderer().frames(preview.portrait, preview.motion)))

    assert max(height, width) == SIDE
    assert sheet.shape == (COLUMNS * height, COLUMNS * width, 3)
    for index in (0, 4, 5, 24):
        row, column = divmod(index, COLUMNS)
        part = sheet[row * height :, column * width :][:height, :width]
        assert torch.equal(part, frames[index])


def test_the_last_sheet_is_black_where_there_are_no_frames(preview):
    last = preview.sheet(1)
    height, width = preview.portrait.image.shape[:2]

    assert preview.num_sheets == 2
    assert last[:height, : 2 * width].any()
    assert not last[:height, 2 * width :].any()
    assert not last[height:].any()


@pytest.mark.parametrize("index", [-1, 2])
def test_there_are_no_other_sheets(preview, index):
    with pytest.raises(ValueError, match="The preview has 2 sheets"):
        preview.sheet(index)


def test_portraits_of_any_renderer_play(portrait):
    renderer = stand_in_renderer("cpu")
    other = renderer.portrait(portrait.image, portrait.landmarks)

    assert MotionPreview(other, talking(1)).sheet(0).any()


def test_curves_are_those_of_the_motion_with_no_more_points_than_are_drawn():
    long = Motion(released_stats().mean.repeat(4 * MOST_POINTS + 1, 1), rest_expression())
    short = talking(3)

    assert {len(curve) for curve in motion_curves(short).values()} == {3}
    assert all(len(curve) <= MOST_POINTS for curve in motion_curves(long).values())
    assert motion_curves(short)["yaw"] == pytest.approx([5, 6.5, 8], abs=1e-3)
    assert motion_curves(short)["lips"][0] < motion_curves(short)["lips"][2]
