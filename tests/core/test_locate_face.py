"""Finding the one face of a picture file, by YuNet where its weights are."""

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core import locate_face as module
from moda_core.cli import EXAMPLE
from moda_core.errors import FaceNotFoundError
from moda_core.locate_face import FaceChoice, locate_face
from moda_core.portrait.face_box import FaceBox
from moda_core.portrait.landmarks import FaceLandmarks

PICTURE = EXAMPLE / "portrait.jpg"


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
