"""The benchmarks of turns: what is measured on landmarks and fields, and their frames."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from moda_core.motion.motion import PITCH, ROLL, YAW
from tests.bench.bench_turn import num_bytes, size_name
from tests.bench.bench_turn_seen import landmark_errors, true_curve, turn_figures, turns_seen
from tests.bench.synthetic_heads import pose_matrix
from tests.bench.turn_field import folded_cells
from tests.bench.turn_frames import (
    ASKED,
    PORTRAIT,
    RENDERED,
    TRUE,
    TRUTH,
    TurnFrame,
    read_list,
    rotated_picture,
    turning_motion,
    write_list,
)
from tests.bench.turn_measures import (
    AXES,
    LEFT_IRIS,
    RIGHT_IRIS,
    TurnSeen,
    curve_value,
    mesh_turn,
    points_turn,
    shape_error,
)


def bowl_mesh() -> np.ndarray:
    """Return a mesh (478, 3) on a bowl that opens away from the viewer, eyes 100 pixels apart."""
    generator = np.random.default_rng(0)
    flat = generator.uniform(-100, 100, (478, 2))
    flat[LEFT_IRIS], flat[RIGHT_IRIS] = (-50, -30), (50, -30)
    mesh = np.column_stack([flat, (flat**2).sum(axis=1) / 300])
    return mesh + np.array([300, 250, 0])


def turned_mesh(axis: str, degrees: float, scale: float = 1.0) -> np.ndarray:
    """Return the bowl turned about an axis, scaled and shifted."""
    vector = degrees * np.eye(3)[AXES.index(axis)]
    rotation = Rotation.from_rotvec(vector, degrees=True)
    return scale * rotation.apply(bowl_mesh()) + (40, -20, 7)


@pytest.mark.parametrize("axis", AXES)
def test_a_rigid_turn_of_a_mesh_is_seen_without_a_residual(axis):
    seen = mesh_turn(bowl_mesh(), turned_mesh(axis, 12, scale=1.1))

    assert seen.along(axis) == pytest.approx(12)
    assert seen.beside(axis) == pytest.approx(0, abs=1e-9)
    assert seen.residual == pytest.approx(0, abs=1e-12)


def test_the_residual_is_the_rest_in_the_picture_in_eye_distances():
    after = bowl_mesh()
    after[:468:2, 0] += 4
    after[1:468:2, 0] -= 4  # of eyes 100 pixels apart, unlike any turn

    seen = mesh_turn(bowl_mesh(), after)

    assert seen.residual == pytest.approx(0.04, rel=0.01)


def test_the_turn_of_a_tilted_head_is_about_its_own_axes():
    tilt = Rotation.from_euler("z", 20, degrees=True)

    seen = mesh_turn(tilt.apply(bowl_mesh()), tilt.apply(turned_mesh("yaw", 15)))

    assert seen.along("yaw") == pytest.approx(15)
    assert seen.beside("yaw") == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("axis", AXES)
def test_the_turn_of_flat_landmarks_follows_from_the_depth_of_the_mesh(axis):
    chosen = slice(0, 468, 7)
    before, after = bowl_mesh(), turned_mesh(axis, -10, scale=0.9)

    seen = points_turn(before[chosen, :2], after[chosen, :2], before)

    assert seen.along(axis) == pytest.approx(-10, abs=1e-3)
    assert seen.residual == pytest.approx(0, abs=1e-6)


def test_a_similarity_is_no_error_of_shape_and_unknown_points_are_left_out():
    points = bowl_mesh()[:, :2]
    turned = 1.2 * Rotation.from_euler("z", 30, degrees=True).apply(bowl_mesh())[:, :2] + 5
    turned[3] = np.nan

    assert shape_error(points, turned, unit=100) == pytest.approx(0, abs=1e-9)


def test_an_error_of_shape_is_in_lengths_of_the_unit():
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    moved = corners + 0.1 * corners * (1, -1)  # wider and lower, which no similarity makes

    assert shape_error(corners, moved, unit=2) == pytest.approx(0.1 * np.sqrt(2) / 2)


def test_residuals_between_and_beyond_measured_angles():
    seen, residuals = [20.0, 10.0], [0.03, 0.01]

    values = [curve_value(seen, residuals, angle) for angle in (5, 15, 30)]

    assert values == pytest.approx([0.01, 0.02, 0.03])


def test_cells_that_lie_on_their_back_are_folded():
    places = np.stack(np.indices((3, 4))[::-1], axis=-1).astype(float)[None]
    places[0, :, 2, 0] = 0.5  # the third column goes back behind the second

    assert folded_cells(places)[0].tolist() == [[False, True, False]] * 2


def test_memory_counts_everything_once():
    @dataclass
    class Prepared:
        one: torch.Tensor
        others: tuple

    tensor, array = torch.zeros(10), np.zeros(5)

    assert num_bytes(Prepared(tensor, ({"a": tensor.view(2, 5)}, [array, array[2:]]))) == 80


def test_a_motion_has_a_frame_for_each_turn():
    values = turning_motion((("yaw", 0.0), ("pitch", 12.0), ("roll", -10.0), ("yaw", 20.0))).values

    assert values[:, PITCH].flatten().tolist() == [0, 12, 0, 0]
    assert values[:, YAW].flatten().tolist() == [0, 0, 0, 20]
    assert values[:, ROLL].flatten().tolist() == [0, 0, -10, 0]


def test_a_picture_is_rotated_as_a_roll_turns_a_head():
    picture = np.zeros((101, 101, 3), np.uint8)
    picture[48:53, 83:88] = 255  # 35 pixels to the right of the middle

    rows, columns = np.nonzero(rotated_picture(picture, 10.0)[..., 0] > 128)

    right, up, _ = pose_matrix("roll", 10.0) @ (35, 0, 0)
    assert (columns.mean() - 50, 50 - rows.mean()) == pytest.approx((right, up), abs=0.3)


def test_frames_are_listed_beside_their_pictures_and_have_names_of_their_own(tmp_path):
    frames = [TurnFrame(TRUTH, "head0", *each) for each in TRUE]
    frames += [TurnFrame(PORTRAIT, "a-b", *each) for each in ASKED]

    write_list(tmp_path, frames)

    assert read_list(tmp_path) == frames
    assert len({frame.file for frame in frames}) == len(frames)
    assert {frame.source for frame in frames} <= set(frames)


def seen_as(angle_deg: float, residual: float) -> TurnSeen:
    return TurnSeen(np.array([0.0, angle_deg, 0.0]), residual)


def test_portraits_are_compared_with_true_turns_at_the_angle_seen():
    seen = {
        TurnFrame(TRUTH, "head0", "yaw", 10.0): seen_as(12, 0.02),
        TurnFrame(TRUTH, "head0", "yaw", -20.0): seen_as(-22, 0.04),
        TurnFrame(PORTRAIT, "a", "yaw", 20.0): seen_as(17, 0.06),
        TurnFrame(PORTRAIT, "a", "yaw", -20.0): seen_as(-17, 0.03),
    }

    figures = turn_figures(seen, PORTRAIT)["yaw 20"]

    assert figures["over_true"] == pytest.approx(0.045 / 0.03)
    assert figures["seen_over_asked"] == pytest.approx(0.85)
    assert figures["worst_residual"] == 0.06
    assert figures["worst"] == "a +20"


def test_true_pitch_up_and_down_are_told_apart():
    seen = {
        TurnFrame(TRUTH, "head0", "pitch", 12.0): TurnSeen(np.array([11.0, 0, 0]), 0.02),
        TurnFrame(TRUTH, "head0", "pitch", -12.0): TurnSeen(np.array([-9.0, 0, 0]), 0.03),
    }

    assert true_curve(seen, "pitch", 1) == ([11.0], [0.02])
    assert true_curve(seen, "pitch", -1) == ([9.0], [0.03])


def test_frames_without_a_face_are_left_out():
    rest, turned = (TurnFrame(PORTRAIT, "a", "yaw", angle) for angle in (0.0, 10.0))

    def fit(*_: TurnFrame) -> TurnSeen:
        return seen_as(10, 0.01)

    assert list(turns_seen([rest, turned], fit, {rest.file, turned.file})) == [turned]
    assert turns_seen([rest, turned], fit, {turned.file}) == {}


def test_rendered_turns_are_compared_with_the_true_ones_of_the_same_head():
    asked = TurnFrame(RENDERED, "head0", "yaw", 20.0)
    true = TurnFrame(TRUTH, "head0", "yaw", 20.0)
    meshes = {
        asked.file: turned_mesh("yaw", 10),
        true.file: turned_mesh("yaw", 20),
        true.source.file: bowl_mesh(),
    }

    errors = landmark_errors([asked, true], meshes)

    flat = (meshes[each.file][:468, :2] for each in (asked, true))
    assert errors["yaw 20"]["mean"] == pytest.approx(shape_error(*flat, unit=100), abs=1e-4)
    assert errors["yaw 20"]["mean"] > 0.01
    assert size_name("yaw", -20.0) == "yaw 20"
