"""The confidence of found faces: high where eyes and mouth are seen and sure, low elsewhere."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from moda_core.face.confidence import LOW_CONFIDENCE, face_confidence, is_flat_drawing
from moda_core.face.find_faces import find_faces, square_around
from moda_core.face.given_points import landmarks_from_points
from tests.faces import EYE_DISTANCE, PORTRAIT_POINTS, as_tensor, portrait_picture

LEFT_EYE, RIGHT_EYE = PORTRAIT_POINTS["left_eye"], PORTRAIT_POINTS["right_eye"]
# The left and the right iris of the mesh, and the corners of the mouth.
KEY_POINTS = [468, 473, 61, 291]
MIRRORED_KEY_POINTS = [473, 468, 291, 61]


@pytest.fixture
def portrait():
    return portrait_picture()


def confidences(picture):
    return [face.confidence for face in find_faces(as_tensor(picture))]


def draw_sunglasses(picture):
    draw = ImageDraw.Draw(picture)
    wide, high = 0.36 * EYE_DISTANCE, 0.28 * EYE_DISTANCE
    for x, y in (LEFT_EYE, RIGHT_EYE):
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=(12, 12, 14))
    draw.line((*LEFT_EYE, *RIGHT_EYE), fill=(12, 12, 14), width=6)


def draw_glasses(picture):
    draw = ImageDraw.Draw(picture)
    wide, high = 0.4 * EYE_DISTANCE, 0.3 * EYE_DISTANCE
    for x, y in (LEFT_EYE, RIGHT_EYE):
        draw.ellipse((x - wide, y - high, x + wide, y + high), outline=(40, 30, 30), width=4)
    draw.line((*LEFT_EYE, *RIGHT_EYE), fill=(40, 30, 30), width=4)


def draw_mask(picture):
    outline = [(222, 250), (303, 235), (390, 258), (378, 320), (300, 362), (226, 310)]
    ImageDraw.Draw(picture).polygon(outline, fill=(150, 190, 210))


def draw_hand_over_the_mouth(picture):
    draw = ImageDraw.Draw(picture)
    for y in range(255, 335, 20):
        draw.rounded_rectangle((215, y, 400, y + 18), 9, fill=(205, 160, 135))


def cover_an_eye(picture):
    x, y = RIGHT_EYE
    ImageDraw.Draw(picture).rectangle((x - 40, y - 30, x + 40, y + 30), fill=(15, 15, 15))


@pytest.mark.parametrize(
    "cover", [draw_sunglasses, draw_mask, draw_hand_over_the_mouth, cover_an_eye]
)
def test_a_covered_eye_or_mouth_means_low_confidence(portrait, cover):
    cover(portrait)

    assert all(confidence < LOW_CONFIDENCE for confidence in confidences(portrait))


@pytest.mark.parametrize("scale", [1.0, 0.4, 0.2])
def test_a_plain_portrait_means_high_confidence_at_any_size(portrait, scale):
    size = round(608 * scale)

    (confidence,) = confidences(portrait.resize((size, size), Image.Resampling.BOX))

    assert confidence > 0.9


def test_glasses_that_show_the_eyes_keep_the_confidence(portrait):
    draw_glasses(portrait)

    (confidence,) = confidences(portrait)

    assert confidence >= LOW_CONFIDENCE


def test_confidence_falls_with_blur(portrait):
    levels = [
        max(confidences(portrait.filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 5, 8)
    ]

    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.9
    assert levels[2] < LOW_CONFIDENCE


@pytest.mark.parametrize("which", ["other", "mirror"])
def test_confidence_falls_with_the_disagreement_of_looks(portrait, which):
    image, face = as_tensor(portrait), landmarks_from_points(PORTRAIT_POINTS).mesh
    mirror = face.copy()
    mirror[KEY_POINTS] = face[MIRRORED_KEY_POINTS]  # as the mirrored look numbers them
    looks = {"other": face, "mirror": mirror}

    levels = []
    for share in (0.0, 0.02, 0.1, 0.4):
        shifted = looks[which] + np.array([share * EYE_DISTANCE, 0, 0])
        levels.append(face_confidence(image, face, **looks | {which: shifted}))

    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.9
    assert levels[-1] < LOW_CONFIDENCE


def test_a_drawing_of_flat_colours_is_told_from_a_photo(portrait):
    drawing = Image.new("RGB", portrait.size, (250, 210, 60))
    draw = ImageDraw.Draw(drawing)
    for x, y in (LEFT_EYE, RIGHT_EYE):
        draw.ellipse((x - 12, y - 12, x + 12, y + 12), fill=(20, 20, 20))
    square = square_around(landmarks_from_points(PORTRAIT_POINTS).mesh, 1.0)

    assert is_flat_drawing(as_tensor(drawing), square)
    assert not is_flat_drawing(as_tensor(portrait), square)


@pytest.mark.parametrize("level", [0.12, 0.3, 1.0])
def test_a_dark_photo_is_no_drawing(portrait, level):
    dark = portrait.point(lambda value: round(value * level))
    square = square_around(landmarks_from_points(PORTRAIT_POINTS).mesh, 1.0)

    assert not is_flat_drawing(as_tensor(dark), square)


def test_a_half_hidden_photo_is_no_drawing(portrait):
    ImageDraw.Draw(portrait).rectangle((306, 0, 608, 608), fill=(60, 90, 60))
    square = square_around(landmarks_from_points(PORTRAIT_POINTS).mesh, 1.0)

    assert not is_flat_drawing(as_tensor(portrait), square)


def test_a_face_beyond_the_picture_has_no_confidence():
    face = landmarks_from_points(PORTRAIT_POINTS).mesh + np.array([5000.0, 0, 0])
    image = torch.full((608, 608, 3), 128, dtype=torch.uint8)

    assert face_confidence(image, face, face, face) == 0
