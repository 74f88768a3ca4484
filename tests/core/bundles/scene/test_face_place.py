"""Which face a person has."""

import pytest

from moda_core.bundles.scene.face_place import face_at, parse_face_place
from moda_core.errors import FaceNotFoundError
from tests.faces import face_from


def face_near(x, y):
    return face_from([(x, y), (x + 60, y), (x + 8, y + 60), (x + 52, y + 60)])


RIGHT, LEFT, MIDDLE = FACES = [face_near(400, 100), face_near(20, 120), face_near(200, 80)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("left", "left"), (" Right ", "right"), ("2", 2), ("10,20.5", (10.0, 20.5)), ("0", 0)],
)
def test_a_face_is_a_side_a_number_or_a_point(text, expected):
    assert parse_face_place(text) == expected


@pytest.mark.parametrize("text", ["", "up", "-1", "1.5", "1,2,3", "x,y", "nan,1", "1,"])
def test_any_other_text_is_refused(text):
    with pytest.raises(ValueError, match="left, right, 0"):
        parse_face_place(text)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("left", LEFT),
        ("right", RIGHT),
        (0, LEFT),
        (1, MIDDLE),
        (2, RIGHT),
        ((230.0, 110.0), MIDDLE),
        ((410.0, 140.0), RIGHT),
    ],
)
def test_faces_are_counted_from_the_left_and_found_at_points(place, expected):
    assert face_at(FACES, place) is expected


@pytest.mark.parametrize(
    ("faces", "place", "expected"),
    [
        (FACES, 3, r"number 3: 3 found.*to 2"),
        (FACES, (600.0, 10.0), r"no face at 600,10.*50,1\d\d, 230,1\d\d, 430,1\d\d"),
        ([], "left", "No face"),
    ],
)
def test_a_face_that_is_not_there_is_refused(faces, place, expected):
    with pytest.raises(FaceNotFoundError, match=expected):
        face_at(faces, place)
