"""Two people who speak in a clip: each face is its own frame's, and all else is the clip."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from moda_core.bundles.scene.cast import Cast, Speaker
from moda_core.bundles.scene.render_scene import scene_frames
from moda_core.clip.clip_portrait import clip_portrait
from moda_core.portrait.find_face import FaceChoice
from moda_core.video.image_sequence import ImageSequence
from moda_core.warp.warp_renderer import WarpRenderer
from tests.two_people import NAMES, talking, two_people

NUM_FRAMES, STEP = 6, 2  # pixels a frame, downwards


@pytest.fixture(scope="module")
def renderer():
    return WarpRenderer()


@pytest.fixture(scope="module")
def pictures():
    image = two_people()[0]
    return [image.roll(STEP * index, dims=0) for index in range(NUM_FRAMES)]


@pytest.fixture(scope="module")
def portraits(renderer, pictures):
    clip = ImageSequence(pictures.__getitem__, len(pictures), Fraction(25))
    choices = [FaceChoice(index=index, order="left to right") for index in (0, 1)]
    return [clip_portrait(renderer, clip, choice) for choice in choices]


def rendered(renderer, portraits, motions):
    people = zip(NAMES, portraits, motions, strict=True)
    cast = Cast(tuple(Speaker(*person) for person in people))
    return torch.cat(list(scene_frames(renderer, cast, 25, NUM_FRAMES)))


def changed_columns(frames, pictures):
    """Return which columns differ from the clip in any frame."""
    return (frames != torch.stack(pictures)).any(dim=3).any(dim=1).any(dim=0).numpy()


def test_both_faces_speak_and_all_else_is_the_clip(renderer, portraits, pictures):
    frames = rendered(renderer, portraits, (talking(NUM_FRAMES), talking(NUM_FRAMES)))

    columns = np.flatnonzero(changed_columns(frames, pictures))
    boxes = [portrait.landmarks.box for portrait in portraits]
    near = [(columns > box[0] - 60) & (columns < box[2] + 60) for box in boxes]
    assert (near[0] | near[1]).all()
    assert near[0].sum() > 50
    assert near[1].sum() > 50
    for portrait in portraits:
        x, y = portrait.clip.landmarks(0).mouth.round().astype(int)
        lips = slice(y, y + 15), x
        assert (frames[0][lips].float() - pictures[0][lips].float()).abs().max() > 20


def test_a_bystander_stays_as_in_the_clip(renderer, portraits, pictures):
    frames = rendered(renderer, portraits, (talking(NUM_FRAMES), None))

    columns = np.flatnonzero(changed_columns(frames, pictures))
    assert len(columns)
    assert columns.max() < portraits[1].landmarks.box[0]


def test_a_face_of_a_picture_does_not_belong_into_the_clip(renderer, portraits):
    image, faces = two_people()

    with pytest.raises(ValueError, match="different pictures"):
        Cast((Speaker("Anna", portraits[0]), Speaker("Ben", renderer.portrait(image, faces[1]))))
