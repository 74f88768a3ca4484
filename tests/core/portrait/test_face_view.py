"""The part of a picture around a face."""

import numpy as np
import pytest
import torch

from moda_core.portrait.face_view import face_view
from moda_core.portrait.find_face import find_face
from tests.faces import as_tensor, face_from, portrait_picture


def ramp(width, height):
    """Return a picture whose red is its column and green its row, over 4, up to 1,024."""
    x, y = np.meshgrid(np.arange(width) / 4, np.arange(height) / 4)
    return torch.from_numpy(np.stack([x, y, 0 * x], -1).astype(np.uint8))


def face_at(x, y, unit):
    return face_from(
        [
            *((x - unit / 2, y), (x + unit / 2, y)),
            *((x - 0.36 * unit, y + unit), (x + 0.36 * unit, y + unit)),
        ]
    )


def test_points_lie_on_the_same_pixels_as_before():
    face = face_at(500, 480, 90)

    view, moved = face_view(ramp(1000, 1000), face, 256)

    assert view.shape == (256, 256, 3)
    for (x, y), (column, row) in zip(face.points(), moved.points(), strict=True):
        red, green, _ = view[int(row), int(column)].tolist()
        assert (4 * red, 4 * green) == pytest.approx((x, y), abs=8)


def test_it_ends_where_the_picture_does():
    view, moved = face_view(ramp(1000, 1000), face_at(80, 480, 90), 256)

    assert view.shape[0] == 256
    assert view.shape[1] < 200
    assert view[:, 0, 0].max() <= 1
    assert moved.points()[:, 0].min() > 0


def test_a_face_is_found_in_it_where_it_is_said_to_be():
    picture = as_tensor(portrait_picture())
    view, moved = face_view(picture, find_face(picture), 256)

    again = find_face(view)

    error = np.abs(again.points() - moved.points()).max() / moved.eye_distance
    assert error < 0.1
