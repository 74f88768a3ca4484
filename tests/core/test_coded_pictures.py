"""Pictures whose waves tell where a renderer takes its pixels from."""

import numpy as np
import pytest
import torch

from moda_core.editing.idling import still_motion
from moda_core.motion.motion import YAW, Motion
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.coded_pictures import decoded_place, follow_points, shown_places, wave_picture
from tests.faces import face_from


def yaw_motion(*degrees: float) -> Motion:
    motion = still_motion(len(degrees))
    motion.values[:, YAW] = torch.tensor(degrees)[:, None]
    return motion


@pytest.mark.parametrize("axis", [0, 1])
def test_a_wave_picture_tells_the_place_of_its_pixels(axis):
    frame = np.roll(wave_picture((60, 80), axis, 400.0), 7, axis=axis)

    place = decoded_place(frame, axis, 400.0)

    expected = np.indices((60, 80))[axis] + 0.5 - 7
    inside = np.moveaxis(place - expected, axis, 0)[7:]
    assert np.abs(inside).max() < 400 / (2 * np.pi) * (0.5 / 120)  # of rounding to grey levels


def test_points_are_followed_to_where_frames_show_them():
    rows, columns = np.indices((60, 80)) + 0.5
    shown = np.stack([10 + 0.7 * columns - 0.1 * rows, 5 + 0.8 * rows], axis=-1)
    points = np.array([[30.0, 30.0], [45.5, 20.25], [200.0, 30.0], [np.nan, 0.0]])

    found = follow_points(shown, points)

    y = (points[:2, 1] - 5) / 0.8
    x = (points[:2, 0] - 10 + 0.1 * y) / 0.7
    assert np.allclose(found[:2], np.stack([x, y], axis=1))
    assert np.isnan(found[2:]).all()


def test_the_renderer_is_followed_through_its_pictures():
    landmarks = face_from([(52, 52), (76, 52), (55, 77), (73, 77)])
    picture = torch.full((128, 128, 3), 90, dtype=torch.uint8)
    renderer = WarpRenderer()

    shown = shown_places(renderer, renderer.portrait(picture, landmarks), yaw_motion(0, 10))

    own = np.stack(np.indices((128, 128))[::-1], axis=-1) + 0.5
    assert np.abs(shown[0] - own).max() < 0.1
    nose = follow_points(shown[1], np.array([[64.0, 66.0]]))[0]
    assert nose[0] < 63
