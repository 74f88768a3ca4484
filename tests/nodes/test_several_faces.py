"""Two people in one picture: each is chosen, and the other stays still."""

import numpy as np
import pytest
import torch

from .media import read_video
from .starter_graph import POINTS


@pytest.fixture
def pair(parts):
    """The example and its mirror image side by side."""
    return torch.cat([parts.image, parts.image.flip(2)], dim=2)


def points_of_the_right(width):
    """Return where the mirrored face is."""
    places = [tuple(map(int, place.split(","))) for place in POINTS.split()]
    mirrored = [(2 * width - 1 - x, y) for x, y in places]
    order = (1, 0, 3, 2)  # what was right is left now
    return " ".join(f"{x},{y}" for x, y in (mirrored[i] for i in order))


def extract(host, parts, image, **options):
    return host.call("MoDAExtractIdentity", renderer=parts.renderer, image=image, **options)[0]


def render(host, parts, portrait, **options):
    values = {"renderer": parts.renderer, "motion": parts.motion, "quality": "high"}
    (video,) = host.call("MoDARenderVideo", portrait=portrait, **{**values, **options})
    return video, read_video(video.get_stream_source()).frames.astype(float)


def test_faces_are_counted_from_the_left(host, parts, pair):
    eyes = []
    for index in (0, 1):
        portrait = extract(host, parts, pair, face_order="left to right", face_index=index)
        eyes.append(portrait.landmarks.left_eye[0])

    width = parts.image.shape[2]
    assert eyes[0] < width < eyes[1]


def test_a_mask_chooses_one(host, parts, pair):
    width = parts.image.shape[2]
    mask = torch.zeros(pair.shape[:3])
    mask[:, :, width:] = 1

    assert extract(host, parts, pair, mask=mask).landmarks.left_eye[0] > width


def test_a_face_that_is_not_there_is_refused_with_the_number_found(host, parts, pair):
    with pytest.raises(Exception, match=r"\b2\b"):
        extract(host, parts, pair, face_order="left to right", face_index=7)


def test_the_other_one_stays_still(host, parts, pair):
    width = parts.image.shape[2]
    portrait = extract(host, parts, pair, points=points_of_the_right(width))
    _, frames = render(host, parts, portrait)
    moved = np.abs(frames - (pair[0] * 255).numpy()).mean(axis=(0, 1, 3))

    assert moved[: width - 100].max() < 3
    assert moved[width:].max() > 3


def test_two_passes_move_both(host, parts, pair):
    width = parts.image.shape[2]
    left = extract(host, parts, pair, points=POINTS)
    right = extract(host, parts, pair, points=points_of_the_right(width))
    first, _ = render(host, parts, left)
    _, frames = render(host, parts, right, background=first)
    moved = np.abs(frames - (pair[0] * 255).numpy()).mean(axis=(0, 1, 3))

    assert moved[:width].max() > 3
    assert moved[width:].max() > 3
