"""The golden picture, repeated as a clip, against the same picture as a still one."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from moda_core.clip.clip_portrait import portrait_of_track, seen_motion
from moda_core.clip.play_clip import played_frames
from moda_core.face.face_track import FaceTrack, StoredMeshes
from moda_core.face.given_points import mean_mesh
from moda_core.face.square import Square
from moda_core.motion.motion import Motion, previous_motion, released_stats
from moda_core.video.image_sequence import ImageSequence
from tests.parity.e2e_cases import portrait_renderer, whole_motion
from tests.parity.synthetic_weights import image

GOLDEN = Path(__file__).parent / "golden"
NUM_FRAMES = 2
FACE = 52.0  # eye distance in pixels of the picture, which has 256
MOTION_TOLERANCE, PICTURE_TOLERANCE = 2e-5, 2


@pytest.fixture(scope="module")
def case():
    return json.loads((GOLDEN / "cases.json").read_text("utf-8"))["e2e.npz"]


@pytest.fixture(scope="module")
def renderer(case):
    return portrait_renderer(case["salt"])


@pytest.fixture(scope="module")
def portrait(case, renderer):
    """The golden picture as a clip, with a mean face in it that stands still."""
    picture = torch.from_numpy(image(case["image_seed"], 256, 256))
    meshes, times = StoredMeshes(), np.arange(NUM_FRAMES) / 25
    for _ in times:
        meshes.append(mean_mesh() * FACE + (128, 112, 0))
    squares = (Square(128.0, 128.0, 120.0),) * NUM_FRAMES
    track = FaceTrack(times, meshes, np.ones(NUM_FRAMES), (), squares)
    clip = ImageSequence(lambda index: picture, NUM_FRAMES, Fraction(25))
    return portrait_of_track(renderer, clip, track, region="whole face")


def test_the_motion_seen_is_that_of_the_still_picture(portrait):
    info, stats = portrait.prepared.face.info, released_stats()
    still = stats.denormalize(previous_motion(info, stats)[0])[0]

    seen = seen_motion(portrait)

    assert seen.values == pytest.approx(still.expand(NUM_FRAMES, -1).numpy(), abs=MOTION_TOLERANCE)
    assert seen.rest == pytest.approx(info["exp"].flatten().numpy(), abs=MOTION_TOLERANCE)


def test_frames_are_those_of_the_still_picture(case, renderer, portrait):
    _, motion = whole_motion(case, portrait.prepared.face.info)
    motion = Motion(motion.values[:NUM_FRAMES], motion.rest)

    still = torch.cat(list(renderer.frames(replace(portrait, clip=None), motion, 1)))
    frames = torch.cat(list(played_frames(renderer, portrait, motion, 1)))

    assert (frames.int() - still.int()).abs().max() <= PICTURE_TOLERANCE
    assert not torch.equal(frames[0], frames[1])


def test_the_lower_face_alone_is_replaced(case, renderer, portrait):
    _, motion = whole_motion(case, portrait.prepared.face.info)
    lower = replace(portrait, clip=replace(portrait.clip, region="lower face"))

    [frame] = played_frames(renderer, lower, Motion(motion.values[:1], motion.rest), 1)

    changed = (frame[0] != portrait.image).any(dim=-1)
    assert changed[150:170, 110:146].any()
    assert not changed[:130].any()
