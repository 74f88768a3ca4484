"""One face in a clip, with the motion that is seen of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..face.face_track import FaceTrack
from ..face.landmarks import FaceLandmarks
from ..face.square import Square
from ..head.head_fit import HeadFit
from ..motion.motion import Motion
from ..portrait.crop import CropTransform
from ..video.footage import Clip
from .clip_time import frames_of_clip

REGIONS = ("lower face", "whole face")  # what of the clip is replaced
HOLD_S, FADE_S = 0.12, 0.12  # a lost face stays animated for so long, then fades


@dataclass(frozen=True, eq=False)
class FaceClip:
    """A face followed through a clip; made by `clip_portrait`.

    Parameters
    ----------
    clip : Clip
    track : FaceTrack
        Of M frames.
    seen : Tensor, shape (M, 70)
        Motion that the clip shows, for a face at rest in the reference frame.
    rest : Tensor, shape (63,)
        Expression at rest of `seen`.
    reference : int
        The frame nearest to frontal and neutral.
    region : {"lower face", "whole face"}
        What is replaced; the rest of a frame is the clip's.
    after_end : {"loop", "hold", "cut"}
        See `frames_of_clip`.
    fits : sequence of HeadFit
        The head in each frame, None where the face is lost.
    source : object
        Private to the renderer.
    order : array of int, optional
        Frame of the clip for each frame of a motion; default by their times.
    """

    clip: Clip
    track: FaceTrack
    seen: Tensor
    rest: Tensor
    reference: int
    region: str
    after_end: str
    fits: Sequence[HeadFit | None]
    source: object
    order: np.ndarray | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the clip is shown to its end after a shorter motion, with the mouth at rest."""
        return self.region == "lower face"

    def frames_of(self, motion: Motion) -> np.ndarray:
        """Return the index of the clip's frame for each frame of a motion."""
        if self.order is not None:
            return self.order[: len(motion)]
        return frames_of_clip(self.clip, self.track.times, motion, self.after_end)

    def landmarks(self, index: int) -> FaceLandmarks:
        """Return the landmarks of a frame; where the face is lost, those nearest in time."""
        found = int(self._nearest[index])
        landmarks = self.track.landmarks(found)
        if found == index:
            return landmarks
        start, end = self.track.squares[found], self.track.squares[index]
        mesh = np.column_stack(
            [
                carried(landmarks.mesh[:, :2], start, end),
                landmarks.mesh[:, 2:] * end.side / start.side,
            ]
        )
        return replace(landmarks, mesh=mesh)

    def fit(self, index: int) -> HeadFit:
        """Return the head in a frame; where the face is lost, that nearest in time."""
        found = int(self._nearest[index])
        fit = self.fits[found]
        if found == index:
            return fit
        start, end = self.track.squares[found], self.track.squares[index]
        centre = torch.from_numpy(carried(fit.centre.numpy(), start, end))
        return replace(fit, centre=centre, scale=fit.scale * end.side / start.side)

    @cached_property
    def presence(self) -> np.ndarray:
        """How far the face is animated in each frame, (M,), in [0, 1]; less where it is lost."""
        times, found = self.track.times, self._nearest
        away_s = np.abs(times - times[found])
        return 1 - ((away_s - HOLD_S) / FADE_S).clip(0, 1)

    @cached_property
    def _nearest(self) -> np.ndarray:
        """The nearest frame in which the face is seen, of the same shot if there is one."""
        times, seen = self.track.times, np.flatnonzero(~self.track.is_lost)
        shots = np.searchsorted(self.track.restarts, np.arange(len(times)), "right")
        nearest = np.empty(len(times), int)
        for index, time_s in enumerate(times):
            place = np.searchsorted(seen, index)
            around = seen[max(0, place - 1) : place + 1]
            cost = np.abs(times[around] - time_s) + 1e6 * (shots[around] != shots[index])
            nearest[index] = around[np.argmin(cost)]
        return nearest


def carried(points: np.ndarray, start: Square, end: Square) -> np.ndarray:
    """Return pixels (..., 2) that lie to a square as others lie to another one."""
    ratio, turn = end.side / start.side, end.angle - start.angle
    cosine, sine = np.cos(turn) * ratio, np.sin(turn) * ratio
    across, down = np.moveaxis(points - (start.x, start.y), -1, 0)
    x, y = cosine * across - sine * down + end.x, sine * across + cosine * down + end.y
    return np.stack([x, y], axis=-1)


def carried_crop(crop: CropTransform, start: Square, end: Square) -> CropTransform:
    """Return a crop that lies to a square as another lies to another one."""
    if start == end:
        return crop
    # A crop counts pixels from the centre of the first one, a square from its corner.
    center = (carried(crop.center + 0.5, start, end) - 0.5).astype(np.float32)
    ratio, turn = end.side / start.side, end.angle - start.angle
    return replace(crop, center=center, side=crop.side * ratio, angle=crop.angle + turn)
