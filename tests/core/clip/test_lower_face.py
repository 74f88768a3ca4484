"""The lower face by frontal coordinates."""

import numpy as np
import pytest
import torch

from moda_core.clip.lower_face import frontal_landmarks, lower_face
from moda_core.face.mesh_points import CHIN, LEFT_EYE, MOUTH_CORNERS, RIGHT_EYE
from tests.heads import seen_landmarks, synthetic_head

PICTURE = (512, 512)


@pytest.mark.parametrize("angles", [{}, {"yaw": 25.0}, {"pitch": -12.0}, {"roll": 20.0}])
def test_frontal_coordinates_of_a_head_do_not_depend_on_its_pose(angles):
    straight, turned = synthetic_head(1), synthetic_head(1, **angles)

    expected, *_ = frontal_landmarks(seen_landmarks(straight), straight)
    mesh, *_ = frontal_landmarks(seen_landmarks(turned), turned)

    assert (mesh - expected).abs().max() < 1e-6
    eyes = [mesh[ring].mean(dim=0) for ring in (LEFT_EYE, RIGHT_EYE)]
    assert torch.stack(eyes) == pytest.approx(np.array([[-0.5, 0], [0.5, 0]]), abs=1e-9)


@pytest.mark.parametrize("angles", [{}, {"yaw": 20.0}, {"yaw": -20.0, "pitch": 10.0}])
def test_cells_have_the_coordinates_of_the_landmarks_they_show(angles):
    head = synthetic_head(2, **angles)
    landmarks = seen_landmarks(head)
    mesh, *_ = frontal_landmarks(landmarks, head)

    lower = lower_face(landmarks, head, PICTURE)

    for point in (CHIN, *MOUTH_CORNERS, 13, 14, 17):
        x, y = landmarks.mesh[point, :2]
        height, width = lower.coordinates.shape[1:]
        row = int((y - lower.rows.start) / lower.size[0] * height)
        column = int((x - lower.columns.start) / lower.size[1] * width)
        assert lower.coordinates[:, row, column] == pytest.approx(mesh[point].numpy(), abs=0.06)


def test_the_window_covers_mouth_and_chin_and_ends_inside_its_box():
    head = synthetic_head(3)
    landmarks = seen_landmarks(head)

    lower = lower_face(landmarks, head, PICTURE)

    window = lower.full_window(PICTURE)
    for point in (CHIN, *MOUTH_CORNERS):
        x, y = landmarks.mesh[point, :2].astype(int)
        assert window[y, x] == 1
    for x, y in (*landmarks.points()[:2], (5, 5)):
        assert window[int(y), int(x)] == 0
    edges = (lower.window[0], lower.window[:, 0], lower.window[:, -1])
    assert max(float(edge.max()) for edge in edges) < 0.05


def test_a_lower_face_outside_the_picture_is_none():
    head = synthetic_head(4)

    assert lower_face(seen_landmarks(head), head, (60, 60)) is None
