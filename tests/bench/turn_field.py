"""Faults of the built-in renderer's turn: cells that fold, and pixels whose inverse is wrong.

The one part of `bench turn` that knows the renderer's inside.
"""

import numpy as np
import torch
from torch import Tensor

from moda_core.motion.motion import Motion
from moda_core.warp.drive import Pose, bounded_pose, slice_curves
from moda_core.warp.pose_field import pose_shift, sample_places, undo_pose
from moda_core.warp.warp_region import Region

CELLS = 160  # on the longer side of the region
HEAD = 0.8  # weight from which a cell belongs to the head
WRONG = 0.5  # pixels


def turn_faults(region: Region, motion: Motion) -> tuple[list[int], list[float]]:
    """Return the folded cells of the head, and the share of wrong inverses, of each frame.

    The share is that of the pixels that the turn reaches.
    """
    turned, back, pixels, weight = turn_field(region, motion)
    folded = folded_cells(turned)[:, weight[:-1, :-1] > HEAD].sum(axis=1)
    wrong = np.linalg.norm(back - pixels, axis=-1)[:, weight > 0] > WRONG
    return folded.tolist(), wrong.mean(axis=1).tolist()


def folded_cells(places: np.ndarray) -> np.ndarray:
    """Return which cells of moved grids (N, h, w, 2) lie on their back, (N, h - 1, w - 1)."""
    right = np.diff(places, axis=2)[:, :-1]
    down = np.diff(places, axis=1)[:, :, :-1]
    return right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0] <= 0


def turn_field(region: Region, motion: Motion) -> tuple[np.ndarray, ...]:
    """Return how a motion's turns move some pixels of a region, as the renderer computes it.

    Returns
    -------
    turned : array, shape (N, h, w, 2)
        Where the pixels are after the turn, in pixels of the picture, x first.
    back : array, shape (N, h, w, 2)
        What the renderer shows at the pixels, after the turn: the pixels, if its inverse is right.
    pixels : array, shape (h, w, 2)
    weight : array, shape (h, w)
        Share of the head's movement that the pixels follow, in [0, 1].
    """
    step = max(1, max(region.size) // CELLS)
    curves = bounded_pose(motion)
    pose = Pose(**slice_curves(curves, 0, len(curves["yaw"]), region.source))
    head, height, width = region.head, *region.box.size
    places = region.places(*(slice(step // 2, None, step),) * 2)
    moves = pose_shift(head, pose)
    count = len(moves)

    def sampled(field: Tensor, at: Tensor) -> Tensor:
        return sample_places(field.expand(count, -1, -1, -1), at.expand(count, -1, -1, -1))

    def pixels(at: Tensor) -> np.ndarray:
        x, y = (at[:, 0] + 1) * width / 2, (at[:, 1] + 1) * height / 2
        return _places(x + region.box.left, y + region.box.top)

    before = places + sampled(undo_pose(head, pose) - head.cells, places)
    weight = sample_places(head.share[None, None], places)[0, 0].cpu().numpy()
    turned = places + sampled(moves, places)
    return pixels(turned), pixels(before + sampled(moves, before)), pixels(places)[0], weight


def _places(x: Tensor, y: Tensor) -> np.ndarray:
    return torch.stack([x, y], dim=-1).cpu().numpy()
