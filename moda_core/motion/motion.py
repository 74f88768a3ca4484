"""Facial motion: the layout of its 70 dims, its statistics, and operations over time.

Layout of a frame (spec E): expression 63 (21 keypoints x, y, z, keypoint-major), scale,
translation 3, pitch, yaw, roll. Angles are in degrees: + pitch looks down, + yaw turns the nose to
the image's left, + roll turns clockwise in the image.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from .files.save import save_motion
from .interpolation import sample_linear

MOTION_DIM = 70
EXPRESSION = slice(0, 63)
SCALE = slice(63, 64)
TRANSLATION = slice(64, 67)
PITCH, YAW, ROLL = slice(67, 68), slice(68, 69), slice(69, 70)
ANGLES = slice(67, 70)
HEAD = slice(63, 70)  # scale, translation and rotation

FPS = 25
STD_FLOOR = 1e-5  # added to every standard deviation (spec E)

# Lip keypoints of the released lip modulation (spec E).
LIP_KEYPOINTS = (6, 12, 14, 17, 19, 20)
LIP_DIMS = [3 * keypoint + axis for keypoint in LIP_KEYPOINTS for axis in range(3)]


@dataclass(frozen=True, eq=False)
class MotionStats:
    """Mean and standard deviation of the 70 motion dims, which define the normalised space.

    Parameters
    ----------
    mean, std : Tensor, shape (70,)
        In de-normalised units; `STD_FLOOR` is added to `std` wherever it is used.
    """

    mean: Tensor
    std: Tensor

    def normalize(self, motion: Tensor) -> Tensor:
        """Return ``(motion - mean) / (std + 1e-5)`` for motion of shape (..., 70)."""
        return (motion - self.mean.to(motion)) / (self.std.to(motion) + STD_FLOOR)

    def denormalize(self, motion: Tensor) -> Tensor:
        """Return ``motion * (std + 1e-5) + mean`` for normalised motion of shape (..., 70)."""
        return motion * (self.std.to(motion) + STD_FLOOR) + self.mean.to(motion)


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def released_stats() -> MotionStats:
    """Return the statistics of the released model's training set.

    They are facts about the model's output format; `motion_stats.json` names their source.
    """
    stored = json.loads(Path(__file__).with_name("motion_stats.json").read_text("utf-8"))
    return MotionStats(torch.tensor(stored["mean"]), torch.tensor(stored["std"]))


@dataclass(frozen=True, eq=False)
class Motion:
    """Facial motion that any renderer can play on any portrait.

    Parameters
    ----------
    values : Tensor, shape (N, 70), float32
        De-normalised, for a face of the data set's mean scale.
    rest : Tensor, shape (63,)
        The expression at rest that `values` started from.

    Raises
    ------
    ValueError
        If a shape or the frame rate is wrong.
    """

    values: Tensor
    rest: Tensor
    fps: float = FPS

    def __post_init__(self):
        if self.values.ndim != 2 or self.values.shape[1] != MOTION_DIM or not len(self.values):
            raise ValueError(
                f"Expected motion of shape (N, {MOTION_DIM}) with at least one frame, "
                f"got {tuple(self.values.shape)}."
            )
        if tuple(self.rest.shape) != (63,):
            raise ValueError(f"Expected rest of shape (63,), got {tuple(self.rest.shape)}.")
        if not self.fps > 0:
            raise ValueError(f"Expected a frame rate above 0, got {self.fps}.")

    def __len__(self) -> int:
        return self.values.shape[0]

    def __repr__(self) -> str:
        return f"Motion({len(self)} frames at {self.fps:g} fps)"

    @property
    def offset(self) -> Tensor:
        """Expression minus rest, shape (N, 63)."""
        return self.values[:, EXPRESSION] - self.rest.to(self.values)

    @property
    def time_s(self) -> Tensor:
        """Time of every frame in seconds, shape (N,), float64."""
        return torch.arange(len(self), dtype=torch.float64) / self.fps

    def save(self, path: str | Path) -> None:
        """Write the motion to a ``.safetensors`` or ``.json`` file, replacing it when complete.

        Raises
        ------
        OutputError
            If the suffix is another one, or the file can't be written.
        ValueError
            If a value is not finite, or the frame rate is not from 1 to 240.
        """
        save_motion(path, self.values, self.rest, self.fps)

    def resampled(self, fps: float, num_frames: int) -> "Motion":
        """Return the same movement at another frame rate, interpolated linearly.

        Frame i stands for the time ``i / fps``; past the end the last frame is held. Raises a
        ValueError unless both numbers are above 0.
        """
        if not fps > 0 or num_frames < 1:
            raise ValueError(f"Expected a rate and a length above 0, got {fps} and {num_frames}.")
        position = torch.arange(num_frames, dtype=torch.float64) * (self.fps / fps)
        return replace(self, values=sample_linear(self.values, position), fps=fps)


def smooth_pose(motion: Tensor) -> Tensor:
    """Average scale, translation and rotation over three frames (spec D.5): (..., N, 70).

    The end frames are means of the two frames available; a single frame stays as it is.
    """
    smoothed = motion.clone()
    num_frames = motion.shape[-2]
    if num_frames < 2:
        return smoothed
    pose = motion[..., HEAD]
    smoothed[..., 0, HEAD] = (pose[..., 0, :] + pose[..., 1, :]) / 2
    smoothed[..., -1, HEAD] = (pose[..., -2, :] + pose[..., -1, :]) / 2
    if num_frames > 2:
        total = pose[..., :-2, :] + pose[..., 1:-1, :] + pose[..., 2:, :]
        smoothed[..., 1:-1, HEAD] = total / 3
    return smoothed


def previous_motion(info: dict[str, Tensor], stats: MotionStats) -> tuple[Tensor, Tensor]:
    """Turn a portrait's motion info into the normalised frame before the first one (spec E).

    Parameters
    ----------
    info : dict
        Refined motion info: ``exp`` (1, 63) or (1, 21, 3), ``scale`` (1, 1), ``t`` (1, 3),
        ``pitch``, ``yaw``, ``roll`` (1, 1) in degrees.
    stats : MotionStats
        Of the model that will continue the motion.

    Returns
    -------
    previous : Tensor, shape (1, 1, 70)
        Normalised, brought to the data set's mean scale.
    rescale_ratio : Tensor, shape (1, 1)
        Scale of the portrait over the data set's mean scale.
    """
    mean_scale = stats.mean[SCALE].to(info["scale"])
    rescale_ratio = (info["scale"] + 1e-5) / (mean_scale + 1e-5)
    translation = torch.cat([info["t"][:, :2], torch.zeros_like(info["t"][:, 2:])], dim=1)
    parts = [info["exp"].reshape(1, 63), info["scale"] / rescale_ratio, translation / rescale_ratio]
    parts += [info[axis].reshape(1, 1) for axis in ("pitch", "yaw", "roll")]
    return stats.normalize(torch.cat(parts, dim=1))[None], rescale_ratio


def motion_info(motion: Tensor, rescale_ratio: Tensor) -> dict[str, Tensor]:
    """Split de-normalised motion (N, 70) into what drives the keypoints of one face (spec E).

    `rescale_ratio` (1, 1) is the portrait's, from `previous_motion`. Returns ``exp`` (N, 63),
    ``scale`` (N, 1), ``t`` (N, 3), and ``pitch``, ``yaw``, ``roll`` (N, 1).
    """
    return {
        "exp": motion[:, EXPRESSION],
        "scale": motion[:, SCALE] * rescale_ratio,
        "t": motion[:, TRANSLATION] * rescale_ratio,
        "pitch": motion[:, PITCH],
        "yaw": motion[:, YAW],
        "roll": motion[:, ROLL],
    }


def modulate_lips(motion: Tensor, silent_frames: int, reference_index: int | None = None) -> Tensor:
    """Exaggerate the lips' distance from a frame of closed lips (spec E).

    Parameters
    ----------
    motion : Tensor, shape (N, 70)
        Normalised, with the silence that was added to the speech.
    silent_frames : int
        Length of that silence; the reference lies three quarters of it before the end.
    reference_index : int, optional
        Another frame of closed lips.

    Returns
    -------
    Tensor, shape (N, 70)
        A new tensor; only the six lip keypoints differ.
    """
    if reference_index is None:
        reference_index = motion.shape[0] - max(int(0.75 * silent_frames), 1)
    closed = motion[reference_index][None]
    return widen_lips(motion, closed, lip_distance(motion, closed).max())


def lip_distance(motion: Tensor, closed: Tensor) -> Tensor:
    """Return the squared distance (N, 1) of the lips in motion (N, 70) from a frame (1, 70)."""
    return ((motion[:, LIP_DIMS] - closed[:, LIP_DIMS]) ** 2).sum(dim=1, keepdim=True)


def widen_lips(motion: Tensor, closed: Tensor, widest: float | Tensor) -> Tensor:
    """Exaggerate the lips of motion (N, 70); `widest` is the largest `lip_distance` of all."""
    gain = (torch.sigmoid(5 * lip_distance(motion, closed)) - 0.5) / (0.1 * widest + 0.05)
    modulated, lips = motion.clone(), closed[:, LIP_DIMS]
    modulated[:, LIP_DIMS] = lips + (motion[:, LIP_DIMS] - lips) * (1 + gain)
    return modulated
