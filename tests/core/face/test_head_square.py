"""The square that a head's rigid parts carry."""

import math

import numpy as np
import pytest

from moda_core.face.given_points import mean_mesh
from moda_core.face.head_square import DEPTH, head_square
from moda_core.face.mesh_points import CHIN, NOSE_BASE, NUM_SURFACE_POINTS


def rotated(mesh, axis, degrees):
    """Return a mesh turned about one of the axes of space."""
    angle, (first, second) = math.radians(degrees), [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[first, [first, second]] = math.cos(angle), -math.sin(angle)
    matrix[second, [first, second]] = math.sin(angle), math.cos(angle)
    return mesh @ matrix.T


@pytest.mark.parametrize("degrees", [0, 30, -100, 170])
def test_the_square_moves_grows_and_turns_with_the_head(degrees):
    mesh = 40 * rotated(mean_mesh(), 2, degrees) + (300, 200, 0)
    surface = mean_mesh()[:NUM_SURFACE_POINTS, :2]
    low, high = surface.min(0), surface.max(0)

    square = head_square(mesh)

    angle, (x, y) = math.radians(degrees), 40 * (low + high) / 2
    center = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    assert (square.x - 300, square.y - 200) == pytest.approx(center)
    assert square.side == pytest.approx(40 * (high - low).max())
    assert math.remainder(square.angle - angle, math.tau) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_head_that_turns_where_heads_do_keeps_its_square(axis):
    front = mean_mesh()
    center = np.array([0, (front[:468, 1].min() + front[:468, 1].max()) / 2, DEPTH])

    turned = head_square(rotated(front - center, axis, 25) + center)

    assert turned.side == pytest.approx(head_square(front).side)
    assert (turned.x, turned.y) == pytest.approx((head_square(front).x, head_square(front).y))


def test_an_open_mouth_does_not_move_the_square():
    closed = mean_mesh()
    mouth_y = closed[NOSE_BASE, 1].max()
    below = (closed[:, 1] - mouth_y).clip(0) / (closed[CHIN, 1] - mouth_y)
    opened = closed + np.outer(below, (0, 0.4, 0))

    assert opened[CHIN, 1] - closed[CHIN, 1] == pytest.approx(0.4)
    assert head_square(opened) == head_square(closed)
