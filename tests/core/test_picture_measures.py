import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from tests.bench.picture_measures import FEATURES, as_array, measure
from tests.faces import face_from

SIZE, UNIT, EYES_Y = 200, 48, 80
POINTS = [(76, 80), (124, 80), (82, 131), (118, 131), (100, 131), (100, 131)]
LANDMARKS = face_from(POINTS)


def picture() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((SIZE, SIZE)), 2.5)
    grey = (128 + 90 * noise / np.abs(noise).max()).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def moved(image: np.ndarray, shift_x: np.ndarray, shift_y: np.ndarray) -> np.ndarray:
    """Carry every pixel of a picture by a smooth field."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    places = [rows - shift_y, columns - shift_x]
    planes = [
        map_coordinates(image[..., i].astype(float), places, mode="nearest") for i in range(3)
    ]
    return np.stack(planes, axis=2).round().astype(np.uint8)


def bump(x: float, y: float, width: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.exp(-((((columns - x) ** 2 + (rows - y) ** 2) / width**2) ** 2))


def test_same_picture_measures_zero():
    measured = as_array(measure(picture(), picture(), LANDMARKS))

    assert measured.shape == (len(FEATURES),)
    assert np.abs(measured).max() < 0.005


def test_raised_brow_is_measured_on_its_side_only():
    image = picture()
    rise = 4 * bump(100 - 0.3 * UNIT, EYES_Y - 0.34 * UNIT, 11)

    measured = measure(image, moved(image, 0 * rise, -rise), LANDMARKS)

    assert measured["brow_inner_left"] == pytest.approx(-4 / UNIT, abs=0.025)
    assert abs(measured["brow_inner_right"]) < 0.01


def test_raised_corner_of_the_mouth_is_measured():
    image = picture()
    rise = 5 * bump(122, 131, 20)

    measured = measure(image, moved(image, 0 * rise, -rise), LANDMARKS)

    assert measured["corner_right_y"] == pytest.approx(-5 / UNIT, abs=0.03)
    assert abs(measured["corner_left_y"]) < 0.02


def test_lids_that_meet_halfway_are_measured():
    image = picture()
    drop = 3 * bump(76, EYES_Y - 0.1 * UNIT, 7)

    measured = measure(image, moved(image, 0 * drop, drop), LANDMARKS)

    assert measured["eye_left"] < -0.03
    assert abs(measured["eye_right"]) < 0.01


def test_shift_and_roll_of_the_whole_picture_are_the_heads():
    image, angle = picture(), 0.06
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    x, y = columns + 0.5 - 100, rows + 0.5 - EYES_Y
    cos, sin = math.cos(angle), math.sin(angle)
    back_x, back_y = (x - 5) * cos + y * sin, y * cos - (x - 5) * sin

    measured = measure(image, moved(image, x - back_x, y - back_y), LANDMARKS)

    assert measured["shift_x"] == pytest.approx(5 / UNIT, abs=0.01)
    assert measured["roll"] == pytest.approx(angle, abs=0.01)
    assert abs(measured["brow_inner_left"]) < 0.02
    assert abs(measured["yaw"]) < 0.02


def test_what_happens_on_the_lips_is_not_seen():
    image = picture()
    spoken = image.copy()
    spoken[126:146, 86:114] = 0

    measured = as_array(measure(image, spoken, LANDMARKS))

    assert np.abs(measured).max() < 0.02
