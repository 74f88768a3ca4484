"""A short clip of the bundled portrait's head, which moves to the right, and its portrait."""

from dataclasses import replace
from fractions import Fraction

import pytest

from moda_core.clip.clip_portrait import clip_portrait
from moda_core.video.image_sequence import ImageSequence
from moda_core.warp.warp_renderer import WarpRenderer
from tests.moving_faces import empty_scene, grainy, head_cutout, place_head

NUM_FRAMES, STEP = 8, 3.0  # pixels a frame


@pytest.fixture(scope="session")
def pictures():
    scene, head = empty_scene((320, 240)), head_cutout()
    places = [(120 + STEP * index, 120) for index in range(NUM_FRAMES)]
    return [grainy(place_head(scene, head, place, 100.0)) for place in places]


@pytest.fixture(scope="session")
def clip(pictures):
    return ImageSequence(pictures.__getitem__, len(pictures), Fraction(25))


@pytest.fixture(scope="session")
def renderer():
    return WarpRenderer()


@pytest.fixture(scope="session")
def portrait(renderer, clip):
    return clip_portrait(renderer, clip)


@pytest.fixture(scope="session")
def whole(portrait):
    """The same, of which the whole face is replaced."""
    return replace(portrait, clip=replace(portrait.clip, region="whole face"))
