import numpy as np
import pytest
import torch

from moda_core.face.landmarks import FaceLandmarks
from moda_core.face.mesh_points import CHIN, FACE_OVAL, FOREHEAD, NOSE_TIP
from moda_core.head.head_fit import fit_head
from moda_core.head.head_model import head_model
from moda_core.head.placed_head import SHOULDER_SHARE, place_head
from tests.heads import seen_landmarks, synthetic_head


def bent_landmarks() -> FaceLandmarks:
    """A face that no shape of the model has: its nose is pushed aside."""
    mesh = seen_landmarks(synthetic_head()).mesh.copy()
    near = np.exp(-(((mesh[:, :2] - mesh[NOSE_TIP, :2]) / 40) ** 2).sum(axis=1))
    mesh[:, 0] += 8 * near
    return FaceLandmarks(mesh)


def test_the_plate_carries_the_surface_onto_the_landmarks():
    landmarks = bent_landmarks()
    fit = fit_head(landmarks)

    placed = place_head(fit, landmarks)

    shown = head_model().at_landmarks(placed.pixels).numpy()
    miss = np.sqrt(((shown - landmarks.mesh[:468, :2]) ** 2).sum(axis=1).mean())
    assert miss < 0.35 * fit.error * landmarks.eye_distance


def test_what_lies_far_from_the_face_stays_where_the_fit_has_it():
    landmarks = bent_landmarks()
    fit = fit_head(landmarks)

    placed = place_head(fit, landmarks)

    fitted, face = fit.to_pixels(placed.vertices), torch.tensor(landmarks.box).view(2, 2)
    away = (fitted - face.mean(dim=0)) / (face[1] - face[0]) * 2
    far = away.norm(dim=1) > 2
    assert far.any()
    assert torch.equal(placed.pixels[far], fitted[far])


@pytest.mark.parametrize("pose", [{}, {"roll": 30}, {"yaw": 25}], ids=str)
def test_the_head_moves_whole_and_its_surroundings_less(pose):
    head = synthetic_head(**pose)
    landmarks = seen_landmarks(head)
    placed, unit = place_head(head, landmarks), landmarks.eye_distance
    down = landmarks.mesh[CHIN, :2] - landmarks.mesh[FOREHEAD, :2]
    down = down / np.hypot(*down)

    def share(point: np.ndarray) -> float:
        x, y = torch.tensor(point).split(1)
        return float(placed.share(x, y))

    chin = landmarks.mesh[CHIN, :2]
    assert all(share(point) > 0.8 for point in landmarks.mesh[FACE_OVAL, :2])
    assert share(chin + 1.05 * unit * down) == pytest.approx(SHOULDER_SHARE, abs=0.05)
    assert share(chin - 9 * unit * down) == 0
    assert share(chin + 5 * unit * np.array([down[1], -down[0]])) == 0
