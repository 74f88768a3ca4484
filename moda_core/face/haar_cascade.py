"""Haar cascades (Viola and Jones 2001, Lienhart and Maydt 2002) as matrix products.

A Haar feature, a weighted sum of upright or tilted rectangles, is linear in the window's pixels.
Each feature becomes a mask of the window's size, so that a stage is one matrix product over all
remaining windows. `convert_cascades` makes the data from OpenCV's published cascades.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

CASCADE_FILE = Path(__file__).with_name("haar_cascades.npz")
CASCADES = {
    "face": "haarcascade_frontalface_alt2.xml",
    "eye": "haarcascade_eye.xml",
    "eye_glasses": "haarcascade_eye_tree_eyeglasses.xml",
    "smile": "haarcascade_smile.xml",
}
FLAT_NORM = 10.0  # windows with a standard deviation under 0.1 grey levels are empty (OpenCV)


@dataclass(frozen=True)
class Stage:
    """One boosted classifier of a cascade: a sum of decision trees.

    Parameters
    ----------
    masks : Tensor, shape (M, H * W)
        Features of the trees' nodes, as weights of the window's pixels.
    thresholds : Tensor, shape (M,)
        Of the nodes.
    paths : Tensor, shape (L, M)
        Path to each leaf: -1 where a node's value must be below the threshold, 1 where it must not
        be, 0 where the path does not include the node.
    leaves : Tensor, shape (L,)
    threshold : float
        Least sum over the trees of a window that passes.
    """

    masks: Tensor
    thresholds: Tensor
    paths: Tensor
    leaves: Tensor
    threshold: float

    def margins(self, values: Tensor) -> Tensor:
        """Return the margin (n,) by which each window passes; below 0 it fails.

        `values` (n, M) are the features of the nodes, normalised by the window's contrast.
        """
        above = (values >= self.thresholds).float()  # (n, M)
        reached = above @ self.paths.T == self.paths.clamp(min=0).sum(dim=1)  # (n, L)
        return reached.float() @ self.leaves - self.threshold


@dataclass(frozen=True)
class Cascade:
    """A sequence of stages over windows of a fixed size in pixels."""

    width: int
    height: int
    stages: tuple[Stage, ...]

    def normalize(self, patches: Tensor) -> Tensor:
        """Normalise windows (n, H * W) by mean and contrast, as the thresholds expect.

        The contrast is the area times the standard deviation of the window without its rim.
        """
        height, width = self.height, self.width
        inner = patches.reshape(-1, height, width)[:, 1:-1, 1:-1].flatten(1)
        mean = inner.mean(dim=1, keepdim=True)
        variance = (inner - mean).square().mean(dim=1, keepdim=True)
        return (patches - mean) / (variance.sqrt() * inner.shape[1]).clamp(min=FLAT_NORM)

    def stages_passed(self, patches: Tensor) -> Tensor:
        """Return how many stages each window (n, H * W) passes before it fails, (n,) int64."""
        alive = torch.arange(len(patches))
        count = torch.zeros(len(patches), dtype=torch.int64)
        patches = self.normalize(patches)
        for stage in self.stages:
            keep = stage.margins(patches @ stage.masks.T) >= 0
            alive, patches = alive[keep], patches[keep]
            count[alive] += 1
        return count

    def likeness(self, patches: Tensor) -> Tensor:
        """Return the mean sigmoid of the margins of each window (n, H * W), (n,) in [0, 1]."""
        patches = self.normalize(patches)
        margins = [stage.margins(patches @ stage.masks.T) for stage in self.stages]
        return torch.stack(margins).sigmoid().mean(dim=0)


@cache
def load_cascade(name: str) -> Cascade:
    """Load a cascade of `CASCADES`."""
    if name not in CASCADES:
        raise ValueError(f"Expected a cascade among {', '.join(CASCADES)}, got {name!r}.")
    with np.load(CASCADE_FILE, allow_pickle=False) as stored:
        arrays = {key[len(name) + 1 :]: stored[key] for key in stored if key.startswith(f"{name}.")}
    return build_cascade(arrays)


def build_cascade(arrays: dict[str, np.ndarray]) -> Cascade:
    """Build a cascade from the arrays of `convert_cascades.read_cascade`."""
    width, height = (int(side) for side in arrays["window"])
    masks = feature_masks(arrays["rectangle"], arrays["weight"], arrays["tilted"], (width, height))
    num_nodes = arrays["tree_nodes"].astype(int)
    stage_end = np.cumsum(arrays["stage_trees"])
    node_end, leaf_end = np.cumsum(num_nodes), np.cumsum(num_nodes + 1)
    stages = []
    for first, end, threshold in zip(
        np.append(0, stage_end[:-1]), stage_end, arrays["stage_threshold"], strict=True
    ):
        nodes = slice(node_end[first] - num_nodes[first], node_end[end - 1])
        leaves = slice(leaf_end[first] - num_nodes[first] - 1, leaf_end[end - 1])
        stages.append(
            Stage(
                masks=masks[arrays["node_feature"][nodes].astype(int)],
                thresholds=torch.from_numpy(arrays["node_threshold"][nodes]),
                paths=_leaf_paths(arrays["node_child"][nodes], num_nodes[first:end]),
                leaves=torch.from_numpy(arrays["leaf"][leaves]),
                threshold=float(threshold),
            )
        )
    return Cascade(width, height, tuple(stages))


def _leaf_paths(child: np.ndarray, num_nodes: np.ndarray) -> Tensor:
    """Return the paths (L, M) to the leaves of a stage.

    A child above 0 is a node of the same tree, any other is the leaf of its negated number.
    """
    paths = np.zeros((len(child) + len(num_nodes), len(child)), np.float32)
    first_node, first_leaf = 0, 0
    for count in num_nodes:
        pending = [(0, np.zeros(len(child), np.float32))]
        while pending:
            node, path = pending.pop()
            for side, following in zip((-1, 1), child[first_node + node], strict=True):
                extended = path.copy()
                extended[first_node + node] = side
                if following > 0:
                    pending.append((int(following), extended))
                else:
                    paths[first_leaf - following] = extended
        first_node, first_leaf = first_node + count, first_leaf + count + 1
    return torch.from_numpy(paths)


def feature_masks(
    rectangle: np.ndarray, weight: np.ndarray, tilted: np.ndarray, window: tuple[int, int]
) -> Tensor:
    """Convert Haar features to weights (F, H * W) of the window's pixels.

    `rectangle` (F, R, 4) holds x, y, width, height; a tilted one extends from its top corner w
    steps to the lower right and h steps to the lower left. `weight` (F, R) is 0 where a feature has
    fewer rectangles. `window` is (width, height).
    """
    x, y, w, h = np.moveaxis(rectangle.astype(int), -1, 0)
    upright = np.stack([x, x + w, x, x + w]), np.stack([y, y, y + h, y + h])
    turned = np.stack([x, x - h, x + w, x + w - h]), np.stack([y, y + h, y + w, y + w + h])
    is_tilted = tilted[:, None]
    corner_x = np.where(is_tilted, turned[0], upright[0])[..., None, None]  # (4, F, R, 1, 1)
    corner_y = np.where(is_tilted, turned[1], upright[1])[..., None, None]
    row, column = np.arange(window[1])[:, None], np.arange(window[0])
    above = row < corner_y
    # An integral image sums the pixels above and left of a corner, a tilted one the cone above it.
    cone = np.abs(column - corner_x + 1) <= corner_y - 1 - row
    inside = above & np.where(is_tilted[..., None, None], cone, column < corner_x)
    signed = np.einsum("c,cfrhw->frhw", np.float32([1, -1, -1, 1]), inside)
    masks = np.einsum("fr,frhw->fhw", weight.astype(np.float32), signed)
    return torch.from_numpy(masks.reshape(len(masks), -1))
