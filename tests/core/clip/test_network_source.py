"""The released renderer on a clip, around networks that hardly compute."""

import pytest
import torch

from moda_core.clip.clip_frames import clip_frames
from moda_core.clip.clip_portrait import clip_portrait, seen_motion
from tests.bench.stand_ins import stand_in_renderer

from .test_play_clip import spoken


@pytest.fixture(scope="module")
def networks():
    return stand_in_renderer("cpu")


@pytest.fixture(scope="module", params=["lower face", "whole face"])
def portrait(request, networks, clip):
    return clip_portrait(networks, clip, region=request.param)


def test_frames_differ_from_the_clip_in_their_region_alone(networks, portrait, pictures):
    pairs = list(clip_frames(networks, portrait, spoken(0.7, 4), 3))

    frames, regions = (torch.cat(each) for each in zip(*pairs, strict=True))
    changed = (frames != torch.stack(pictures[:4])).any(dim=-1)
    assert changed.flatten(1).any(dim=1).all()
    assert (regions[changed] > 0).all()
    assert regions.max() == 1


def test_the_lower_face_lies_inside_of_the_whole_one(networks, clip):
    lower, whole = (
        next(clip_frames(networks, clip_portrait(networks, clip, region=region), spoken(0, 1), 1))
        for region in ("lower face", "whole face")
    )

    assert (whole[1] >= lower[1]).all()
    assert lower[1].sum() < 0.5 * whole[1].sum()


def test_crops_follow_the_face(networks, portrait):
    crops = portrait.clip.source.crops

    (frames, _), *_ = clip_frames(networks, portrait, spoken(0.0, 3), 3, as_crops=True)

    assert frames.shape == (3, 512, 512, 3)
    assert (crops[-1].center - crops[0].center)[0] == pytest.approx(21, abs=1.5)


def test_the_motion_seen_by_networks_has_the_clips_length_and_rate(portrait, pictures):
    motion = seen_motion(portrait)

    assert (len(motion), motion.fps) == (len(pictures), 25)
    assert motion.values.isfinite().all()
