"""One face followed through clips: moving, crossing another one, hidden, cut, gone."""

import math
import weakref
from functools import cache

import numpy as np
import pytest
import torch
from PIL import ImageDraw

from moda_core.errors import FaceNotFoundError
from moda_core.face.face_track import BLOCK, StoredMeshes
from moda_core.face.find_faces import find_faces
from moda_core.face.follow_face import AHEAD, FaceFollower, follow_face
from moda_core.face.head_square import head_square
from tests.faces import EYE_DISTANCE, FACE_WIDTH, PORTRAIT_POINTS, as_tensor, portrait_picture
from tests.moving_faces import MIDDLE, empty_scene, grainy, head_cutout, place_head

FPS = 25
SIZE = (320, 180)
EYES_AND_MOUTH = [468, 473, 61, 291]
PLACES = np.array(list(PORTRAIT_POINTS.values()))[:4] - MIDDLE
FIRST_BOX = (115.0, 45.0, 90.0, 90.0)  # around the face of `crossing` that stays


@cache
def head(mirrored=False, light=1.0):
    return head_cutout(mirrored, light)


@cache
def scene(seed=0):
    return empty_scene(SIZE, seed)


def with_face(place, width=80.0, degrees=0.0, seed=0):
    return place_head(scene(seed), head(), place, width, degrees)


def follow(pictures, grain=2.0, **choice):
    frames = ((k / FPS, grainy(picture, grain, k)) for k, picture in enumerate(pictures))
    return follow_face(frames, **choice)


def lost(track):
    return np.flatnonzero(track.is_lost).tolist()


def errors(track, places):
    """Return the largest error of eyes and mouth in each found frame, in eye distances.

    `places` has x and y, the width of the face, and its rotation in degrees, for each frame.
    """
    found = {}
    for k, (x, y, width, degrees) in enumerate(places):
        face = track.landmarks(k)
        if face is not None:
            scale, angle = width / FACE_WIDTH, math.radians(degrees)
            turn = np.array(
                [(math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))]
            )
            expected = scale * PLACES @ turn + (x, y)
            distances = np.hypot(*(face.mesh[EYES_AND_MOUTH, :2] - expected).T)
            found[k] = distances.max() / (scale * EYE_DISTANCE)
    return found


@cache
def crossing(in_front, width=80.0):
    """A face that stays, and another that passes: behind it, or in front."""
    pictures = []
    for k in range(24):
        stays = (head(), (160, 90), 80.0, 0.0)
        passes = (head(True, 0.8), (14 * k - 6, 94), width, 0.0)
        picture = scene()
        for each in (stays, passes) if in_front else (passes, stays):
            picture = place_head(picture, *each)
        pictures.append(picture)
    return pictures


def test_a_face_is_followed_while_it_moves_grows_and_turns():
    places = [(100 + 6 * k, 100 - 2 * k, 60 + 2 * k, 6 * k - 30) for k in range(15)]

    track = follow(with_face((x, y), width, degrees) for x, y, width, degrees in places)

    assert lost(track) == []
    assert track.restarts == ()
    assert max(errors(track, places).values()) < 0.1
    assert track.confidence.min() > 0.9
    assert track.times == pytest.approx(np.arange(15) / FPS)


def test_a_still_head_has_a_still_square():
    track = follow([with_face((160, 90))] * 20, grain=4)

    squares = np.array([(s.x, s.y, s.side, s.side * s.angle) for s in track.squares])
    in_crop = squares * 512 / (2 * squares[0, 2])  # pixels of a crop twice as large as the head
    assert np.diff(in_crop, axis=0).std(0).max() < 0.3
    assert in_crop.std(0).max() < 0.5


def test_a_face_that_pans_is_followed_without_lag():
    still = follow([with_face((160, 90))] * 4, grain=0).squares[0]

    track = follow(with_face((80 + 4 * k, 90)) for k in range(24))  # 100 pixels a second

    lags = [square.x - still.x - (4 * k - 80) for k, square in enumerate(track.squares)]
    assert np.abs(lags).max() < 1


@pytest.mark.parametrize("width", [80.0, 100.0])
def test_a_face_is_not_taken_for_one_that_passes_in_front(width):
    track = follow(crossing(True, width), box=FIRST_BOX)

    found = errors(track, [(160, 90, 80, 0)] * 24)
    sure = [found[k] for k in found if track.confidence[k] > 0.7]
    assert 4 <= len(lost(track)) <= 13
    assert max(sure) < 0.15
    assert {0, 1, 2, 21, 22, 23} <= found.keys()
    assert np.ptp([square.x for square in track.squares]) < 10


def test_a_face_in_front_of_one_that_passes_is_never_lost():
    track = follow(crossing(False), box=FIRST_BOX)

    assert lost(track) == []
    assert max(errors(track, [(160, 90, 80, 0)] * 24).values()) < 0.1


@pytest.mark.parametrize("in_front", [True, False])
def test_a_face_that_passes_another_is_followed_beyond_it(in_front):
    pictures = crossing(in_front)[3:22]
    places = [14 * k + 36 for k in range(19)]

    track = follow(pictures, order="left to right")

    centers = np.array([square.x for square in track.squares])
    assert (len(lost(track)) == 0) == in_front
    assert not track.is_lost[-4:].any()
    assert np.abs(centers - places)[-4:].max() < 12
    assert track.restarts == ()


