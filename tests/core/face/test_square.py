"""Rotated squares cut out of a picture."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates

from moda_core.face.square import Square, cut_square, whole_picture

SIZE = (150, 200)  # rows, columns


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(0).standard_normal((*SIZE, 3))
    smooth = gaussian_filter(noise, (2, 2, 0))
    return (128 + 100 * smooth / np.abs(smooth).max()).round().astype(np.uint8)


def cut(picture, square, side, border="border"):
    """Return a square as an array (side, side, 3), in grey levels."""
    return (
        cut_square(torch.from_numpy(picture), square, side, border)[0].permute(1, 2, 0).numpy()
        * 255
    )


def rotated_square_by_scipy(picture, square, side, mode):
    """Read the picture bilinearly at the centre of each pixel of a square."""
    steps = (np.arange(side) + 0.5) / side - 0.5
    right, down = np.meshgrid(steps * square.side, steps * square.side)
    cosine, sine = math.cos(square.angle), math.sin(square.angle)
    x = square.x + cosine * right - sine * down
    y = square.y + sine * right + cosine * down
    places = [y - 0.5, x - 0.5]  # scipy counts from the centre of the first pixel
    planes = [
        map_coordinates(picture[..., i].astype(float), places, order=1, mode=mode) for i in range(3)
    ]
    return np.stack(planes, axis=-1)


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.3, math.pi / 2, math.pi])
@pytest.mark.parametrize("place", [(100.0, 75.0, 40.0), (93.7, 81.2, 57.5)])
def test_a_square_inside_is_the_picture_read_bilinearly(picture, place, angle):
    square = Square(*place, angle)

    found = cut(picture, square, 64)

    expected = rotated_square_by_scipy(picture, square, 64, "nearest")
    np.testing.assert_allclose(found, expected, atol=0.01)  # grey levels; float32 places


@pytest.mark.parametrize("angle", [0.0, 0.7])
@pytest.mark.parametrize(("border", "mode"), [("border", "nearest"), ("zeros", "grid-constant")])
def test_outside_the_picture_is_its_edge_or_black(picture, angle, border, mode):
    square = Square(185.0, 12.0, 60.0, angle)

    found = cut(picture, square, 64, border)

    np.testing.assert_allclose(found, rotated_square_by_scipy(picture, square, 64, mode), atol=0.01)


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_quarter_turn_of_all_pixels_is_that_of_the_array(picture, turn):
    part = picture[20:84, 30:94]

    found = cut(picture, Square(62, 52, 64, turn * math.pi / 2), 64)

    np.testing.assert_allclose(found, np.rot90(part, turn), atol=0.01)


@pytest.mark.parametrize("angle", [0.0, 0.5])
def test_a_fine_checkerboard_is_reduced_to_flat_grey(angle):
    board = (np.indices((600, 600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture = np.repeat(board[..., None], 3, axis=2)

    found = cut(picture, Square(300, 300, 380, angle), 48)

    assert np.abs(found - 127.5).max() < 3


def test_a_square_beside_the_picture_is_black_or_its_edge(picture):
    assert cut(picture, Square(1000.0, 50.0, 40.0), 16).max() == 0


def test_a_square_of_a_picture_of_one_pixel_has_its_colour():
    found = cut(np.full((1, 1, 3), 77, np.uint8), Square(0.5, 0.5, 30.0), 16)

    assert found == pytest.approx(77, abs=0.01)


@pytest.mark.parametrize(("side", "tolerance"), [(50, 0.01), (64, 0.01), (20, 0.6), (9, 0.6)])
def test_points_of_a_square_are_where_its_pixels_came_from(side, tolerance):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ramp = np.stack([x, y, 0 * x], axis=-1).astype(np.uint8)  # each pixel tells its place
    square = Square(101.3, 77.7, 50.0, -0.6)

    found = cut(ramp, square, side)

    steps = (np.arange(side) + 0.5) / side
    places = square.to_picture(np.stack(np.meshgrid(steps, steps), -1))
    # A reduced picture is rounded to whole levels.
    np.testing.assert_allclose(found[..., :2] + 0.5, places, atol=tolerance)


def test_the_whole_picture_is_in_the_middle_of_its_square(picture):
    square = whole_picture(torch.from_numpy(picture))

    found = cut(picture, square, 200, "zeros")

    assert found[:24].max() == found[-24:].max() == 0
    np.testing.assert_allclose(found[25:175], picture, atol=0.01)


@pytest.mark.parametrize(
    ("other", "change"),
    [
        (Square(100.0, 80.0, 50.0, 0.5), 0.0),
        (Square(103.0, 76.0, 50.0, 0.5), 0.1),
        (Square(100.0, 80.0, 60.0, 0.5), 0.2),
        (Square(100.0, 80.0, 50.0, 0.3), 0.2),
        (Square(105.0, 80.0, 65.0, 0.5 + math.tau), 0.3),
    ],
)
def test_the_change_to_another_square_is_its_largest_part(other, change):
    assert Square(100.0, 80.0, 50.0, 0.5).change_to(other) == pytest.approx(change)
