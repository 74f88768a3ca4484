"""Irises are found beside their landmarks."""

import numpy as np
import pytest

from moda_core.face.iris_fit import fit_irises
from moda_core.face.mesh_points import LEFT_IRIS, RIGHT_IRIS
from tests.faces import face_from

LANDMARKS = face_from([(120, 140), (240, 140), (138, 265), (222, 265), (180, 265), (180, 265)])
SIZE = 360
SKIN, WHITE = 170, 235


def drawn_eyes(shift: float, size: float, iris: tuple[int, int, int]) -> np.ndarray:
    """White eyes with irises beside their landmarks, of another size."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    for points in (LEFT_IRIS, RIGHT_IRIS):
        (x, y), radius = LANDMARKS.mesh[points[0], :2], radius_of(LANDMARKS.mesh, points)
        image[((columns - x) / 2.6) ** 2 + (rows - y) ** 2 < (1.2 * radius) ** 2] = WHITE
        image[np.hypot(columns - x - shift, rows - y) < size * radius] = iris
    return image


def radius_of(mesh: np.ndarray, points: list[int]) -> float:
    return np.hypot(*(mesh[points[1:], :2] - mesh[points[0], :2]).T).mean()


@pytest.mark.parametrize("shift", [-4, 0, 4])
@pytest.mark.parametrize("size", [0.9, 1.2])
@pytest.mark.parametrize("iris", [(60, 40, 30), (70, 140, 210)], ids=["brown", "blue"])
def test_the_iris_is_found_where_it_is_drawn(shift, size, iris):
    fitted = fit_irises(LANDMARKS, drawn_eyes(shift, size, iris))

    for points in (LEFT_IRIS, RIGHT_IRIS):
        moved = fitted.mesh[points[0], :2] - LANDMARKS.mesh[points[0], :2]
        grown = radius_of(fitted.mesh, points) / radius_of(LANDMARKS.mesh, points)
        assert moved == pytest.approx((shift, 0), abs=1.6)
        assert grown == pytest.approx(size, abs=0.11)


@pytest.mark.parametrize("level", [0, 128])
def test_without_contrast_the_landmarks_stay(level):
    image = np.full((SIZE, SIZE, 3), level, np.uint8)

    assert np.array_equal(fit_irises(LANDMARKS, image).mesh, LANDMARKS.mesh)


def test_eyes_outside_the_picture_stay():
    fitted = fit_irises(LANDMARKS, np.zeros((50, 50, 3), np.uint8))

    assert np.array_equal(fitted.mesh, LANDMARKS.mesh)


def test_only_the_points_of_the_irises_change():
    fitted = fit_irises(LANDMARKS, drawn_eyes(4, 1.2, (60, 40, 30)))

    assert np.array_equal(fitted.mesh[:468], LANDMARKS.mesh[:468])


def test_a_large_iris_is_not_taken_for_its_pupil():
    image = drawn_eyes(2, 1.25, (150, 190, 225))
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    for points in (LEFT_IRIS, RIGHT_IRIS):
        (x, y), radius = LANDMARKS.mesh[points[0], :2], radius_of(LANDMARKS.mesh, points)
        image[np.hypot(columns - x - 2, rows - y) < 0.8 * radius] = 10

    fitted = fit_irises(LANDMARKS, image)

    for points in (LEFT_IRIS, RIGHT_IRIS):
        grown = radius_of(fitted.mesh, points) / radius_of(LANDMARKS.mesh, points)
        assert grown == pytest.approx(1.25, abs=0.11)
