"""Frames of clips with the region that is replaced in them, whole and as crops."""

import pytest
import torch

from moda_core.clip.clip_frames import clip_frames
from moda_core.face.find_faces import find_faces

from .test_play_clip import play, spoken


def collect(renderer, portrait, motion, **options):
    pairs = list(clip_frames(renderer, portrait, motion, 3, **options))
    return [torch.cat(each) for each in zip(*pairs, strict=True)]


@pytest.mark.parametrize("kind", ["portrait", "whole"])
def test_a_region_covers_what_differs_from_the_clip(renderer, pictures, kind, request):
    frames, regions = collect(renderer, request.getfixturevalue(kind), spoken(0.7, 4))

    changed = (frames != torch.stack(pictures[:4])).any(dim=-1)
    assert changed.any()
    assert (regions[changed] > 0).all()
    assert (regions.amax(dim=(1, 2)) == 1).all()


def test_the_region_of_the_lower_face_leaves_out_the_eyes(renderer, portrait):
    _, regions = collect(renderer, portrait, spoken(0.7, 4))

    for index, region in enumerate(regions):
        below = int(portrait.clip.landmarks(index).eyes[1] + 0.4 * portrait.landmarks.eye_distance)
        assert not region[:below].any()


def test_frames_are_those_that_are_played(renderer, portrait):
    motion = spoken(0.7, 8)

    frames, _ = collect(renderer, portrait, motion, start=3, stop=7)

    assert torch.equal(frames, play(renderer, portrait, motion)[3:7])


def test_crops_follow_the_face(renderer, portrait):
    frames, regions = collect(renderer, portrait, spoken(0.0, 8), as_crops=True)

    places = [find_faces(frame)[0].points().mean(axis=0) for frame in frames[::7]]
    assert frames.shape == (8, 512, 512, 3)
    assert regions.shape == (8, 512, 512)
    # Over 21 pixels of the clip the face would move by more than 30 pixels of a crop that stays.
    assert abs(places[1] - places[0]).max() < 3
