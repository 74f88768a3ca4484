import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from moda_core.errors import FaceNotFoundError
from moda_core.face.cascade_landmarks import LOW_CONFIDENCE, find_landmarks, landmarks_from_points
from moda_core.face.lips import CROP_CENTER_Y, CROP_SIDE, UNIT, lab_from_rgb, measure_lips

EXAMPLE = Path(__file__).resolve().parents[3] / "moda_core" / "example" / "portrait.jpg"
POINTS = np.array([(70, 80), (130, 80), (80, 145), (120, 145), (100, 143), (100, 149)], float)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    """The bundled portrait, small enough for a quick test."""
    return Image.open(EXAMPLE).convert("RGB").resize((400, 400), Image.Resampling.BOX)


@pytest.fixture(scope="module")
def found(portrait):
    return find_landmarks(as_tensor(portrait))


def as_tensor(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture))


def drawn_mouth(half_width: float, gap: float = 0.0) -> np.ndarray:
    """A crop of the lower face with lips drawn at (0, 1.05), `gap` of teeth between them."""
    crop = Image.new("RGB", (CROP_SIDE, CROP_SIDE), (214, 168, 140))
    draw = ImageDraw.Draw(crop)
    x, y = CROP_SIDE / 2, CROP_SIDE / 2
    half, thick, open_by = half_width * UNIT, 0.1 * UNIT, gap * UNIT
    draw.ellipse((x - half, y - thick, x + half, y + thick + open_by), fill=(170, 70, 70))
    if gap:
        draw.rectangle((x - 0.8 * half, y, x + 0.8 * half, y + open_by), fill=(235, 232, 228))
    draw.line((x - half, y, x + half, y), fill=(60, 25, 25), width=3)
    return np.array(crop)


def test_portrait_has_its_eyes_above_its_mouth_with_high_confidence(found):
    points = found.points()

    assert found.confidence >= LOW_CONFIDENCE
    assert points[0, 0] < points[1, 0]
    assert points[2, 0] < points[3, 0]
    assert points[:2, 1].max() < points[2:, 1].min()


def test_eyes_lie_in_the_dark_of_the_pupils(portrait, found):
    gray = np.array(portrait.convert("L"))
    for eye in (found.left_eye, found.right_eye):
        x, y = np.floor(eye).astype(int)
        radius = round(0.05 * found.eye_distance) + 1
        cheek = gray[y + 4 * radius : y + 6 * radius, x - radius : x + radius]

        pupil = gray[y - radius : y + radius + 1, x - radius : x + radius + 1]

        assert pupil.min() < 0.6 * np.median(cheek)


def test_mirrored_portrait_gives_mirrored_points(portrait, found):
    mirrored = find_landmarks(as_tensor(portrait).flip(1)).points()
    mirrored[:, 0] = portrait.width - mirrored[:, 0]

    distance = np.hypot(*(mirrored[[1, 0, 3, 2, 4, 5]] - found.points()).T)

    assert distance.max() < 0.1 * found.eye_distance


def test_turned_portrait_gives_turned_points(portrait, found):
    turned = portrait.rotate(-15, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))
    angle, center = math.radians(15), np.array(portrait.size) / 2
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    points = find_landmarks(as_tensor(turned)).points()

    expected = (found.points() - center) @ rotation.T + center
    assert np.hypot(*(points - expected).T).max() < 0.12 * found.eye_distance


def test_picture_without_a_face_says_how_to_give_points():
    noise = torch.randint(0, 256, (96, 96, 3), generator=torch.Generator().manual_seed(0))

    with pytest.raises(FaceNotFoundError, match="`points`"):
        find_landmarks(noise.to(torch.uint8))


def test_face_index_beyond_the_faces_is_named(portrait):
    with pytest.raises(FaceNotFoundError, match="number 3"):
        find_landmarks(as_tensor(portrait), face_index=3)


def test_face_smaller_than_64_pixels_gives_its_size(portrait, found):
    scale = 48 / (found.eye_distance * 2.5)
    small = portrait.resize((round(400 * scale), round(400 * scale)), Image.Resampling.BOX)
    sheet = Image.new("RGB", (200, 200), (90, 110, 100))
    sheet.paste(small, (20, 20))

    with pytest.raises(FaceNotFoundError, match=r"at least 64 pixels, found one of \d\d:"):
        find_landmarks(as_tensor(sheet))


@pytest.mark.parametrize("half_width", [0.3, 0.4, 0.48])
def test_mouth_corners_follow_the_drawn_lips(half_width):
    lips = measure_lips(drawn_mouth(half_width), np.array([0.03, CROP_CENTER_Y + 0.04]))

    assert lips.left == pytest.approx((-half_width, CROP_CENTER_Y), abs=0.05)
    assert lips.right == pytest.approx((half_width, CROP_CENTER_Y), abs=0.05)


def test_closed_lips_have_no_gap():
    lips = measure_lips(drawn_mouth(0.4), np.array([0.0, CROP_CENTER_Y]))

    assert (lips.upper == lips.lower).all()


def test_teeth_open_the_gap():
    lips = measure_lips(drawn_mouth(0.4, gap=0.16), np.array([0.0, CROP_CENTER_Y]))

    assert lips.upper[1] == pytest.approx(CROP_CENTER_Y, abs=0.04)
    assert lips.lower[1] == pytest.approx(CROP_CENTER_Y + 0.16, abs=0.04)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [((255, 255, 255), (100, 0, 0)), ((255, 0, 0), (53.2, 80.1, 67.2)), ((0, 0, 0), (0, 0, 0))],
)
def test_lab_matches_published_values(rgb, lab):
    assert lab_from_rgb(np.array(rgb, np.uint8)) == pytest.approx(lab, abs=0.3)


def test_given_points_are_kept_with_full_confidence():
    landmarks = landmarks_from_points(POINTS)

    assert (landmarks.points() == POINTS).all()
    assert landmarks.confidence == 1


def test_four_points_mean_a_closed_mouth():
    landmarks = landmarks_from_points(torch.from_numpy(POINTS[:4]))

    assert (landmarks.upper_lip == (100, 145)).all()
    assert (landmarks.lower_lip == (100, 145)).all()


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([1, 0, 3, 2, 4, 5], "left eye first"),
        ([2, 3, 0, 1, 4, 5], "below the eyes"),
        ([0, 1, 3, 2, 4, 5], "right mouth corner"),
        ([0, 1, 2, 3, 5, 4], "upper lip above"),
        ([0, 0, 2, 3, 4, 5], "two different eyes"),
    ],
)
def test_points_in_an_impossible_order_are_refused(order, message):
    with pytest.raises(ValueError, match=message):
        landmarks_from_points(POINTS[order])


@pytest.mark.parametrize("points", [POINTS[:5], POINTS[:, :1], POINTS * np.nan])
def test_points_of_another_shape_or_not_finite_are_refused(points):
    with pytest.raises(ValueError, match="Expected"):
        landmarks_from_points(points)
