import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from moda_core.face.mesh_points import FACE_OVAL
from moda_core.head.depth_map import FACE_EDGE, SLOPE, depth_maps, face_mask, limit_slope
from moda_core.head.head_model import EYE_DISTANCE, head_model
from moda_core.head.placed_head import place_head
from tests.heads import rotation, seen_landmarks, synthetic_head

CELLS = torch.arange(0, 560, 5, dtype=torch.float64)
CHEEK_ROWS = range(250, 331, 10)


def depths_of(head) -> np.ndarray:
    landmarks = seen_landmarks(head)
    return depth_maps(place_head(head, landmarks), landmarks, CELLS, CELLS).numpy()


def depth_of(head) -> np.ndarray:
    return depths_of(head)[0]


def outline(head, turn: float, side: int) -> np.ndarray:
    """Farthest pixels to a side, at the heights of the cheek, of a head that turns by degrees."""
    model = head_model()
    points = model.vertices(head.shape, head.moves)
    pixels = head.to_pixels(head.to_camera(points @ rotation(yaw=-turn).T))
    shown = pixels[model.triangles].numpy()
    ends = []
    for row in CHEEK_ROWS:
        crossing = shown[(shown[..., 1].min(axis=1) < row) & (shown[..., 1].max(axis=1) > row)]
        ends.append(side * (side * crossing[..., 0]).mean(axis=1).max())
    return np.array(ends)


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


def test_the_mask_is_the_face_within_its_oval():
    landmarks = seen_landmarks(synthetic_head())
    oval = landmarks.mesh[FACE_OVAL, :2]
    drawn = Image.new("L", (560, 560))
    ImageDraw.Draw(drawn).polygon([tuple(point) for point in oval.tolist()], fill=1)
    inside = np.array(drawn)[::5, ::5].astype(bool)
    ends = zip(oval, np.roll(oval, -1, axis=0), strict=True)
    points = np.concatenate([np.linspace(*each, 50) for each in ends])
    columns, rows = np.meshgrid(CELLS, CELLS)
    away, _ = cKDTree(points).query(np.stack([columns, rows], axis=-1))
    away = np.where(inside, away, -away) / landmarks.eye_distance

    mask = face_mask(landmarks, CELLS, CELLS).numpy()

    share = ((away - FACE_EDGE[0]) / (FACE_EDGE[1] - FACE_EDGE[0])).clip(0, 1)
    wanted = share * share * (3 - 2 * share)
    drawn_exactly = np.abs(away) * landmarks.eye_distance > 2
    assert np.abs(mask - wanted)[drawn_exactly].max() < 0.02


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


@pytest.mark.parametrize("side", [-1, 1], ids=["left", "right"])
def test_the_side_that_a_turn_reveals_lies_deeper_and_the_other_as_before(side):
    rest, left, right = depths_of(synthetic_head())
    revealing = left if side < 0 else right

    lowered = (rest - revealing)[40:75]  # rows of the face
    left_half, right_half = lowered[:, :52], lowered[:, 52:]
    of_side, of_other = (left_half, right_half)[::-side]
    assert of_side.max() > 0.2
    assert np.abs(of_other).max() < 0.5 * of_side.max()


@pytest.mark.parametrize("side", [-1, 1], ids=["left", "right"])
@pytest.mark.parametrize(("yaw", "most"), [(0, 0.75), (15, 0.75), (37, 0.45)])
def test_the_outline_of_a_revealed_side_moves_as_that_of_the_head_that_turns(yaw, most, side):
    head, turn = synthetic_head(spread=0.0, yaw=side * yaw), 15 * side  # back to the viewer
    before, after = outline(head, 0, side), outline(head, turn, side)
    rest, left, right = depths_of(head)

    def miss(depth: np.ndarray) -> float:
        at_outline = map_coordinates(depth, [np.array(CHEEK_ROWS) / 5, before / 5], order=1)
        pixels = torch.tensor(np.stack([before, CHEEK_ROWS], axis=1))
        points = head.from_pixels(pixels, torch.tensor(at_outline)) @ head.rotation
        moved = head.to_pixels(head.to_camera(points @ rotation(yaw=-turn).T))[:, 0]
        return float(np.abs(moved.numpy() - after).mean()) / seen_landmarks(head).eye_distance

    assert miss(left if side < 0 else right) < most * miss(rest)


def test_a_peak_becomes_a_cone():
    values = np.zeros((9, 9))
    values[4, 4] = 3.0

    limited = limit_slope(values, np.full((9, 9), 1.0))

    rows, columns = np.indices((9, 9)) - 4
    straight, diagonal = np.maximum(abs(rows), abs(columns)), np.minimum(abs(rows), abs(columns))
    length = straight + (np.sqrt(2) - 1) * diagonal  # of the shortest path over neighbours
    assert np.allclose(limited, np.maximum(3 - length, 0))


def test_a_peak_falls_steeper_towards_one_side():
    values = np.zeros((1, 9))
    values[0, 4] = 3.0

    limited = limit_slope(values, np.full((1, 9), 1.0), np.array([-1.0, 0.0]), 2.0)

    assert limited[0].tolist() == pytest.approx([0, 0, 0, 1, 3, 2, 1, 0, 0])
