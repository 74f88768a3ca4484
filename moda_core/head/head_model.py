"""A 3D head that shapes and expressions deform, with the places of a face's landmarks on it.

Axes are x to the image's right, y down, z to the viewer; lengths are in decimetres. The origin lies
inside the head, a little above the height of the mouth. Made from data of MakeHuman (CC0) by
`tests/head_model/build.py`.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ASSET = Path(__file__).parent / "head.npz"
EYE_DISTANCE = 0.57  # of the mean head, in decimetres
PIVOT = (0.0, 0.15, -0.20)  # of yaw and pitch
NECK = (0.0, 0.95, -0.25)  # of roll
SKULL_BELOW = 0.7  # y of the lowest points that belong to the skull, without the neck


@dataclass(frozen=True, eq=False)
class HeadModel:
    """The head's surface: skin and eyeballs, without the interior of the mouth.

    Parameters
    ----------
    mean : Tensor, shape (V, 3)
        Vertices of the mean adult head.
    shapes : Tensor, shape (40, V, 3)
        Principal directions of people; coefficients are normally distributed with deviation 1.
    moves : Tensor, shape (32, V, 3)
        Facial actions by full intensity, coefficients in [0, 1].
    move_names : tuple of str
        Left and right are the person's.
    triangles : array, shape (T, 3)
    landmark_vertices : Tensor, shape (468, 3)
        Vertices of the triangle that holds each landmark of the attention mesh but the irises.
    landmark_weights : Tensor, shape (468, 3)
        Weights of the same.
    """

    mean: Tensor
    shapes: Tensor
    moves: Tensor
    move_names: tuple[str, ...]
    triangles: np.ndarray
    landmark_vertices: Tensor
    landmark_weights: Tensor

    def at_landmarks(self, values: Tensor) -> Tensor:
        """Return values (..., V, c) of the vertices at the landmarks, (..., 468, c)."""
        return (values[..., self.landmark_vertices, :] * self.landmark_weights[..., None]).sum(-2)

    @cached_property
    def landmarks(self) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, shapes and moves at the landmarks: (468, 3), (40, 468, 3), (32, 468, 3)."""
        return tuple(self.at_landmarks(each) for each in (self.mean, self.shapes, self.moves))

    def vertices(self, shape: Tensor, moves: Tensor) -> Tensor:
        """Return the vertices (V, 3) of a head with coefficients (40,) and (32,)."""
        shift = shape @ self.shapes.flatten(1) + moves @ self.moves.flatten(1)
        return self.mean + shift.view_as(self.mean)


@cache
@torch.inference_mode(False)
def head_model() -> HeadModel:
    """Return the head, float64, on the CPU."""
    with np.load(ASSET) as stored:
        data = {name: stored[name] for name in stored.files}

    def unpacked(name: str) -> Tensor:
        return torch.from_numpy(data[name] * data[f"{name}_scale"][:, None, None].astype(float))

    return HeadModel(
        torch.from_numpy(data["mean"].astype(float)),
        unpacked("shapes"),
        unpacked("moves"),
        tuple(data["move_names"].tolist()),
        data["triangles"].astype(np.int64),
        torch.from_numpy(data["landmark_vertices"].astype(np.int64)),
        torch.from_numpy(data["landmark_weights"].astype(float) / 10),
    )
