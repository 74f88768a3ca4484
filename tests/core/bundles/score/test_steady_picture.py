"""Flicker outside the face, and identity over time."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.bundles.score.steady_picture import outside_faces, see_steadiness
from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.face.follow_face import follow_face
from moda_core.face.square import Square
from moda_core.video.image_sequence import ImageSequence

SIDE = 320


def portrait_picture(path):
    picture = Image.open(path).convert("RGB").resize((SIDE // 2, SIDE // 2))
    canvas = Image.new("RGB", (SIDE, SIDE), (120, 120, 120))
    canvas.paste(picture, (SIDE // 4, SIDE // 4))
    return torch.from_numpy(np.array(canvas))


@pytest.fixture(scope="module")
def still():
    return [portrait_picture(PORTRAIT)] * 4


@pytest.fixture(scope="module")
def track(still):
    return follow_face(sequence(still).frames())


def sequence(pictures):
    return ImageSequence(pictures.__getitem__, len(pictures), Fraction(25))


def test_a_still_picture_is_steady(still, track):
    seen = see_steadiness(sequence(still), track, 0)

    assert seen.flicker == pytest.approx([1, 1, 1])
    assert seen.identity == pytest.approx([1] * 4, abs=5e-3)  # the mesh settles


def test_flicker_is_the_mean_change_outside_the_face_over_the_range(still, track):
    pictures = [picture.clone() for picture in still]
    pictures[2] += 10
    pictures[3][120:200, 120:200] = 0  # only the face

    seen = see_steadiness(sequence(pictures), track, 0)

    assert seen.flicker[0] == 1
    assert seen.flicker[1] == pytest.approx(1 - 10 / 255, abs=2e-3)  # the grey border grows by 10
    assert seen.mean_flicker == pytest.approx(seen.flicker.mean())


def test_a_cut_is_no_flicker(still, track):
    pictures = [*still[:2], *(255 - picture for picture in still[2:])]

    seen = see_steadiness(sequence(pictures), replace(track, restarts=(2,)), 0)

    assert np.isnan(seen.flicker[1])
    assert seen.mean_flicker == 1


def test_another_face_is_less_alike(still, track):
    pictures = [*still[:2], *[portrait_picture(SECOND_PORTRAIT)] * 2]
    changed = follow_face(sequence(pictures).frames())

    seen = see_steadiness(sequence(pictures), changed, 0)

    assert seen.identity[1] > 0.99
    assert seen.identity[2:].max() < 0.8


def test_brightness_and_contrast_do_not_change_who_it_is(still, track):
    dark = [picture // 2 for picture in still]

    seen = see_steadiness(sequence([still[0], *dark[1:]]), track, 0)

    assert seen.identity.min() > 0.99


def test_the_mouth_does_not_count_for_identity(still, track):
    painted = [picture.clone() for picture in still]
    mouth = track.landmarks(1).mesh[[13, 14], :2].mean(axis=0).astype(int)
    for picture in painted[1:]:
        picture[mouth[1] - 3 : mouth[1] + 4, mouth[0] - 8 : mouth[0] + 9] = 0

    seen = see_steadiness(sequence(painted), track, 0)

    assert seen.identity.min() > 0.99


def test_a_lost_face_has_no_identity(still, track):
    confidence = track.confidence.copy()
    confidence[1] = 0

    seen = see_steadiness(sequence(still), replace(track, confidence=confidence), 0)

    assert np.isnan(seen.identity).tolist() == [False, True, False, False]
    assert seen.mean_identity == pytest.approx(1, abs=5e-3)


def test_a_face_that_fills_the_picture_leaves_nothing_outside(still, track):
    outside, _ = outside_faces((100, 80), (Square(50, 40, 90),))
    seen = see_steadiness(
        sequence(still), replace(track, squares=(Square(SIDE / 2, SIDE / 2, SIDE),) * 4), 0
    )

    assert not outside.any()
    assert seen.mean_flicker is None


def test_outside_is_outside_in_all_frames_and_counts_every_few_pixels():
    outside, step = outside_faces((960, 480), (Square(240, 240, 80), Square(720, 240, 80)))

    assert step == 3
    assert outside.shape == (160, 320)
    assert not outside[80, 80]
    assert not outside[80, 240]
    assert outside[80, 160]
    assert outside.mean() == pytest.approx(1 - 2 * 120**2 / (960 * 480), abs=0.01)
