"""Fit the head to the landmarks of a picture: pose, shape and the picture's own expression."""

import logging
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import NUM_SURFACE_POINTS
from ..runtime.threads import one_thread
from .head_model import head_model

# From the head's origin, in decimetres. Landmarks hardly tell it; portraits are usually taken from
# here or further away.
CAMERA_DISTANCE = 20.0
NOISE, DEPTH_NOISE = 0.012, 0.10  # of landmarks and of the network's own depth, in decimetres
# A shape's or a move's deviation from 0 that counts as much as one of a landmark by its noise.
SHAPE_PRIOR, MOVE_PRIOR = 0.25, 1 / 12
SHAPE_LIMIT = 2.5
STEPS, NEXT_STEPS = 12, 2  # the latter leave 1e-5 radians, far below the landmarks' noise
LARGEST_ERROR = 0.06  # of a fit that is used, in eye distances
POSE = 6  # unknowns: rotation, centre, logarithm of the scale
# Yaw of a head in the frame, in radians, from which nothing but its side was seen if it turned
# further, and from which too much of its far side is missing to turn it back.
FARTHEST_YAW, FARTHEST_YAW_BACK = math.radians(50), math.radians(57)
LEAST_TURN_BACK = math.radians(12)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head in a picture; tensors are float64 on the CPU.

    Parameters
    ----------
    rotation : Tensor, shape (3, 3)
        From the head's axes to the camera's.
    scale : float
        Pixels in a decimetre at the depth of the head's origin.
    centre : Tensor, shape (2,)
        Pixel of the head's origin.
    shape : Tensor, shape (40,)
        The person's coefficients of `HeadModel.shapes`.
    moves : Tensor, shape (32,)
        The picture's own expression, coefficients of `HeadModel.moves`.
    error : float
        Distance of the landmarks from the head, root of the mean square, in eye distances.
    """

    rotation: Tensor
    scale: float
    centre: Tensor
    shape: Tensor
    moves: Tensor
    error: float = float("inf")

    @property
    def yaw(self) -> float:
        """Yaw of the head in the picture, radians, positive if it looks to the image's left."""
        ahead = self.rotation[:, 2].tolist()
        return math.atan2(-ahead[0], ahead[2])

    @property
    def yaw_range(self) -> tuple[float, float]:
        """Least and largest yaw by which the picture can be turned, radians."""
        further = max(FARTHEST_YAW - abs(self.yaw), 0.0)
        back = max(FARTHEST_YAW_BACK - abs(self.yaw), LEAST_TURN_BACK)
        return (-back, further) if self.yaw > 0 else (-further, back)

    def to_camera(self, points: Tensor) -> Tensor:
        """Convert points (..., 3) of the head's axes to the camera's."""
        return points @ self.rotation.T

    def to_pixels(self, points: Tensor) -> Tensor:
        """Project points (..., 3) of the camera's axes to pixels (..., 2)."""
        size = self.scale * CAMERA_DISTANCE / (CAMERA_DISTANCE - points[..., 2:])
        return points[..., :2] * size + self.centre.to(points)

    def from_pixels(self, pixels: Tensor, depth: Tensor) -> Tensor:
        """Return the points (..., 3) of the camera's axes that pixels (..., 2) show at a depth."""
        size = self.scale * CAMERA_DISTANCE / (CAMERA_DISTANCE - depth[..., None])
        return torch.cat([(pixels - self.centre.to(pixels)) / size, depth[..., None]], dim=-1)


@one_thread()
@torch.no_grad()
def fit_head(
    landmarks: FaceLandmarks, start: HeadFit | None = None, shape: Tensor | None = None
) -> HeadFit:
    """Fit the head to a face by Gauss-Newton steps.

    Parameters
    ----------
    landmarks : FaceLandmarks
    start : HeadFit, optional
        The fit to the frame before of the same person: its shape stays, and few steps suffice.
    shape : Tensor, shape (40,), optional
        The person's, without a fit to the frame before: only pose and expression are found.

    Notes
    -----
    Torch solves, not NumPy: its threads can be bounded for a call. Threads that share systems this
    small wait for each other on a busy machine.
    """
    points = _surface(landmarks)
    mean, shapes, moves = head_model().landmarks
    fit, steps = (start, NEXT_STEPS) if start else (_first_guess(points), STEPS)
    if shape is not None:
        fit = replace(fit, shape=shape)
    if start or shape is not None:
        mean, shapes = mean + _mixed(fit.shape, shapes), shapes[:0]
    directions = torch.cat([shapes, moves])
    prior = points.new_tensor([1 / SHAPE_PRIOR**2] * len(shapes) + [1 / MOVE_PRIOR**2] * len(moves))
    for _ in range(steps):
        fit = _step(fit, points, mean, directions, prior)
    fitted = fit.to_camera(mean + _mixed(_coefficients(fit, directions), directions))
    miss = fit.to_pixels(fitted) - points[:, :2]
    error = float(miss.square().sum(dim=1).mean().sqrt()) / landmarks.eye_distance
    return replace(fit, error=error)


