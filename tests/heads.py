"""Synthetic heads for tests: a pose and a shape of the model, and the landmarks that it shows."""

import math

import numpy as np
import torch

from moda_core.face.landmarks import FaceLandmarks
from moda_core.face.mesh_points import LEFT_EYE, LEFT_IRIS, NUM_POINTS, RIGHT_EYE, RIGHT_IRIS
from moda_core.head.head_fit import HeadFit
from moda_core.head.head_model import head_model


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> torch.Tensor:
    """Return a rotation by degrees around the axes y, x and z, in this order."""
    turn = torch.eye(3, dtype=torch.float64)
    for angle, (i, j) in ((yaw, (2, 0)), (pitch, (1, 2)), (roll, (0, 1))):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        step = torch.eye(3, dtype=torch.float64)
        step[i, i] = step[j, j] = cos
        step[i, j], step[j, i] = -sin, sin
        turn = step @ turn
    return turn


def synthetic_head(seed: int = 0, spread: float = 0.5, **angles: float) -> HeadFit:
    """Return a person at rest in a picture of about 512x512 pixels; `spread` 0 is the mean."""
    model = head_model()
    noise = torch.randn(len(model.shapes), generator=torch.Generator().manual_seed(seed))
    return HeadFit(
        rotation(**angles),
        150.0,
        torch.tensor([260.0, 250.0], dtype=torch.float64),
        spread * noise.double(),
        torch.zeros(len(model.moves), dtype=torch.float64),
    )


def seen_landmarks(head: HeadFit) -> FaceLandmarks:
    """Return what a perfect network would find of a head; irises lie in the middle of the lids."""
    model = head_model()
    seen = head.to_camera(model.at_landmarks(model.vertices(head.shape, head.moves)))
    surface = torch.cat([head.to_pixels(seen), -head.scale * seen[:, 2:]], dim=1).numpy()
    mesh = np.zeros((NUM_POINTS, 3))
    mesh[: len(surface)] = surface
    for iris, ring in ((LEFT_IRIS, LEFT_EYE), (RIGHT_IRIS, RIGHT_EYE)):
        mesh[iris] = surface[ring].mean(axis=0)
    return FaceLandmarks(mesh)
