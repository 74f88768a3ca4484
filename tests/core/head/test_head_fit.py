from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.face.landmarks import FaceLandmarks
from moda_core.head.head_fit import LARGEST_ERROR, find_head, fit_head, mean_head
from moda_core.head.head_model import EYE_DISTANCE, head_model
from tests.faces import face_from
from tests.heads import rotation, seen_landmarks, synthetic_head

POSES = [{}, {"yaw": 25}, {"yaw": -25}, {"pitch": 15}, {"roll": 40}, {"yaw": 20, "pitch": -10}]


def angle_between(one: torch.Tensor, other: torch.Tensor) -> float:
    """Angle in degrees of the rotation from one pose to another."""
    cos = ((one @ other.T).diagonal().sum() - 1) / 2
    return float(torch.rad2deg(torch.acos(cos.clamp(-1, 1))))


def depth_error(one, other) -> float:
    """Difference of the depths of two heads' landmarks, in eye distances, root mean square."""
    model = head_model()
    depths = [
        head.to_camera(model.at_landmarks(model.vertices(head.shape, head.moves)))[:, 2]
        for head in (one, other)
    ]
    return float((depths[0] - depths[1]).std() / EYE_DISTANCE)


@pytest.mark.parametrize("pose", POSES, ids=str)
def test_a_synthetic_head_is_found_again(pose):
    head = synthetic_head(**pose)

    fit = fit_head(seen_landmarks(head))

    assert angle_between(fit.rotation, head.rotation) < 1.5
    assert fit.scale == pytest.approx(head.scale, rel=0.03)
    assert fit.error < 0.01
    assert depth_error(fit, head) < 0.02


@pytest.mark.parametrize("move", ["jawOpen", "mouthSmileLeft", "eyeBlinkRight"])
def test_the_pictures_own_expression_is_found(move):
    head = synthetic_head()
    index = head_model().move_names.index(move)
    moves = head.moves.clone()
    moves[index] = 0.8

    fit = fit_head(seen_landmarks(replace(head, moves=moves)))

    assert float(fit.moves[index]) > 0.5
    assert int(fit.moves.argmax()) == index
    assert fit.error < 0.015


def test_noise_of_the_landmarks_hardly_changes_the_depth():
    landmarks = seen_landmarks(synthetic_head(yaw=10))
    noise = np.random.default_rng(0).normal(size=landmarks.mesh.shape)
    noisy = FaceLandmarks(landmarks.mesh + 0.02 * landmarks.eye_distance * noise)

    assert depth_error(fit_head(noisy), fit_head(landmarks)) < 0.03


def test_the_next_frame_keeps_the_shape_and_finds_the_pose():
    first = synthetic_head(yaw=5)
    start = fit_head(seen_landmarks(first))
    moved = replace(first, rotation=rotation(yaw=9, pitch=3), centre=first.centre + 4)

    fit = fit_head(seen_landmarks(moved), start)

    assert torch.equal(fit.shape, start.shape)
    assert angle_between(fit.rotation, moved.rotation) < 1.5
    assert fit.error < 0.01


def test_place_and_size_of_the_picture_do_not_matter():
    landmarks = seen_landmarks(synthetic_head(yaw=12))
    larger = FaceLandmarks(landmarks.mesh * 3 + (100, 50, 0))

    fit, other = fit_head(landmarks), fit_head(larger)

    assert torch.allclose(other.rotation, fit.rotation, atol=1e-6)
    assert other.scale == pytest.approx(3 * fit.scale)
    assert torch.allclose(other.shape, fit.shape, atol=1e-5)


def test_a_face_of_six_points_fits():
    points = [(200, 240), (300, 240), (215, 345), (285, 345), (250, 345), (250, 345)]

    assert fit_head(face_from(points)).error < 0.06


def sheared() -> FaceLandmarks:
    """A face of no person."""
    mesh = seen_landmarks(synthetic_head()).mesh.copy()
    mesh[:, 0] += 0.4 * (mesh[:, 1] - mesh[:, 1].mean())
    return FaceLandmarks(mesh)


def test_a_face_of_no_person_gets_the_mean_head_with_a_note(caplog):
    head = find_head(sheared())

    assert fit_head(sheared()).error > LARGEST_ERROR
    assert not head.shape.any()
    assert "mean head" in caplog.text


def test_a_face_of_a_person_is_fitted_without_a_note(caplog):
    landmarks = seen_landmarks(synthetic_head())

    head = find_head(landmarks)

    assert torch.equal(head.shape, fit_head(landmarks).shape)
    assert not caplog.text


def test_the_mean_head_faces_the_viewer():
    head = mean_head(seen_landmarks(synthetic_head(yaw=10, roll=20)))

    assert torch.allclose(head.rotation[2], torch.tensor([0.0, 0.0, 1.0]).double())
    assert angle_between(head.rotation, rotation(roll=20)) < 3
    assert head.scale == pytest.approx(150, rel=0.1)


def test_pixels_return_from_the_camera():
    head = synthetic_head(yaw=10)
    points = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double()

    returned = head.from_pixels(head.to_pixels(points), points[:, 2])

    assert torch.allclose(returned, points)


@pytest.mark.parametrize("yaw", [10.0, 37.0, 60.0])
def test_a_head_turned_aside_turns_less_to_both_sides(yaw):
    left, right = (synthetic_head(yaw=angle).yaw_range for angle in (-yaw, yaw))
    nearer, further = np.rad2deg(left)

    assert (-right[1], -right[0]) == pytest.approx(left)
    assert further == pytest.approx(max(50 - yaw, 0))
    assert -nearer == pytest.approx(max(57 - yaw, 12))
