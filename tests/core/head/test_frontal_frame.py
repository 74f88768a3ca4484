import numpy as np
import pytest
import torch

from moda_core.face.mesh_points import INNER_LIPS, LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from moda_core.head.depth_map import depth_maps
from moda_core.head.frontal_frame import frontal_frame
from moda_core.head.placed_head import place_head
from tests.heads import seen_landmarks, synthetic_head

CELLS = torch.arange(0, 560, 5, dtype=torch.float64)
FEATURES = [*LEFT_EYE, *RIGHT_EYE, *INNER_LIPS]


def frame_of(head):
    landmarks = seen_landmarks(head)
    depth = depth_maps(place_head(head, landmarks), landmarks, CELLS, CELLS)[0]
    pixels = torch.stack(torch.meshgrid(CELLS, CELLS, indexing="xy"), dim=-1)
    points = head.from_pixels(pixels, depth)
    return frontal_frame(head, landmarks, points, CELLS, CELLS), landmarks


@pytest.mark.parametrize("pose", [{"yaw": 20}, {"yaw": -20}, {"pitch": 12}, {"roll": 30}], ids=str)
def test_a_turned_face_has_the_coordinates_of_the_face_from_the_front(pose):
    front, turned = (
        np.stack(frame.to_face(*landmarks.mesh[FEATURES, :2].T))
        for frame, landmarks in (frame_of(synthetic_head()), frame_of(synthetic_head(**pose)))
    )

    assert np.sqrt(((front - turned) ** 2).sum(axis=0).mean()) < 0.03


def test_the_eyes_lie_half_a_unit_beside_the_origin():
    frame, landmarks = frame_of(synthetic_head(yaw=15, roll=10))

    irises = landmarks.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2]
    x, y = frame.to_face(*irises.T)

    assert x == pytest.approx([-0.5, 0.5], abs=1e-6)
    assert y == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("pose", [{}, {"yaw": 25}, {"yaw": -15, "pitch": 10}], ids=str)
def test_pixels_return_from_the_frontal_frame(pose):
    frame, landmarks = frame_of(synthetic_head(**pose))
    pixels = landmarks.mesh[FEATURES, :2].T

    returned = np.stack(frame.to_pixels(*frame.to_face(*pixels)))

    assert np.abs(returned - pixels).max() < 0.2
