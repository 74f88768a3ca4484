"""Regions of the face: the shares of mouth, eyes, brows and head in a motion.

Regions share keypoints: a smile lifts the lower lids, a blink pulls at the brows. So the expression
is split by its causes: the controls, each of one region, and per keypoint the remainder that no
control explains. The parts of all regions add up to the whole.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from .controls import CONTROLS, compose, read
from .motion import EXPRESSION, HEAD, LIP_KEYPOINTS, MOTION_DIM

REGION_CONTROLS = {
    "mouth": ("jaw", "close", "width", "smile", "skew", "sneer"),
    "eyes": ("blink_left", "blink_right", "gaze"),
    "brows": ("brow", "worry", "frown"),
}
# Regions of the movement that no control explains. Cheeks, nose and outline belong to the mouth, so
# that the regions together are the whole face.
REGION_KEYPOINTS = {
    "mouth": (*LIP_KEYPOINTS, 0, 3, 4, 5, 7, 8, 9, 10),
    "eyes": (11, 13, 15, 16, 18),
    "brows": (1, 2),
}
MOTION_REGIONS = (*REGION_CONTROLS, "head")  # the head is scale, translation and rotation


@torch.inference_mode(False)
def part_matrix(controls: Collection[str], keypoints: Collection[int]) -> Tensor:
    """Return the matrix (63, 63), float64, that projects an expression offset on a part.

    The part has some of `CONTROLS`, and the movement of some keypoints that no control explains.
    Apply as ``offset @ matrix``; the matrices of disjoint parts that leave nothing out add up to 1.
    """
    read_outs = read(torch.eye(63, dtype=torch.float64))  # (63, 12)
    directions = compose(torch.eye(len(CONTROLS), dtype=torch.float64))  # (12, 63)
    own = [index for index, name in enumerate(CONTROLS) if name in controls]
    unexplained = torch.eye(63, dtype=torch.float64) - read_outs @ directions
    columns = torch.zeros(21, 3, dtype=torch.float64)
    columns[list(keypoints)] = 1
    return read_outs[:, own] @ directions[own] + unexplained * columns.flatten()


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _region_matrices() -> dict[str, Tensor]:
    return {
        region: part_matrix(controls, REGION_KEYPOINTS[region])
        for region, controls in REGION_CONTROLS.items()
    }


def region_matrix(weights: Mapping[str, float]) -> Tensor:
    """Return the matrix (70, 70), float64, that weights a movement by region.

    Regions missing in `weights` have the weight 0. Apply as ``movement @ matrix``. Columns are 0
    where only regions of weight 0 move a dim; with all weights 1 it is exactly the identity.
    """
    matrix = torch.zeros(MOTION_DIM, MOTION_DIM, dtype=torch.float64)
    face = {region: weights.get(region, 0.0) for region in REGION_CONTROLS}
    if len(set(face.values())) == 1:  # no need to split, and no rounding
        matrix[EXPRESSION, EXPRESSION] = face["mouth"] * torch.eye(63, dtype=torch.float64)
    else:
        matrices = _region_matrices()
        matrix[EXPRESSION, EXPRESSION] = sum(face[name] * matrices[name] for name in face)
    matrix[HEAD, HEAD] = weights.get("head", 0.0) * torch.eye(7, dtype=torch.float64)
    return matrix


def add_by_region(values: Tensor, difference: Tensor, weights: Mapping[str, float]) -> Tensor:
    """Add a difference (N, 70) to motion (N, 70), weighted by region.

    The difference must be finite; float64 keeps a difference of two motions exact. Regions missing
    in `weights` have the weight 0; what only those move is equal bit for bit.
    """
    matrix = region_matrix(weights).to(values.device)
    return (values.double() + difference.double() @ matrix).to(values)
