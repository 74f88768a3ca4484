"""The performance seen in a clip, as motion for the built-in renderer."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..face.face_track import FaceTrack
from ..face.smooth_in_time import smooth_in_time
from ..motion.checks import MAX_FPS, MIN_FPS, check_number
from ..motion.controls import TRANSLATION_UNIT, compose, rest_expression
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
from ..runtime.threads import one_thread
from .head_fit import HeadFit, fit_head
from .reference_frame import most_frontal, reference_frame, trusted_frames
from .seen_controls import correct_angles, read_controls
from .seen_pose import seen_pose
from .stored_fits import StoredFits
from .unturned_face import MEASURES, PersonsHead, measure

SHAPE_FRAMES = 6  # whose mean is the person's shape
SMOOTHING_S = 0.05  # standard deviation in time
SHARP = ("gap", "left_lids", "right_lids")  # measures that are not smoothed
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
        index = torch.from_numpy(position).long().clamp(max=max(len(self.times) - 2, 0))
        weight = (torch.from_numpy(position) - index).to(self.values)[:, None]
        following = (index + 1).clamp(max=len(self.times) - 1)
        values = torch.lerp(self.values[index], self.values[following], weight)
        return Motion(values, rest_expression().clone(), fps)


@one_thread()
def see_motion(track: FaceTrack, progress: Callable[[int, int], None] | None = None) -> SeenMotion:
    """Turn the landmarks of a followed face into motion.

    Parameters
    ----------
    track : FaceTrack
    progress : callable, optional
        Called with the number of frames that are done, and N.

    Raises
    ------
    ValueError
        If the face is lost in all frames.
    """
    if track.is_lost.all():
        raise ValueError("Expected a face in at least one frame, got none.")
    person = _person(track)
    fits, measures = _fit_frames(track, person, progress)
    reference = reference_frame(track, fits, measures)
    is_sharp = np.isin(list(MEASURES), SHARP)
    measures = np.where(is_sharp, measures, _smooth(track, measures))
    change = measures - measures[reference]
    pose = seen_pose(fits, reference, PersonsHead.of(person).unit)
    angles = correct_angles(pose.angles, change)
    head = _in_one_place(track, np.column_stack([np.log(pose.scale), pose.shift]), reference)
    head = _smooth(track, np.column_stack([head, angles]))
    controls = read_controls(measures, measures[reference], trusted_frames(track))
    curves = np.column_stack([head - head[reference], controls])
    curves = _without_jumps(track, _through_gaps(track, curves))
    return SeenMotion(np.asarray(track.times, float), _motion_values(curves), reference, fits)


def _person(track: FaceTrack) -> HeadFit:
    """Return the fit of a frontal frame, with the mean shape of several."""
    frames = [fit_head(track.landmarks(index)) for index in most_frontal(track, SHAPE_FRAMES)]
    return replace(frames[0], shape=torch.stack([fit.shape for fit in frames]).mean(dim=0))


def _fit_frames(
    track: FaceTrack, person: HeadFit, progress: Callable[[int, int], None] | None
) -> tuple[StoredFits, np.ndarray]:
    """Return the fits and the measures (N, M) of all frames, NaN where the face is lost."""
    fits, head = StoredFits(len(track), person.shape), PersonsHead.of(person)
    measures = np.full((len(track), len(MEASURES)), np.nan, np.float32)
    last: HeadFit | None = None
    for index in range(len(track)):
        landmarks = track.landmarks(index)
        if landmarks is None or index in track.restarts:
            last = None
        if landmarks is not None:
            start = last or replace(fit_head(landmarks), shape=person.shape)
            fits[index] = last = fit_head(landmarks, start)
            measures[index] = measure(head.unturned(last, landmarks))
        if progress is not None:
            progress(index + 1, len(track))
    return fits, measures


def _shots(track: FaceTrack) -> list[slice]:
    """Return the parts of a track between restarts."""
    bounds = [0, *(start for start in track.restarts if start > 0), len(track)]
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]


def _runs(chosen: np.ndarray, start: int = 0) -> list[slice]:
    """Return the parts of a mask (n,) in which it is true, in frames from `start` on."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]]).astype(int))) + start
    return [slice(*pair) for pair in edges.reshape(-1, 2).tolist()]


def _smooth(track: FaceTrack, values: np.ndarray) -> np.ndarray:
    """Smooth values (N, C) in time, between lost frames and restarts."""
    smooth, trust = np.full(values.shape, np.nan), track.confidence.clip(0.01)
    for shot in _shots(track):
        for run in _runs(~track.is_lost[shot], shot.start):
            smooth[run] = smooth_in_time(track.times[run], values[run], trust[run], SMOOTHING_S)
    return smooth


def _in_one_place(track: FaceTrack, places: np.ndarray, reference: int) -> np.ndarray:
    """Bring the places and sizes (N, 3) of a head in other shots to those of the reference's."""
    moved = places.copy()
    for shot in _shots(track):
        found = ~track.is_lost[shot]
        if found.any() and not shot.start <= reference < shot.stop:
            moved[shot] -= np.median(places[shot][found], axis=0)
    return moved


def _through_gaps(track: FaceTrack, curves: np.ndarray) -> np.ndarray:
    """Fill in lost frames of curves (N, C), which are 0 at rest.

    What was seen last is held, then comes to rest, and turns in time into what is seen next.
    """
    filled, times, found = curves.copy(), track.times, np.flatnonzero(~track.is_lost)
    for gap in _runs(track.is_lost):
        before, after = found[found < gap.start][-1:], found[found >= gap.stop][:1]
        ends = np.concatenate([before, after])
        away_s = np.abs(times[gap, None] - times[ends]).min(axis=1)
        resting = _smoothstep((away_s - HOLD_S) / EASE_S)
        share = np.arange(1, gap.stop - gap.start + 1) / (gap.stop - gap.start + 1)
        held = curves[ends[0]] + _smoothstep(share)[:, None] * (curves[ends[-1]] - curves[ends[0]])
        filled[gap] = (1 - resting)[:, None] * held
    return filled


def _without_jumps(track: FaceTrack, curves: np.ndarray) -> np.ndarray:
    """Ease from the head's pose before a cut into that after it."""
    eased = curves.copy()
    for shot in _shots(track)[1:]:
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