def test_a_cut_starts_the_track_anew():
    before, after = [with_face((110, 80))] * 8, [with_face((220, 100), 90, 8, seed=5)] * 8

    track = follow(before + after)

    assert lost(track) == []
    assert track.restarts == (8,)
    assert np.abs(np.diff([square.x for square in track.squares[:8]])).max() < 0.5
    assert track.squares[8].x - track.squares[7].x == pytest.approx(110, abs=8)


def test_a_shot_without_a_face_is_lost_until_the_next_one():
    pictures = [with_face((110, 80))] * 5 + [scene(5)] * 5 + [with_face((200, 90), seed=1)] * 5

    track = follow(pictures)

    assert lost(track) == [5, 6, 7, 8, 9]
    assert track.restarts == (10,)
    assert track.squares[5:10] == (track.squares[4],) * 5
    assert track.confidence[5:10].tolist() == [0] * 5


def test_a_face_that_jumps_is_followed_from_there_on():
    track = follow([with_face((120, 90))] * 6 + [with_face((195, 90))] * 6)

    assert lost(track) == []
    assert track.restarts == (6,)


def test_a_face_that_is_covered_for_a_moment_goes_on():
    pictures = [with_face((160, 90)) for _ in range(16)]
    for picture in pictures[5:9]:
        ImageDraw.Draw(picture).rectangle((120, 50, 200, 150), fill=(150, 110, 90))

    track = follow(pictures)

    assert lost(track) == [5, 6, 7, 8]
    assert track.restarts == ()
    assert np.ptp([square.x for square in track.squares]) < 1


def test_a_face_that_leaves_is_lost_and_held():
    track = follow(with_face((160 + 18 * k, 90)) for k in range(20))

    assert track.is_lost[12:].all()
    assert not track.is_lost[:6].any()
    first = lost(track)[0]
    assert set(track.squares[first:]) == {track.squares[first - 1]}


def test_a_face_is_found_again_where_it_comes_back():
    places = [160 + 20 * k for k in range(11)] + [-40 + 12 * k for k in range(17)]

    track = follow(with_face((x, 90)) for x in places)

    assert not track.is_lost[-3:].any()
    assert len(track.restarts) == 1
    assert track.squares[-1].x == pytest.approx(places[-1], abs=8)


def test_frames_before_the_first_face_are_lost():
    track = follow([scene()] * 4 + [with_face((160, 90))] * 4)

    assert lost(track) == [0, 1, 2, 3]
    assert track.restarts == ()
    assert track.squares[0] == track.squares[4]
    assert track.landmarks(0) is None


@pytest.mark.parametrize(
    ("choice", "x"),
    [
        ({}, 230),
        ({"index": 1}, 90),
        ({"order": "left to right"}, 90),
        ({"order": "left to right", "index": 1}, 230),
        ({"box": (60.0, 60.0, 60.0, 60.0)}, 90),
        ({"mask": "left"}, 90),
    ],
)
def test_the_face_is_chosen_on_the_first_frame(choice, x):
    picture = place_head(with_face((90, 90), 60), head(True), (230, 90), 80)
    if "mask" in choice:
        choice = {"mask": torch.zeros(SIZE[::-1])}
        choice["mask"][:, :150] = 1

    track = follow([picture] * 2, **choice)

    assert track.squares[0].x == pytest.approx(x, abs=8)


def test_a_face_that_is_not_in_the_first_frame_is_refused():
    with pytest.raises(FaceNotFoundError, match="1"):
        follow([with_face((160, 90))], index=1)


def test_a_clip_without_a_face_is_refused():
    with pytest.raises(FaceNotFoundError, match="3 frames"):
        follow([scene()] * 3)


def test_a_clip_without_frames_is_refused():
    with pytest.raises(ValueError, match="none"):
        follow([])


def test_no_frame_is_kept():
    alive, kept = [], []

    def frames():
        for k in range(4 * (2 + AHEAD)):
            image = grainy(with_face((160, 90)), 2, k)
            alive.append(weakref.ref(image))
            kept.append(sum(each() is not None for each in alive))
            yield k / FPS, image
            del image

    follow_face(frames())

    assert max(kept) <= 2 + AHEAD


def test_frames_that_are_looked_at_together_show_what_each_shows_alone():
    places = [(150, 90)] * 4 + [(150 + 4 * k, 90) for k in range(5)] + [(170, 90)] * 4
    pictures = [grainy(with_face(place), 2, k) for k, place in enumerate(places)]
    alone = FaceFollower()

    track = follow_face((k / FPS, picture) for k, picture in enumerate(pictures))

    for k, picture in enumerate(pictures):
        sighting = alone(k / FPS, picture)
        assert np.abs(track.landmarks(k).mesh - sighting.mesh).max() < 0.01


def test_stored_meshes_are_exact_and_lost_ones_none():
    mesh = find_faces(as_tensor(portrait_picture()))[0].mesh
    meshes = [None if k % 5 == 3 else mesh * (1 + k / 100) + k for k in range(BLOCK + 9)]
    stored = StoredMeshes()

    for each in meshes:
        stored.append(each)

    assert len(stored) == BLOCK + 9
    for back, each in zip(stored, meshes, strict=True):
        assert (back is None) == (each is None)
        assert each is None or np.abs(back - each).max() < 1e-4 * np.ptp(each, axis=0).max()


def test_landmarks_are_those_of_the_picture():
    picture = with_face((160, 90))

    track = follow([picture] * 2, grain=0)

    expected = find_faces(as_tensor(picture))[0]
    assert np.abs(track.landmarks(0).mesh - expected.mesh).max() < 0.01
    assert track.landmarks(0).confidence == pytest.approx(expected.confidence)
    assert track.squares[0].x == pytest.approx(head_square(expected.mesh).x, abs=0.5)