def find_head(landmarks: FaceLandmarks) -> HeadFit:
    """Fit the head to a face, or place the mean head on one that is no human's, with a note."""
    fit = fit_head(landmarks)
    if fit.error <= LARGEST_ERROR:
        return fit
    logger.warning(
        "The face is %.2f eye distances off any human head, more than %.2f. It turns like a mean "
        "head that faces the viewer. Check its points, or use smaller turns.",
        fit.error,
        LARGEST_ERROR,
    )
    return mean_head(landmarks)


@torch.no_grad()
def mean_head(landmarks: FaceLandmarks) -> HeadFit:
    """Place the mean head on a face, as if it faced the viewer."""
    points = _surface(landmarks)[:, :2]
    mean = head_model().landmarks[0]
    turn, scale = _procrustes(points, mean[:, :2])
    rotation = torch.eye(3, dtype=points.dtype)
    rotation[:2, :2] = turn
    return _unshaped(rotation, scale, points)


def _surface(landmarks: FaceLandmarks) -> Tensor:
    return torch.from_numpy(landmarks.mesh[:NUM_SURFACE_POINTS].astype(float))


def _first_guess(points: Tensor) -> HeadFit:
    """Take the mean head's pose from the network's three coordinates, without perspective."""
    toward_viewer = points.new_tensor([1, 1, -1])  # the network's depth grows away from the viewer
    rotation, scale = _procrustes(points * toward_viewer, head_model().landmarks[0])
    return _unshaped(rotation, scale, points[:, :2])


def _procrustes(target: Tensor, source: Tensor) -> tuple[Tensor, float]:
    """Return the rotation and the scale that carry points (N, d) next to others."""
    target, source = target - target.mean(dim=0), source - source.mean(dim=0)
    u, stretch, vh = torch.linalg.svd(target.T @ source)
    signs = torch.ones_like(stretch)
    signs[-1] = torch.linalg.det(u @ vh).sign()
    return u @ (signs[:, None] * vh), float((signs * stretch).sum() / source.square().sum())


def _unshaped(rotation: Tensor, scale: float, points: Tensor) -> HeadFit:
    model = head_model()
    middle = (rotation @ model.landmarks[0].mean(dim=0))[:2]
    none = points.new_zeros(len(model.shapes)), points.new_zeros(len(model.moves))
    return HeadFit(rotation, scale, points.mean(dim=0) - scale * middle, *none)


def _mixed(coefficients: Tensor, directions: Tensor) -> Tensor:
    return (coefficients @ directions.flatten(1)).view(directions.shape[1:])


def _coefficients(fit: HeadFit, directions: Tensor) -> Tensor:
    """Return the coefficients of directions, which are shapes and moves, or moves alone."""
    return torch.cat([fit.shape, fit.moves])[-len(directions) :]


def _step(fit: HeadFit, points: Tensor, mean: Tensor, directions: Tensor, prior: Tensor) -> HeadFit:
    """Take one step towards the least squares of landmarks, depths and priors."""
    coefficients = _coefficients(fit, directions)
    seen = fit.to_camera(mean + _mixed(coefficients, directions))
    size = (CAMERA_DISTANCE / (CAMERA_DISTANCE - seen[:, 2]))[:, None]
    axes, zero = torch.eye(3, dtype=seen.dtype), torch.zeros_like(seen)[None]
    turned = torch.linalg.cross(axes[:, None], seen[None])
    moved = torch.cat([turned, fit.to_camera(directions)])
    growth = moved[..., 2:] * seen[:, :2] * size / CAMERA_DISTANCE  # of what comes nearer
    shown = size * (moved[..., :2] + growth)
    shifts = axes[:2, None, :2].expand(2, len(seen), 2)
    scaled = (size * seen[:, :2])[None]
    columns = torch.cat([shown[:3], shifts, scaled, shown[3:]]).flatten(1).T
    miss = ((points[:, :2] - fit.to_pixels(seen)) / fit.scale).flatten()
    nearer = torch.cat([turned, zero, zero, seen[None], moved[3:]])[..., 2].T
    depth_miss = -points[:, 2] / fit.scale - seen[:, 2]
    nearer, depth_miss = nearer - nearer.mean(dim=0), depth_miss - depth_miss.mean()
    square = columns.T @ columns / NOISE**2 + nearer.T @ nearer / DEPTH_NOISE**2
    right = columns.T @ miss / NOISE**2 + nearer.T @ depth_miss / DEPTH_NOISE**2
    square[POSE:, POSE:] += prior.diag()
    right[POSE:] -= prior * coefficients
    change = torch.linalg.solve(square, right)
    coefficients = coefficients + change[POSE:]
    num_moves = len(fit.moves)
    shape = coefficients[:-num_moves].clamp(-SHAPE_LIMIT, SHAPE_LIMIT)
    return replace(
        fit,
        rotation=_rotation(change[:3]) @ fit.rotation,
        scale=fit.scale * math.exp(float(change[5])),
        centre=fit.centre + change[3:5] * fit.scale,
        shape=shape if len(shape) else fit.shape,
        moves=coefficients[-num_moves:].clamp(0, 1),
    )


def _rotation(vector: Tensor) -> Tensor:
    """Return the rotation around a vector by its length in radians."""
    x, y, z = vector.tolist()
    return torch.linalg.matrix_exp(vector.new_tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]]))
