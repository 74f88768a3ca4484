"""Cuts are told from pans, shakes and flashes."""

import numpy as np
import pytest
import torch

from moda_core.face.cuts import CutDetector
from tests.moving_faces import empty_scene, grainy, head_cutout, place_head

SIZE = (240, 136)


def shot(seed, place, width=50):
    scene = place_head(empty_scene(SIZE, seed), head_cutout(), place, width)
    return grainy(scene, 3, seed)


def cuts_in(frames):
    is_cut = CutDetector()
    return [index for index, frame in enumerate(frames) if is_cut(frame)]


def test_each_cut_is_told():
    places = [(100 + 2 * index, 70) for index in range(12)]
    seeds = [0] * 4 + [1] * 1 + [2] * 4 + [0] * 3

    frames = [shot(seed, place) for seed, place in zip(seeds, places, strict=True)]

    assert cuts_in(frames) == [4, 5, 9]


@pytest.mark.parametrize("step", [6, 30])
def test_a_pan_is_not_a_cut(step):
    wide = np.asarray(empty_scene((1400, 136), 3))

    frames = [
        torch.from_numpy(wide[:, start : start + 240].copy()) for start in range(0, 1000, step)
    ]

    assert cuts_in(frames) == []


def test_a_head_that_moves_fast_is_not_a_cut():
    assert cuts_in([shot(0, (40 + 16 * index, 70), 70) for index in range(10)]) == []


def test_flashes_and_fades_are_not_cuts():
    light = [1, 1, 0.2, 1, 0.9, 0.7, 0.5, 0.3, 0.1, 0.3, 0.6]
    picture = shot(0, (120, 70)).float()

    frames = [(255 - factor * (255 - picture)).round().to(torch.uint8) for factor in light]

    assert cuts_in(frames) == []


def test_blank_frames_have_no_cut_among_them():
    assert cuts_in([torch.full((20, 30, 3), level, dtype=torch.uint8) for level in (0, 9)]) == []
