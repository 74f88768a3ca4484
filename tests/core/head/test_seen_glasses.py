import numpy as np
import pytest
import torch

from moda_core.face.eye_shape import EyeShape
from moda_core.head.seen_glasses import below_rims, find_rims

EYES = tuple(
    EyeShape(x, 0.0, 0.25, 0.0, (-0.1, 0, 0, 0), (0.08, 0, 0, 0), x, 0.0, 0.1) for x in (-0.5, 0.5)
)
BROW, SKIN, DARK = -0.35, 180.0, 40.0


def face(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Brightness of skin with eyes, brows and one side of the nose in shadow."""
    level = np.where(x > 0.05 * (1 + 3 * y), 0.6 * SKIN, SKIN)
    eyes = np.hypot((np.abs(x) - 0.5) / 0.25, y / 0.1) < 1
    brows = (np.abs(np.abs(x) - 0.5) < 0.3) & (np.abs(y + 0.31) < 0.03)
    return np.where(eyes | brows, DARK, level)


def rim(x: np.ndarray) -> np.ndarray:
    return -0.22 + 0.5 * (np.abs(x) - 0.5) ** 2


def glasses(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same brightness behind glasses with dark rims."""
    rims = (np.abs(y - rim(x)) < 0.03) & (np.abs(x) > 0.1)
    bridge = (np.abs(y + 0.06) < 0.03) & (np.abs(x) < 0.15)
    return np.where(rims | bridge, DARK, face(x, y))


def test_a_face_without_glasses_has_no_rims():
    assert find_rims(EYES, BROW, face) is None


@pytest.mark.parametrize("tilt", [-0.1, 0.0, 0.1])
def test_rims_are_found_where_they_are(tilt):
    rims = find_rims(EYES, BROW, lambda x, y: glasses(x, y + tilt * x))

    x = torch.tensor([-0.75, -0.6, -0.4, 0.4, 0.6, 0.75], dtype=torch.float64)
    wanted = torch.from_numpy(rim(x.numpy())) - tilt * x
    assert (below_rims(rims, x, wanted)).abs().max() < 0.03
