"""A fitted head in its picture: the surface drawn onto the landmarks, and how far it reaches."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import NUM_SURFACE_POINTS
from ..motion.easing import smoothstep
from ..runtime.threads import one_thread
from .head_fit import HeadFit
from .head_model import SKULL_BELOW, head_model
from .thin_plate import thin_plate_shift

SHIFT_LIMIT = 0.15  # of the thin plate, in eye distances
PLATE, PLATE_END = 1.15, 1.9  # in radii of the face: the plate's shift is whole within, none beyond
MOVED, STILL = 1.1, 1.97  # in radii of the skull: points within move with it, points beyond stay
HAIR_WIDTH, HAIR_HEIGHT = 1.06, 1.04  # of the head over the skull
BELOW_SHARE = 0.8  # of distances below the skull's middle, where the reach is longer
SHOULDER_SHARE = 0.12  # of the head's movement
NECK = (-0.1, 0.95)  # eye distances below the chin between which the share falls


@dataclass(frozen=True, eq=False)
class PlacedHead:
    """A head in a picture; tensors are float64 on the CPU."""

    fit: HeadFit
    unit: float  # eye distance in pixels
    vertices: Tensor  # (V, 3), in the camera's axes
    pixels: Tensor  # (V, 2), where the picture shows them

    def share(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the share, in [0, 1], of the head's movement that pixels follow.

        1 on the head and its hair, `SHOULDER_SHARE` below the neck, 0 far from the head.
        """
        up = self.fit.rotation[:2, 1]
        down = up / up.norm()
        turn = torch.stack([torch.stack([down[1], -down[0]]), down])
        skull = head_model().mean[:, 1] < SKULL_BELOW
        ends = torch.stack(torch.aminmax(self.pixels[skull] @ turn.T, dim=0))
        middle, half = ends.mean(dim=0).tolist(), ((ends[1] - ends[0]) / 2).tolist()
        (cross_x, cross_y), (down_x, down_y) = turn.tolist()
        across = (x * cross_x + y * cross_y - middle[0]) / (HAIR_WIDTH * half[0])
        below = x * down_x + y * down_y - middle[1]
        along = torch.where(below > 0, BELOW_SHARE * below, below) / (HAIR_HEIGHT * half[1])
        under_chin = (below - half[1]) / self.unit
        neck = 1 - (1 - SHOULDER_SHARE) * smoothstep(*NECK, under_chin)
        return smoothstep(STILL, MOVED, torch.hypot(across, along)) * neck


@one_thread()
@torch.no_grad()
def place_head(fit: HeadFit, landmarks: FaceLandmarks) -> PlacedHead:
    """Draw a fitted head onto the landmarks by a thin plate, which fades beyond the face."""
    model = head_model()
    vertices = fit.to_camera(model.vertices(fit.shape, fit.moves))
    pixels, unit = fit.to_pixels(vertices), landmarks.eye_distance
    target = torch.from_numpy(landmarks.mesh[:NUM_SURFACE_POINTS, :2].astype(float))
    ends = torch.stack(torch.aminmax(target, dim=0))
    middle, half = ends.mean(dim=0), (ends[1] - ends[0]) / 2
    share = smoothstep(PLATE_END, PLATE, ((pixels - middle) / half).norm(dim=1))
    near = share > 0
    shift = thin_plate_shift(model.at_landmarks(pixels), target, pixels[near])
    length = shift.norm(dim=1, keepdim=True)
    shift = shift * (SHIFT_LIMIT * unit / length.clamp(min=1e-9)).clamp(max=1)
    pixels[near] += share[near, None] * shift
    return PlacedHead(fit, unit, vertices, pixels)
