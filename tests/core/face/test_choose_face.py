"""The choice of one face among several, by order, mask or box."""

import numpy as np
import pytest
import torch

from moda_core.errors import FaceNotFoundError
from moda_core.face.choose_face import choose_face, faces_within
from moda_core.face.landmarks import FaceLandmarks


def face_in_square(x: float, y: float, side: float) -> FaceLandmarks:
    """Return a face whose box is a square around (x, y)."""
    mesh = np.full((478, 3), (x, y, 0.0))
    mesh[0, :2] -= side / 2
    mesh[1, :2] += side / 2
    return FaceLandmarks(mesh)


SIZE = (200, 300)
LEFT = face_in_square(50, 100, 40)
MIDDLE = face_in_square(140, 90, 60)
RIGHT = face_in_square(240, 100, 80)
FACES = [RIGHT, MIDDLE, LEFT]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("largest", [RIGHT, MIDDLE, LEFT]),
        ("left to right", [LEFT, MIDDLE, RIGHT]),
        ("center", [MIDDLE, RIGHT, LEFT]),
    ],
)
def test_faces_are_counted_in_the_order_asked_for(order, expected):
    chosen = [choose_face(FACES, index, order, size=SIZE) for index in range(3)]

    assert chosen == expected


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(20, 30\), got \(40, 60\)"):
        choose_face(FACES, mask=torch.ones(40, 60), size=(20, 30))


def test_mask_limits_the_faces_that_count():
    mask = torch.zeros(SIZE)
    mask[60:140, :180] = 1

    assert choose_face(FACES, mask=mask) == MIDDLE
    assert choose_face(FACES, 1, mask=mask) == LEFT


def test_few_strokes_of_a_mask_mean_the_face_they_cover_most():
    mask = torch.zeros(SIZE)
    mask[100:103, 35:65] = 1  # on the left face
    mask[100:101, 165:185] = 1  # touches the middle one

    assert faces_within(FACES, mask) == [LEFT]


def test_box_limits_the_faces_that_count():
    assert choose_face(FACES, box=(20, 60, 70, 80)) == LEFT
    assert faces_within(FACES, box=(100, 40, 200, 120)) == [RIGHT, MIDDLE]


def test_mask_beside_all_faces_says_so():
    mask = torch.zeros(SIZE)
    mask[:20] = 1

    with pytest.raises(FaceNotFoundError, match=r"None of the 3 faces .* lies in the mask"):
        choose_face(FACES, mask=mask)


def test_no_face_says_how_to_give_points():
    with pytest.raises(FaceNotFoundError, match=r"300x200 pixels.*`points`"):
        choose_face([], size=SIZE)


@pytest.mark.parametrize("index", [-1, 3])
def test_number_beyond_the_faces_says_how_many_there_are(index):
    with pytest.raises(FaceNotFoundError, match=rf"number {index}: 3 found.*0 to 2"):
        choose_face(FACES, index)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "smallest"}, "'smallest'"),
        ({"order": "center", "size": None}, "size of the picture"),
        ({"mask": torch.zeros(1, 200, 300)}, r"\(1, 200, 300\)"),
        ({"box": (0, 0, 0, 10)}, "wider and higher than 0"),
        ({"box": (0, 0, float("nan"), 10)}, "wider and higher than 0"),
        ({"box": (0, 0, 10)}, "x,y,width,height"),
    ],
)
def test_unusable_choice_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        choose_face(FACES, **{"size": SIZE} | options)
