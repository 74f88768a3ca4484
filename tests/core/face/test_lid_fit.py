"""Large drawn eyes are found beyond the rings of their landmarks."""

import numpy as np
import pytest

from moda_core.face.lid_fit import fit_lids
from moda_core.face.mesh_points import LEFT_EYE, RIGHT_EYE
from tests.faces import face_from

LANDMARKS = face_from([(120, 140), (240, 140), (138, 265), (222, 265), (180, 265), (180, 265)])
SIZE = 360
SKIN, WHITE, LINE, IRIS = (225, 170, 140), (235, 232, 228), (90, 45, 35), (70, 140, 210)
RINGS = (LEFT_EYE, RIGHT_EYE)


def drawn_eyes(grown: float, skin: tuple[int, int, int] = SKIN) -> np.ndarray:
    """Outlined eyes that are larger than their rings by a length in half widths."""
    image = np.full((SIZE, SIZE, 3), skin, np.uint8)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    for ring in RINGS:
        points = LANDMARKS.mesh[ring, :2]
        (x, y), half = points.mean(axis=0), np.ptp(points, axis=0) / 2
        more = grown * half[0]
        for size, color in ((half + more + 4, LINE), (half + more, WHITE)):
            image[((columns - x) / size[0]) ** 2 + ((rows - y) / size[1]) ** 2 < 1] = color
        image[np.hypot(columns - x, rows - y) < half[1]] = IRIS
    return image


def sizes(mesh: np.ndarray) -> np.ndarray:
    """Width and height of both rings, (2, 2), in pixels."""
    return np.array([np.ptp(mesh[ring, :2], axis=0) for ring in RINGS])


def test_rings_grow_to_the_outlines_of_large_eyes():
    grown = 0.2

    fitted = fit_lids(LANDMARKS, drawn_eyes(grown))

    before, after = sizes(LANDMARKS.mesh), sizes(fitted.mesh)
    assert after - before == pytest.approx(np.full((2, 2), grown * before[:, :1]), abs=6)


def test_rings_that_reach_the_outlines_stay():
    assert np.array_equal(fit_lids(LANDMARKS, drawn_eyes(-0.05)).mesh, LANDMARKS.mesh)


def test_eyes_stay_in_pictures_whose_skin_is_as_grey_as_the_eyeball():
    image = drawn_eyes(0.2, skin=(180, 178, 175))

    assert np.array_equal(fit_lids(LANDMARKS, image).mesh, LANDMARKS.mesh)


def test_eyes_outside_the_picture_stay():
    fitted = fit_lids(LANDMARKS, np.zeros((50, 50, 3), np.uint8))

    assert np.array_equal(fitted.mesh, LANDMARKS.mesh)


def test_only_the_rings_of_the_eyes_change():
    fitted = fit_lids(LANDMARKS, drawn_eyes(0.2))

    changed = (fitted.mesh != LANDMARKS.mesh).any(axis=1)
    assert set(np.nonzero(changed)[0]) == set(LEFT_EYE + RIGHT_EYE)
