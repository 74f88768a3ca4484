"""All faces of a picture, against MediaPipe's points of the bundled portrait."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from moda_core.face import find_faces as module
from moda_core.face.confidence import LOW_CONFIDENCE
from moda_core.face.detect import Candidate
from moda_core.face.find_faces import (
    LEAST_LOGIT,
    SURE_LOGIT,
    face_in_square,
    find_faces,
    meshes_in_square,
    square_around,
)
from moda_core.face.landmarks import FaceLandmarks
from moda_core.face.square import Square
from tests.faces import (
    EYE_DISTANCE,
    FACE_WIDTH,
    PORTRAIT_POINTS,
    as_tensor,
    on_screen,
    portrait_picture,
)

PLACES = np.array(list(PORTRAIT_POINTS.values()))
MIRRORED = [1, 0, 3, 2, 4, 5, 6, 7, 9, 8, 11, 10]  # left and right swapped
# Points of the mesh in the order of `PORTRAIT_POINTS`, from MediaPipe's chart of its mesh.
INDICES = [468, 473, 61, 291, 13, 14, 1, 152, 105, 334, 172, 397]
SIDE = 608  # of the portrait


@pytest.fixture(scope="module")
def portrait():
    return portrait_picture()


@pytest.fixture(scope="module")
def found(portrait):
    return find_faces(as_tensor(portrait))


def assert_face(face, places, share, scale=1.0):
    """Assert that all twelve points are within a share of the eye distance."""
    distances = np.hypot(*(face.mesh[INDICES, :2] - places).T)
    assert distances.max() < share * EYE_DISTANCE * scale


def candidate(width, place):
    """What a detector returns for the face of `on_screen`."""
    places = PLACES * width / FACE_WIDTH + place
    center, side = places.mean(axis=0), 1.6 * np.ptp(places, axis=0).max()
    box = np.concatenate([center - side / 3, center + side / 3])
    return Candidate(box, Square(*center.tolist(), side), 0.9)


def turned(places, degrees):
    """Rotate places clockwise around the middle of the portrait."""
    angle = math.radians(degrees)
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return (places - SIDE / 2) @ rotation + SIDE / 2


def smiley(face=(250, 210, 60), background=(255, 255, 255)):
    picture = Image.new("RGB", (400, 400), background)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 60, 340, 340), fill=face, outline=(0, 0, 0), width=5)
    for x in (150, 250):
        draw.ellipse((x - 18, 150, x + 18, 195), fill=(20, 20, 20))
    draw.arc((120, 150, 280, 290), 20, 160, fill=(20, 20, 20), width=8)
    return picture


def noise():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def test_the_portrait_has_one_face_where_mediapipe_has_it(found):
    assert len(found) == 1
    assert_face(found[0], PLACES, 0.05)
    assert found[0].eye_distance == pytest.approx(EYE_DISTANCE, rel=0.02)
    assert found[0].confidence > 0.9


def test_a_mirrored_face_has_mirrored_points(portrait):
    faces = find_faces(as_tensor(portrait).flip(1))

    assert len(faces) == 1
    assert_face(faces[0], (PLACES * (-1, 1) + (SIDE, 0))[MIRRORED], 0.08)


@pytest.mark.parametrize("degrees", [-90, 20, 45, 90, 135, 180])
def test_a_rotated_face_has_rotated_points(portrait, degrees):
    picture = portrait.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))

    faces = find_faces(as_tensor(picture))

    assert len(faces) == 1
    assert_face(faces[0], turned(PLACES, degrees), 0.06)


@pytest.mark.parametrize("width", [80, 40, 32])
@pytest.mark.parametrize("place", [(40, 30), (1000, 400)])
def test_a_small_face_in_a_large_picture_is_found(width, place):
    scale = round(width / FACE_WIDTH * SIDE) / SIDE

    faces = find_faces(as_tensor(on_screen(width, place)))

    assert len(faces) == 1
    assert_face(faces[0], PLACES * scale + place, 0.1, scale)


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
@pytest.mark.parametrize("place", [(700, 300), (900, 200)])
def test_a_small_face_that_is_upside_down_in_a_large_picture_is_found(size, place):
    picture = on_screen(90, place, size).transpose(Image.Transpose.ROTATE_180)
    scale = round(90 / FACE_WIDTH * SIDE) / SIDE

    faces = find_faces(as_tensor(picture))

    assert len(faces) == 1
    assert_face(faces[0], size - (PLACES * scale + place), 0.1, scale)


@pytest.mark.parametrize("change", [0.15, 0.4])
def test_a_dark_face_is_found(portrait, change):
    dark = portrait.point(lambda level: level * change)

    faces = find_faces(as_tensor(dark))

    assert_face(faces[0], PLACES, 0.08)


@pytest.mark.parametrize("dark_side", [-1, 1])
def test_a_face_lit_from_one_side_only_is_found(portrait, dark_side):
    eyes = PLACES[:2, 0]
    across = (np.arange(SIDE) - eyes.mean()) / np.ptp(eyes)
    light = 0.04 + 0.96 / (1 + np.exp(6 * dark_side * across))
    lit = Image.fromarray((np.asarray(portrait) * light[None, :, None]).astype(np.uint8))

    faces = find_faces(as_tensor(lit))

    distances = np.hypot(*(faces[0].points() - PLACES[:6]).T)
    assert distances.max() < 0.06 * EYE_DISTANCE


@pytest.mark.parametrize(("radius", "share"), [(3, 0.1), (5, 0.25)])
def test_a_blurred_face_is_found_and_nothing_around_it(portrait, radius, share):
    faces = find_faces(as_tensor(portrait.filter(ImageFilter.GaussianBlur(radius))))

    assert len(faces) == 1
    assert_face(faces[0], PLACES, share)


def test_a_face_cut_by_the_border_is_found(portrait):
    picture = as_tensor(portrait)[:, 265:].contiguous()  # through the left eye

    faces = find_faces(picture)

    assert_face(faces[0], PLACES - (265, 0), 0.15)


@pytest.mark.parametrize("small", [92, 40])
def test_every_face_of_a_picture_is_found_the_largest_first(portrait, small):
    picture = on_screen(small, (900, 300))
    picture.paste(portrait, (0, 0))
    scale = round(small / FACE_WIDTH * SIDE) / SIDE

    faces = find_faces(as_tensor(picture), every=True)

    assert len(faces) == 2
    assert_face(faces[0], PLACES, 0.05)
    assert_face(faces[1], PLACES * scale + (900, 300), 0.1, scale)


def test_the_first_face_is_the_same_whether_all_are_searched_or_not(portrait):
    picture = on_screen(40, (900, 300))
    picture.paste(portrait.resize((300, 300)), (0, 0))
    picture.paste(portrait.resize((330, 330)), (400, 300))
    image = as_tensor(picture)

    first, all_faces = find_faces(image)[0], find_faces(image, every=True)

    assert len(all_faces) == 3
    assert np.array_equal(first.mesh, all_faces[0].mesh)
    sizes = [face.size for face in all_faces]
    assert sizes == sorted(sizes, reverse=True)


def test_a_larger_face_of_a_later_pass_comes_after_those_of_the_first(portrait, monkeypatch):
    picture = on_screen(40, (900, 300))
    picture.paste(portrait, (0, 0))
    small, large = (candidate(on, at) for on, at in ((40, (900, 300)), (FACE_WIDTH, (0, 0))))
    passes = iter([[], [], [small], [large]])  # short and full range, then tiles
    monkeypatch.setattr(module, "detect", lambda *_: next(passes, []))
    all_faces = find_faces(as_tensor(picture), every=True)
    passes = iter([[], [], [small]])

    faces = find_faces(as_tensor(picture))

    assert [len(faces), len(all_faces)] == [1, 2]
    assert np.array_equal(faces[0].mesh, all_faces[0].mesh)


def test_a_surer_view_in_a_later_pass_does_not_replace_the_first_face(portrait, monkeypatch):
    large, small = find_faces(as_tensor(portrait))[0], candidate(40, (900, 300))
    moved = replace(large, mesh=large.mesh + 3.0)
    aside = replace(large, mesh=large.mesh * 0.1 + (900.0, 0.0, 0.0))
    seen = {1.0: (large, 9.0), 2.0: (aside, 20.0), 3.0: (moved, 25.0)}  # by the square's side
    passes = iter([[replace(small, square=Square(0.0, 0.0, side))] for side in (1.0, 2.0, 3.0)])
    monkeypatch.setattr(module, "detect", lambda *_: next(passes, []))
    monkeypatch.setattr(module, "_look", lambda image, square: seen[square.side])

    faces = find_faces(as_tensor(on_screen(40, (900, 300))), every=True)

    assert faces == [large, aside]


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (400, 300), (128, 128, 128)),
        Image.linear_gradient("L").convert("RGB"),
        noise(),
        noise().resize((1200, 1200), Image.Resampling.BICUBIC),
        smiley(),
        smiley(face=(235, 190, 160), background=(40, 90, 140)),
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (900, 2)),
    ],
    ids=["grey", "gradient", "noise", "clouds", "smiley", "skin smiley", "one pixel", "strip"],
)
@pytest.mark.parametrize("every", [False, True])
def test_a_picture_without_a_face_has_none(picture, every):
    assert find_faces(as_tensor(picture), every) == []


def test_what_lies_beside_the_face_is_no_face(portrait):
    picture = portrait.copy()
    left, top, right, bottom = (*(PLACES.min(axis=0) - 90), *(PLACES.max(axis=0) + 60))
    ImageDraw.Draw(picture).rectangle((left, top, right, bottom), fill=(120, 110, 105))

    assert all(face.confidence < LOW_CONFIDENCE for face in find_faces(as_tensor(picture), True))


def test_a_face_is_found_in_a_square_around_it(portrait):
    square = Square(310.0, 250.0, 300.0, 0.1)

    face = face_in_square(as_tensor(portrait), square)

    assert_face(face, PLACES, 0.05)


def test_a_square_without_a_face_has_none(portrait):
    assert face_in_square(as_tensor(portrait), Square(90.0, 90.0, 120.0)) is None


@pytest.mark.parametrize(("shift", "degrees"), [((25, -15), 0), ((0, 0), 12), ((-10, 12), -12)])
def test_a_mesh_is_placed_where_the_face_moved(portrait, found, shift, degrees):
    picture = portrait.rotate(
        -degrees, Image.Resampling.BICUBIC, translate=shift, fillcolor=(128, 128, 128)
    )

    [(mesh, logit)] = meshes_in_square([as_tensor(picture)], square_around(found[0].mesh))

    assert_face(FaceLandmarks(mesh), turned(PLACES, degrees) + shift, 0.06)
    assert logit > SURE_LOGIT


def test_a_rough_mesh_lies_near_the_fine_one(portrait, found):
    square = square_around(found[0].mesh)

    [(mesh, _)] = meshes_in_square([as_tensor(portrait)], square, rough=True)

    distances = np.hypot(*(mesh - found[0].mesh[:468])[:, :2].T)
    assert mesh.shape == (468, 3)
    assert distances.max() < 0.15 * EYE_DISTANCE


def test_where_no_face_is_the_logit_is_low(found):
    grey = torch.full((SIDE, SIDE, 3), 128, dtype=torch.uint8)

    assert meshes_in_square([grey], square_around(found[0].mesh))[0][1] < LEAST_LOGIT


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0, 3.0])
def test_the_square_around_a_mesh_turns_and_grows_with_it(found, angle):
    cosine, sine = math.cos(angle), math.sin(angle)
    mesh, rotation = found[0].mesh, np.array([[cosine, sine], [-sine, cosine]])
    upright = square_around(mesh)
    moved = np.c_[2 * mesh[:, :2] @ rotation + (7, 9), 2 * mesh[:, 2]]

    square = square_around(moved)

    assert square.side == pytest.approx(2 * upright.side)
    assert math.remainder(square.angle - upright.angle - angle, math.tau) == pytest.approx(0)
    center = 2 * np.array([upright.x, upright.y]) @ rotation + (7, 9)
    assert (square.x, square.y) == pytest.approx(center)


def test_the_square_around_a_mesh_holds_it_with_a_margin(found):
    square = square_around(found[0].mesh, 1.5)

    across = np.array([math.cos(square.angle), math.sin(square.angle)])
    down = np.array([-across[1], across[0]])
    offsets = found[0].mesh[:, :2] - (square.x, square.y)
    reach = max(np.ptp(offsets @ across), np.ptp(offsets @ down))
    assert square.side == pytest.approx(1.5 * reach)
