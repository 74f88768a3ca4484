import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from moda_core.head.depth_map import SLOPE, depth_map, limit_slope
from moda_core.head.head_model import EYE_DISTANCE, head_model
from moda_core.head.placed_head import place_head
from tests.heads import seen_landmarks, synthetic_head

CELLS = torch.arange(0, 560, 5, dtype=torch.float64)


def depth_of(head) -> np.ndarray:
    landmarks = seen_landmarks(head)
    return depth_map(place_head(head, landmarks), landmarks, CELLS, CELLS).numpy()


@pytest.mark.parametrize("pose", [{}, {"yaw": 20}, {"pitch": -12}], ids=str)
def test_the_face_has_the_depth_of_the_head(pose):
    head, model = synthetic_head(**pose), head_model()
    landmarks = seen_landmarks(head)
    seen = head.to_camera(model.at_landmarks(model.vertices(head.shape, head.moves)))[:, 2]

    places = (landmarks.mesh[:468, :2] / 5).T[::-1]
    depth = map_coordinates(depth_of(head), places, order=1)

    difference = (depth - seen.numpy()) / EYE_DISTANCE
    assert abs(np.median(difference)) < 0.06
    assert np.percentile(np.abs(difference), 80) < 0.15


def test_nothing_falls_steeper_than_the_limit():
    cell = 5 / synthetic_head().scale

    depth = depth_of(synthetic_head(yaw=15))

    for axis in (0, 1):
        assert np.abs(np.diff(depth, axis=axis)).max() < 1.02 * SLOPE * cell


def test_the_depth_ends_behind_the_face_in_front_of_the_back_of_the_head():
    depth = depth_of(synthetic_head())

    edges = np.concatenate([depth[0], depth[-1], depth[:, 0], depth[:, -1]])
    assert edges.min() > -0.6
    assert edges.max() < 0.5
    assert depth.max() > 1.0


def test_a_peak_becomes_a_cone():
    values = np.zeros((9, 9))
    values[4, 4] = 3.0

    limited = limit_slope(values, np.full((9, 9), 1.0))

    rows, columns = np.indices((9, 9)) - 4
    straight, diagonal = np.maximum(abs(rows), abs(columns)), np.minimum(abs(rows), abs(columns))
    length = straight + (np.sqrt(2) - 1) * diagonal  # of the shortest path over neighbours
    assert np.allclose(limited, np.maximum(3 - length, 0))
