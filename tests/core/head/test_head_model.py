import pytest
import torch

from moda_core.face.mesh_points import CHIN, FOREHEAD, LEFT_EYE, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE
from moda_core.head.head_model import ASSET, EYE_DISTANCE, head_model


def test_the_asset_is_small():
    assert ASSET.stat().st_size < 600_000


def test_landmarks_lie_where_a_face_has_them():
    points = head_model().landmarks[0]

    left_eye, right_eye = points[LEFT_EYE].mean(dim=0), points[RIGHT_EYE].mean(dim=0)
    assert float(right_eye[0] - left_eye[0]) == pytest.approx(EYE_DISTANCE, abs=0.03)
    assert int(points[:, 2].argmax()) in (NOSE_TIP, 4)
    assert points[FOREHEAD, 1] < left_eye[1] < points[NOSE_TIP, 1] < points[MOUTH_CORNERS[0], 1]
    assert points[MOUTH_CORNERS[0], 1] < points[CHIN, 1]


def test_the_mean_head_is_symmetric():
    points = head_model().landmarks[0]

    mirrored = points * torch.tensor([-1.0, 1.0, 1.0]).double()
    nearest = torch.cdist(mirrored, points).min(dim=1).values

    assert float(nearest.median()) < 0.03 * EYE_DISTANCE


@pytest.mark.parametrize("side", [-1, 1])
def test_left_and_right_moves_are_the_persons(side):
    model = head_model()
    name = "eyeBlinkRight" if side < 0 else "eyeBlinkLeft"
    length = model.moves[model.move_names.index(name)].norm(dim=1)

    assert float((length * model.mean[:, 0]).sum() / length.sum()) * side > 0.1


def test_an_opened_jaw_carries_the_chin_down():
    model = head_model()
    jaw = model.landmarks[2][model.move_names.index("jawOpen")]

    assert float(jaw[CHIN, 1]) > 0.2
    assert float(jaw[FOREHEAD].norm()) < 0.01
