"""The performance seen in a clip, as motion for the built-in renderer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..face.face_track import FaceTrack
from ..motion.checks import MAX_FPS, MIN_FPS, check_number
from ..motion.controls import TRANSLATION_UNIT, compose, rest_expression
from ..motion.interpolation import sample_linear
from ..motion.motion import (
    EXPRESSION,
    FPS,
    PITCH,
    ROLL,
    SCALE,
    TRANSLATION,
    Motion,
    released_stats,
)
from .observed_head import observe_head
from .reference_frame import trusted_frames
from .seen_controls import correct_angles, read_controls
from .stored_fits import StoredFits
from .track_parts import runs, shots, smooth_parts

ANGLES, HEAD_DIMS = slice(PITCH.start, ROLL.stop), 6  # of the curves: scale, shift, angles
HOLD_S, EASE_S = 0.2, 0.5  # of a lost face, until it begins to rest, and until it does


@dataclass(frozen=True, eq=False)
class SeenMotion:
    """What a face does in the N frames of a clip.

    Parameters
    ----------
    times : array, shape (N,)
        Of the frames, in seconds.
    values : Tensor, shape (N, 70), float32
        Motion of each frame; at rest where the face is lost for long.
    reference : int
        The frame that shows the face most frontal and neutral: pose and expression are relative to
        it, but for the opening of the lips and the lids. A portrait made of it plays the motion.
    fits : StoredFits
        The head in each frame.
    """

    times: np.ndarray
    values: Tensor
    reference: int
    fits: StoredFits

    def motion(self, fps: float = FPS, num_frames: int | None = None) -> Motion:
        """Return the motion at a constant rate, interpolated linearly in time.

        Frame k stands for the time ``k / fps`` of the clip; before its first frame and after its
        last one, that one is held. By default it lasts as long as the clip.

        Raises
        ------
        ValueError
            If the rate is not from 1 to 240, or there are no frames.
        """
        check_number("fps", fps, MIN_FPS, MAX_FPS)
        if num_frames is None:
            last_s = float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1 / fps
            num_frames = max(1, round((float(self.times[-1]) + last_s) * fps))
        check_number("num_frames", num_frames, 1)
        wanted = np.arange(num_frames) / fps
        position = np.interp(wanted, self.times, np.arange(len(self.times)))
        values = sample_linear(self.values, torch.from_numpy(position))
        return Motion(values, rest_expression().clone(), fps)


def see_motion(
    track: FaceTrack,
    progress: Callable[[int, int], None] | None = None,
    reference: int | None = None,
) -> SeenMotion:
    """Turn the landmarks of a followed face into motion.

    Parameters
    ----------
    track : FaceTrack
    progress : callable, optional
        Called with the number of frames that are done, and N.
    reference : int, optional
        A frame in which the face is seen; default the most frontal and neutral one.

    Raises
    ------
    ValueError
        If the face is lost in all frames.
    """
    observed = observe_head(track, progress, reference)
    pose, reference = observed.pose, observed.reference
    head = _in_one_place(track, np.column_stack([np.log(pose.scale), pose.shift]), reference)
    angles = correct_angles(pose.angles, observed.change)
    head = smooth_parts(track, np.column_stack([head, angles]))
    controls = read_controls(observed.measures, reference, trusted_frames(track))
    curves = np.column_stack([head - head[reference], controls])
    curves = _without_jumps(track, _through_gaps(track, curves))
    values = _motion_values(curves)
    return SeenMotion(np.asarray(track.times, float), values, reference, observed.fits)


def _in_one_place(track: FaceTrack, places: np.ndarray, reference: int) -> np.ndarray:
    """Bring the places and sizes (N, 3) of a head in other shots to those of the reference's."""
    moved = places.copy()
    for shot in shots(track):
        found = ~track.is_lost[shot]
        if found.any() and not shot.start <= reference < shot.stop:
            moved[shot] -= np.median(places[shot][found], axis=0)
    return moved


def _through_gaps(track: FaceTrack, curves: np.ndarray) -> np.ndarray:
    """Fill in lost frames of curves (N, C), which are 0 at rest.

    What was seen last is held, then comes to rest, and turns in time into what is seen next.
    """
    filled, times, found = curves.copy(), track.times, np.flatnonzero(~track.is_lost)
    for gap in runs(track.is_lost):
        before, after = found[found < gap.start][-1:], found[found >= gap.stop][:1]
        ends = np.concatenate([before, after])
        away_s = np.abs(times[gap, None] - times[ends]).min(axis=1)
        resting = _smoothstep((away_s - HOLD_S) / EASE_S)
        (start, stop), (start_s, stop_s) = curves[ends[[0, -1]]], times[ends[[0, -1]]]
        share = (times[gap] - start_s) / max(stop_s - start_s, 1e-6)
        held = start + share.clip(0, 1)[:, None] * (stop - start)
        filled[gap] = (1 - resting)[:, None] * held
    return filled


def _without_jumps(track: FaceTrack, curves: np.ndarray) -> np.ndarray:
    """Ease from the head's pose before a cut into that after it."""
    eased = curves.copy()
    for shot in shots(track)[1:]:
        if not track.is_lost[shot.start - 1]:
            jump = eased[shot.start - 1, :HEAD_DIMS] - curves[shot.start, :HEAD_DIMS]
            passed = (track.times[shot] - track.times[shot.start - 1]) / EASE_S
            eased[shot, :HEAD_DIMS] += (1 - _smoothstep(passed))[:, None] * jump
    return eased


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = x.clip(0, 1)
    return x * x * (3 - 2 * x)


def _motion_values(curves: np.ndarray) -> Tensor:
    """Turn logarithm of the scale, shift, angles and controls (N, 18) into motion (N, 70)."""
    values = released_stats().mean.repeat(len(curves), 1)
    rows = torch.from_numpy(curves).float()
    values[:, SCALE] *= rows[:, :1].exp()
    values[:, TRANSLATION][:, :2] += rows[:, 1:3] / TRANSLATION_UNIT
    values[:, ANGLES] = rows[:, 3:6]
    values[:, EXPRESSION] = rest_expression() + compose(rows[:, 6:])
    return values
