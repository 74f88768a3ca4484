"""Finding the one face of a picture, by YuNet where its weights are."""

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.errors import FaceNotFoundError
from moda_core.example import PORTRAIT
from moda_core.face.face_box import FaceBox
from moda_core.face.landmarks import FaceLandmarks
from moda_core.portrait import find_face as module
from moda_core.portrait.find_face import FaceChoice, find_face, locate_face

PICTURE = PORTRAIT


def face(x, size):
    return FaceBox(x, 300.0, size, 0.0, 0.9), FaceLandmarks(
        *[np.array([x, float(i)]) for i in range(6)]
    )


class FakeYuNet:
    def find(self, image):
        return [face(100.0, 90.0), face(300.0, 150.0), face(500.0, 60.0)]


@pytest.fixture
def yunet(monkeypatch):
    monkeypatch.setattr(module, "load_yunet", lambda path: FakeYuNet())
    return "yunet.pth"


@pytest.mark.parametrize(
    ("choice", "x"),
    [
        (FaceChoice(), 300),
        (FaceChoice(index=2), 500),
        (FaceChoice(order="left to right"), 100),
        (FaceChoice(box=(450, 250, 100, 100)), 500),
    ],
)
def test_the_chosen_one_of_yunets_faces_is_taken(yunet, choice, x):
    _, landmarks = locate_face(PICTURE, choice, yunet)

    assert landmarks.left_eye[0] == x


@pytest.mark.parametrize("size", [608, 2432])
def test_a_mask_chooses_in_pixels_of_the_file(yunet, tmp_path, size):
    Image.open(PICTURE).resize((size, size)).save(tmp_path / "face.png")
    scale = size / min(size, 1920)
    mask = torch.zeros(size, size)
    mask[:, round(400 * scale) :] = 1

    _, landmarks = locate_face(tmp_path / "face.png", FaceChoice(mask=mask), yunet)

    assert landmarks.left_eye[0] == 500


def test_a_mask_of_another_size_is_refused(yunet):
    with pytest.raises(FaceNotFoundError, match=r"\(608, 608\), got \(3, 4\)"):
        locate_face(PICTURE, FaceChoice(mask=torch.ones(3, 4)), yunet)


def test_a_box_without_a_face_of_yunets_is_the_face(yunet):
    _, landmarks = locate_face(PICTURE, FaceChoice(box=(200, 120, 250, 250)), None)
    _, fallen_back = locate_face(PICTURE, FaceChoice(box=(200, 20, 250, 180)), yunet)

    assert fallen_back.left_eye[0] != 300
    assert 200 < fallen_back.left_eye[0] < 450
    assert 200 < landmarks.left_eye[0] < 450


def test_a_face_that_yunet_does_not_have_is_refused_with_the_file(yunet):
    with pytest.raises(FaceNotFoundError, match=r"portrait\.jpg.*3 found"):
        locate_face(PICTURE, FaceChoice(index=3), yunet)


def test_points_need_no_detector(monkeypatch):
    monkeypatch.setattr(module, "load_yunet", None)
    points = [(270.0, 200.0), (362.0, 206.0), (277.0, 301.0), (342.0, 304.0)]

    _, landmarks = locate_face(PICTURE, FaceChoice(points=points), "yunet.pth")

    assert landmarks.left_eye.tolist() == [270.0, 200.0]


@pytest.mark.parametrize(
    ("width", "height", "factors"),
    [
        (608, 608, (1, 1)),
        (3001, 4000, (3001 / 1440, 4000 / 1920)),
        (2501, 81, (2501 / 1920, 81 / 62)),
    ],
)
def test_a_face_in_memory_is_in_pixels_of_the_whole_picture(yunet, width, height, factors):
    image = torch.zeros(height, width, 3, dtype=torch.uint8)

    landmarks = find_face(image, FaceChoice(), yunet)

    x, y = factors
    expected = [[300 * x, row * y] for row in range(6)]
    assert landmarks.points() == pytest.approx(np.array(expected))
    assert landmarks.confidence == 1


def test_a_box_and_a_mask_choose_in_pixels_of_the_whole_picture(yunet):
    image = torch.zeros(2400, 3840, 3, dtype=torch.uint8)
    mask = torch.zeros(2400, 3840)
    mask[:, 900:] = 1

    by_box = find_face(image, FaceChoice(box=(900, 500, 200, 200)), yunet)
    by_mask = find_face(image, FaceChoice(mask=mask), yunet)

    assert by_box.left_eye[0] == by_mask.left_eye[0] == 1000


def test_given_points_of_a_large_picture_stay_as_they_are():
    image = torch.zeros(4000, 4000, 3, dtype=torch.uint8)
    points = [(2700.0, 2000.0), (3620.0, 2060.0), (2770.0, 3010.0), (3420.0, 3040.0)]

    landmarks = find_face(image, FaceChoice(points=points))

    assert landmarks.points()[:4].tolist() == [list(point) for point in points]


def test_a_file_and_its_picture_in_memory_give_the_same_face():
    image, from_file = locate_face(PICTURE)

    in_memory = find_face(image)

    assert np.array_equal(from_file.points(), in_memory.points())
    assert from_file.confidence == in_memory.confidence


@pytest.mark.parametrize(
    ("points", "named"),
    [
        ([(1, 2), (700, 2)], ("700,2", "608x608 pixels")),
        ([(400, 200), (200, 200), (250, 300), (350, 300)], ("left eye first", "swap")),
    ],
)
def test_points_in_memory_are_refused_without_a_file(points, named):
    image = torch.zeros(608, 608, 3, dtype=torch.uint8)

    with pytest.raises(FaceNotFoundError) as raised:
        find_face(image, FaceChoice(points=points))

    assert all(part in str(raised.value) for part in named)
    assert "None" not in str(raised.value)


@pytest.mark.parametrize(
    ("points", "named"),
    [
        ([(1, 2), (700, 2)], ("700,2", "in pixels of the picture file", "x before y")),
        ([(400, 200), (200, 200), (250, 300), (350, 300)], ("left eye first", "swap")),
    ],
)
def test_points_of_a_file_are_refused_with_the_file(points, named):
    with pytest.raises(FaceNotFoundError) as raised:
        locate_face(PICTURE, FaceChoice(points=points))

    assert all(part in str(raised.value) for part in (f"'{PICTURE}'", *named))


@pytest.mark.parametrize("shape", [(64, 64), (608, 607)])
def test_a_mask_of_another_size_is_refused_in_memory_even_if_it_is_empty(yunet, shape):
    image = torch.zeros(608, 608, 3, dtype=torch.uint8)

    with pytest.raises(ValueError, match=r"shape \(608, 608\)"):
        find_face(image, FaceChoice(mask=torch.zeros(shape)), yunet)


def test_a_picture_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 8, 8, 3\) of torch\.float32"):
        find_face(torch.zeros(1, 8, 8, 3))
