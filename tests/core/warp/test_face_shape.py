import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from moda_core.warp.face_shape import face_shape
from moda_core.warp.identity import identity_keypoints
from moda_core.warp.shape_fit import fit_shape
from tests.faces import face_from

POINTS = np.array([(70, 80), (130, 80), (80, 145), (120, 145), (100, 145), (100, 145)], dtype=float)


def turned(points: np.ndarray, angle: float, scale: float, shift: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]]) * scale + shift


def test_frame_has_the_eyes_half_a_unit_beside_the_origin():
    frame = face_shape(face_from(turned(POINTS, 0.4, 1.7, 20))).frame
    left_eye, right_eye = turned(POINTS, 0.4, 1.7, 20)[:2]

    assert frame.to_face(*left_eye) == pytest.approx((-0.5, 0), abs=1e-9)
    assert frame.to_face(*right_eye) == pytest.approx((0.5, 0), abs=1e-9)


def test_pixels_return_from_the_face_frame():
    frame = face_shape(face_from(turned(POINTS, -0.7, 0.8, 3))).frame
    x, y = torch.rand(5), torch.rand(5)

    returned = frame.to_face(*frame.to_pixels(x, y))

    assert torch.allclose(torch.stack(returned), torch.stack([x, y]), atol=1e-5)


def test_identity_ignores_where_a_face_lies_and_how_large_it_is():
    here = identity_keypoints(face_from(POINTS))
    there = identity_keypoints(face_from(turned(POINTS, 0.3, 2.5, 40)))

    assert here.shape == (63,)
    assert torch.allclose(here, there, atol=1e-5)


def test_identity_tells_a_wide_mouth_from_a_narrow_one():
    wide = POINTS.copy()
    wide[2:4, 0] += (-8, 8)

    assert not torch.allclose(
        identity_keypoints(face_from(POINTS)), identity_keypoints(face_from(wide))
    )


def test_mouth_above_the_eyes_is_refused():
    flipped = POINTS.copy()
    flipped[2:, 1] = 20

    with pytest.raises(ValueError, match="below the eyes"):
        face_shape(face_from(flipped))


def test_eyes_on_one_point_are_refused():
    merged = POINTS.copy()
    merged[1] = merged[0]

    with pytest.raises(ValueError, match="pixels apart"):
        face_shape(face_from(merged))


def test_seam_follows_the_dark_line_between_closed_lips():
    image = np.full((200, 200, 3), 180.0)
    columns = np.arange(78, 123)
    across = (columns + 0.5 - 100) / 20
    rows = 145 + 3.0 * (1 - across**2).clip(0)  # drawn 3 pixels below the given points
    for column, row in zip(columns, rows, strict=True):
        image[round(row - 0.5), column] = 20
    image = gaussian_filter(image, (0.7, 0.7, 0)).round().astype(np.uint8)

    mouth = fit_shape(face_shape(face_from(POINTS)), image).mouth

    assert mouth.upper * 60 == pytest.approx(3.0, abs=0.8)
    assert mouth.gap == 0


def test_open_lips_are_left_as_given():
    points = POINTS.copy()
    points[5, 1] += 8
    shape = face_shape(face_from(points))

    assert fit_shape(shape, np.zeros((200, 200, 3), np.uint8)) == shape
