from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from moda_core.errors import FaceNotFoundError
from moda_core.face.cascade_landmarks import LOW_CONFIDENCE, find_landmarks
from moda_core.face.choose_face import choose_face, faces_within
from moda_core.face.detect import SURE_SCORE, find_faces, quarter_turn
from moda_core.face.face_box import FaceBox

EXAMPLE = Path(__file__).resolve().parents[3] / "moda_core" / "example" / "portrait.jpg"
SIZE = (200, 300)
LEFT = FaceBox(50, 100, 40, 0, 0.02)
MIDDLE = FaceBox(140, 90, 60, 0, 0.02)
RIGHT = FaceBox(240, 100, 80, 0, 0.02)
FACES = [RIGHT, MIDDLE, LEFT]


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.open(EXAMPLE).convert("RGB").resize((320, 320), Image.Resampling.BOX)


@pytest.fixture(scope="module")
def pair(portrait) -> torch.Tensor:
    """Two faces, the right one larger."""
    sheet = Image.new("RGB", (600, 320), (90, 110, 100))
    sheet.paste(portrait.resize((240, 240)), (20, 60))
    sheet.paste(portrait, (270, 0))
    return as_tensor(sheet)


def as_tensor(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("largest", [RIGHT, MIDDLE, LEFT]),
        ("left to right", [LEFT, MIDDLE, RIGHT]),
        ("center", [MIDDLE, RIGHT, LEFT]),
    ],
)
def test_faces_are_counted_in_the_order_asked_for(order, expected):
    chosen = [choose_face(FACES[::-1], index, order, size=SIZE) for index in range(3)]

    assert chosen == expected


def test_a_mask_of_another_size_is_refused():
    faces = [FaceBox(10.0, 10.0, 8.0, 0.0, 1.0)]

    with pytest.raises(ValueError, match=r"\(20, 30\), got \(40, 60\)"):
        choose_face(faces, mask=torch.ones(40, 60), size=(20, 30))


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


def test_landmarks_are_of_the_largest_face_unless_a_mask_says_otherwise(pair):
    mask = torch.zeros(pair.shape[:2])
    mask[:, :265] = 1

    assert find_landmarks(pair).eyes[0] > 270
    assert find_landmarks(pair, mask=mask).eyes[0] < 260


def test_landmarks_are_of_the_first_face_in_the_order(pair):
    assert find_landmarks(pair, order="left to right").eyes[0] < 260


def test_box_in_which_no_face_was_found_is_taken_for_the_face(portrait):
    mosaic = portrait.resize((10, 10), Image.Resampling.BOX).resize((320, 320))
    image = as_tensor(mosaic)

    landmarks = find_landmarks(image, box=(90, 70, 110, 110))

    assert landmarks.confidence < LOW_CONFIDENCE
    assert 90 < landmarks.eyes[0] < 200
    assert 70 < landmarks.eyes[1] < landmarks.mouth[1] < 200


def test_box_beside_the_picture_is_refused(portrait):
    with pytest.raises(ValueError, match=r"inside the picture of 320x320 pixels.*500"):
        find_landmarks(as_tensor(portrait), box=(500, 0, 100, 100))


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        (1, "on its side: rotate the picture by 90 degrees to the right"),
        (2, "upside down: rotate the picture by 180 degrees"),
        (3, "on its side: rotate the picture by 90 degrees to the left"),
    ],
)
def test_picture_that_must_be_rotated_says_how(portrait, turn, message):
    turned = torch.rot90(as_tensor(portrait.resize((200, 200))), turn).contiguous()

    with pytest.raises(FaceNotFoundError, match=message):
        find_landmarks(turned)


def test_picture_without_a_face_needs_no_rotation():
    assert quarter_turn(torch.full((120, 160, 3), 127, dtype=torch.uint8)) == 0


def test_less_sure_face_beside_a_sure_one_is_found_too(portrait):
    blurred = portrait.resize((240, 240)).filter(ImageFilter.GaussianBlur(2.5))
    sheet = Image.new("RGB", (600, 320), (90, 110, 100))
    sheet.paste(portrait, (0, 0))
    sheet.paste(blurred, (330, 40))

    sure, unsure = find_faces(as_tensor(sheet))

    assert unsure.score < SURE_SCORE < sure.score
    assert sure.center_x < 320 < unsure.center_x


def test_turned_face_beside_an_upright_one_is_found_when_asked_for(portrait):
    sheet = Image.new("RGB", (600, 320), (128, 128, 128))
    sheet.paste(portrait, (0, 0))
    tilted = portrait.rotate(-28, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))
    sheet.paste(tilted.resize((260, 260)), (330, 30))

    second = find_landmarks(as_tensor(sheet), 1)

    assert second.eyes[0] > 320
    rise = second.right_eye - second.left_eye
    assert np.degrees(np.arctan2(rise[1], rise[0])) == pytest.approx(28, abs=10)
