"""Landmarks of points that the user gives."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.example import SECOND_PORTRAIT
from moda_core.face.confidence import LOW_CONFIDENCE
from moda_core.face.face_text import format_points, parse_points
from moda_core.face.find_faces import find_faces
from moda_core.face.given_points import (
    landmarks_from_points,
    landmarks_in_box,
    mean_mesh,
    named_points,
)
from tests.faces import (
    EYE_DISTANCE,
    PORTRAIT_POINTS,
    as_tensor,
    points_by_name,
    portrait_picture,
)

SIX = ("left_eye", "right_eye", "left_mouth", "right_mouth", "upper_lip", "lower_lip")
FRONT = points_by_name([(70, 80), (130, 80), (80, 145), (120, 145), (100, 143), (100, 149)])
# Points of MediaPipe's mesh, by its chart.
INDEX = dict(zip(SIX, [468, 473, 61, 291, 13, 14], strict=True))
INDEX |= {"nose": 1, "chin": 152, "forehead": 10, "brow_left": 105, "brow_right": 334}
INDEX |= {"jaw_left": 172, "jaw_right": 397}
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]


@pytest.fixture(scope="module")
def image():
    return as_tensor(portrait_picture())


@pytest.fixture(scope="module")
def found(image):
    return find_faces(image)[0]


def without_lips(points):
    return {name: point for name, point in points.items() if not name.endswith("lip")}


def moved(points, **shifts):
    """Return points with some shifted by (x, y)."""
    return points | {
        name: (points[name][0] + x, points[name][1] + y) for name, (x, y) in shifts.items()
    }


def rotated(points, angle, scale, shift):
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return {name: tuple(scale * np.array(p, float) @ turn + shift) for name, p in points.items()}


def distances(first, second):
    """Return how far each point of two faces is, in eye distances of the portrait."""
    return np.hypot(*(first.mesh - second.mesh)[:, :2].T) / EYE_DISTANCE


EXTRAS = {"chin": (97, 190), "nose": (101, 118), "jaw_left": (58, 150), "brow_right": (135, 60)}


@pytest.mark.parametrize(
    "points", [FRONT, without_lips(FRONT), FRONT | EXTRAS], ids=["six", "four", "named"]
)
@pytest.mark.parametrize("angle", [0.0, 0.6, -2.5])
def test_given_points_are_exact_with_full_confidence(points, angle):
    points = rotated(points, angle, 1.7, (90.0, -20.0))

    landmarks = landmarks_from_points(points)

    for name, point in points.items():
        assert landmarks.mesh[INDEX[name], :2] == pytest.approx(point, abs=1e-6), name
    assert landmarks.confidence == 1


def test_given_points_are_exact_over_a_found_face(image):
    points = moved(PORTRAIT_POINTS, chin=(0, 8), left_eye=(-2, 1), lower_lip=(0, 3))

    landmarks = landmarks_from_points(points, image)

    for name, point in points.items():
        assert landmarks.mesh[INDEX[name], :2] == pytest.approx(point, abs=1e-6), name


def test_a_rotated_face_has_a_rotated_mesh():
    cosine, sine = math.cos(0.7), math.sin(0.7)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    upright = landmarks_from_points(FRONT).mesh

    mesh = landmarks_from_points(rotated(FRONT, 0.7, 3.0, (5.0, 6.0))).mesh

    assert mesh[:, :2] == pytest.approx(3 * upright[:, :2] @ turn + (5.0, 6.0), abs=1e-6)
    assert mesh[:, 2] == pytest.approx(3 * upright[:, 2], abs=1e-6)


def test_the_mouth_is_closed_without_lips():
    mesh = landmarks_from_points(without_lips(FRONT)).mesh

    assert np.hypot(*(mesh[14] - mesh[13])[:2]) < 0.01 * 60


def test_eyes_and_mouth_of_the_mean_face_give_the_mean_face():
    mean = mean_mesh()[:, :2] * 100 + 300
    points = {name: tuple(mean[INDEX[name]]) for name in SIX}

    mesh = landmarks_from_points(points).mesh

    assert mesh[:, :2] == pytest.approx(mean, abs=1e-6)


def test_a_plain_picture_gives_the_mean_face():
    grey = torch.full((608, 608, 3), 128, dtype=torch.uint8)

    landmarks = landmarks_from_points(PORTRAIT_POINTS, grey)

    assert np.array_equal(landmarks.mesh, landmarks_from_points(PORTRAIT_POINTS).mesh)


def test_points_near_the_found_face_keep_the_found_mesh_elsewhere(image, found):
    points = {name: tuple(found.mesh[INDEX[name], :2]) for name in SIX[:4]}

    kept = landmarks_from_points(points, image)
    alone = landmarks_from_points(points)

    elsewhere = [152, 172, 397, 105, 334, 1, 33, 263, 234, 454]
    assert distances(kept, found)[elsewhere].max() < 0.03
    assert distances(alone, found)[elsewhere].max() > 0.08


def test_points_beside_the_found_face_give_the_mean_face(image):
    points = moved(PORTRAIT_POINTS, **dict.fromkeys(PORTRAIT_POINTS, (0.35 * EYE_DISTANCE, 0)))

    landmarks = landmarks_from_points(points, image)

    assert np.array_equal(landmarks.mesh, landmarks_from_points(points).mesh)


@pytest.mark.parametrize(
    ("name", "shift", "still"),
    [
        ("chin", (0, 12), [468, 473, 61, 291, 1, 10, 105, 334]),
        ("jaw_left", (-10, 0), [468, 473, 291, 1, 10, 397, 334, 454]),
        ("brow_right", (0, -10), [468, 61, 291, 1, 152, 105, 172]),
        ("nose", (8, 0), [61, 291, 152, 10, 105, 334, 172, 397]),
    ],
)
def test_an_extra_point_moves_its_surroundings_alone(name, shift, still):
    points = without_lips({key: PORTRAIT_POINTS[key] for key in SIX})
    before = landmarks_from_points(points)
    place = tuple(before.mesh[INDEX[name], :2] + shift)

    after = landmarks_from_points(points | {name: place})

    change, size = distances(after, before), math.hypot(*shift) / EYE_DISTANCE
    near = np.argsort(np.hypot(*(before.mesh[:468, :2] - before.mesh[INDEX[name], :2]).T))[1:4]
    assert change[INDEX[name]] == pytest.approx(size)
    assert change[near].min() > 0.5 * size
    assert change[still].max() < 0.12 * size


def test_moving_a_lip_leaves_the_rest_of_the_face():
    before = landmarks_from_points(FRONT)

    after = landmarks_from_points(moved(FRONT, lower_lip=(0, 12)))

    others = np.setdiff1d(np.arange(478), [*LIPS, *mouth_points()])
    moved_by = np.abs(after.mesh - before.mesh)[:, 1]
    assert moved_by[17] == pytest.approx(12, abs=4)  # lower edge of the lower lip
    assert moved_by[0] == pytest.approx(0, abs=1e-9)  # upper edge of the upper lip
    assert moved_by[others].max() == pytest.approx(0, abs=1e-9)


def mouth_points():
    """The mesh's points around the lips' rings."""
    return [
        *(76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304),
        *(408, 62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271),
        *(272, 407, 78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312),
        *(311, 310, 415),
    ]


def test_a_wider_mouth_has_larger_lips():
    points = without_lips(FRONT)
    before = landmarks_from_points(points)

    after = landmarks_from_points(moved(points, left_mouth=(-6, 0), right_mouth=(6, 0)))

    wider = np.ptp(after.mesh[LIPS, 0]) / np.ptp(before.mesh[LIPS, 0])
    higher = np.ptp(after.mesh[LIPS, 1]) / np.ptp(before.mesh[LIPS, 1])
    assert wider == pytest.approx(52 / 40, rel=0.02)
    assert higher == pytest.approx(52 / 40, rel=0.02)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (moved(FRONT, left_eye=(60, 0), right_eye=(-60, 0)), "left eye first.*swap"),
        (moved(FRONT, left_eye=(0, 100), right_eye=(0, 100)), r"below the eyes, got it 0\.58"),
        (moved(FRONT, left_mouth=(40, 0), right_mouth=(-40, 0)), r"right mouth corner.*got -0\.67"),
        (moved(FRONT, left_mouth=(18, 0), right_mouth=(-18, 0)), r"0\.2 to 2 .*got 0\.07"),
        (moved(FRONT, upper_lip=(0, 6), lower_lip=(0, -6)), r"upper lip above.*got -0\.10"),
        (moved(FRONT, lower_lip=(0, 100)), r"at most 1\.5 .*got 1\.77"),
        (moved(FRONT, left_eye=(28.5, 0), right_eye=(-28.5, 0)), r"4 pixels apart, got 3\.0"),
        (FRONT | {"right_eye": FRONT["left_eye"]}, r"apart, got 0\.0"),
        (FRONT | {"chin": (100, 60)}, r"chin within 1\.5 .*got 2\.\d"),
        (FRONT | {"nose": (0, -200)}, r"nose within 1\.5"),
        ({}, "left_eye.*got none"),
        ({"left_eye": (70, 80)}, "right_eye.*got left_eye"),
        (FRONT | {"ear": (60, 90)}, "optionally nose.*ear"),
        (without_lips(FRONT) | {"upper_lip": (100, 143)}, "lower_lip.*got.*upper_lip"),
        (FRONT | {"chin": (math.nan, 2)}, "finite"),
        (FRONT | {"left_eye": (math.inf, 2)}, "finite"),
    ],
)
def test_points_that_make_no_face_are_refused_with_what_was_seen(points, message):
    with pytest.raises(ValueError, match=message):
        landmarks_from_points(points)


def test_the_mean_face_has_its_eyes_half_a_unit_from_the_origin():
    mesh = mean_mesh()

    assert mesh[468, :2] == pytest.approx((-0.5, 0), abs=1e-3)
    assert mesh[473, :2] == pytest.approx((0.5, 0), abs=1e-3)
    assert mesh[152, 1] > mesh[61, 1] > mesh[1, 1] > 0 > mesh[10, 1]


def test_the_mean_face_cannot_be_changed_by_its_users():
    mean_mesh()[:] = 0

    assert mean_mesh()[468, 0] == pytest.approx(-0.5, abs=1e-3)


def test_a_box_is_a_face_from_brows_to_chin():
    landmarks = landmarks_in_box((200, 100, 120, 150))

    assert landmarks.mesh[[63, 105, 66, 296, 334, 293], 1].min() == pytest.approx(100, abs=5)
    assert landmarks.mesh[152, 1] == pytest.approx(250, abs=5)
    assert landmarks.eyes[0] == pytest.approx(260, abs=2)
    assert landmarks.confidence < LOW_CONFIDENCE


def test_found_points_given_again_are_the_same_face(image, found):
    points = named_points(found)

    again = landmarks_from_points(points, image)

    assert distances(again, found).max() < 0.05


@pytest.mark.parametrize("side", [608, 480, 300, 150])
def test_found_points_of_closed_lips_may_be_given_as_text(side):
    with Image.open(SECOND_PORTRAIT) as picture:
        image = as_tensor(picture.convert("RGB").resize((side, side)))
    (found,) = find_faces(image)

    text = format_points(named_points(found))

    again = landmarks_from_points(parse_points(text), image)
    assert distances(again, found)[:6].max() < 0.05


def test_points_found_on_an_upside_down_face_may_be_given(image):
    turned = torch.rot90(image, 2).contiguous()
    (found,) = find_faces(turned)

    again = landmarks_from_points(named_points(found), turned)

    assert distances(again, found).max() < 0.05
