"""Score a motion with its sound, or a video."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from ...audio.level import check_same_length
from ...clip.clip_portrait import HIGHEST_RATE
from ...face.follow_face import follow_face
from ...head.seen_motion import see_motion
from ...head.seen_pose import seen_pose
from ...motion.motion import Motion
from ...runtime.prefetch import prefetched
from ...video.footage import Clip
from .closures import Closure, closed_share
from .lip_sync import LipSync, compare_lips
from .movement import blinks_per_minute, drift_deg, jitter_deg, shake_deg, smoothness
from .score import Score
from .steady_picture import SteadyPicture, see_steadiness

Sound = tuple[Tensor, int]  # waveform (C, T) and sample rate
Progress = Callable[[int, int], None]  # (done, total); may raise to cancel


@dataclass(frozen=True, eq=False)
class Measured:
    """A score, and what it was measured on.

    Parameters
    ----------
    score : Score
    motion : Motion
    lips : LipSync
    picture : SteadyPicture, optional
        Of a video.
    """

    score: Score
    motion: Motion
    lips: LipSync
    picture: SteadyPicture | None = None


def score_motion(motion: Motion, sound: Sound, closures: tuple[Closure, ...] = ()) -> Measured:
    """Score a motion with the sound that it speaks.

    Parameters
    ----------
    motion : Motion
    sound : tuple (waveform, sample_rate)
        Of shape (C, T), from the first frame on.
    closures : tuple of Closure
        Where lips must close, if that is known.

    Raises
    ------
    ValueError
        If the motion holds values that are not finite, or differs from the sound in length.
    """
    if not bool(motion.values.isfinite().all()):
        raise ValueError(
            "The motion holds NaN or infinite values, which can't be scored. Use another "
            "precision, less guidance, or another sampler."
        )
    check_same_length(*sound, motion)
    return _measured(motion, sound, closures, None)


def score_video(
    clip: Clip,
    sound: Sound,
    closures: tuple[Closure, ...] = (),
    motion: Motion | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Score the largest face of a video.

    Parameters
    ----------
    clip : Clip
        Decoded twice.
    sound : tuple (waveform, sample_rate)
        Of shape (C, T), from the first frame on.
    closures : tuple of Closure
        Where lips must close, if that is known.
    motion : Motion, optional
        What the video plays; default what is seen of it.
    progress : callable (done, total), optional
        Called after every frame of each pass.

    Raises
    ------
    FaceNotFoundError
        If no frame has a face.
    ValueError
        As `score_motion`.
    """
    count = _Count(2 * len(clip.times), progress)
    track = follow_face(count.each(prefetched(clip.frames(rough=True))))
    seen = see_motion(track)
    picture = see_steadiness(clip, track, seen.reference, count)
    if motion is not None:
        check_same_length(*sound, motion)
        return _measured(motion, sound, closures, picture)
    rate = min(float(clip.rate), HIGHEST_RATE)
    motion = seen.motion(rate, max(1, round(clip.duration_s * rate)))
    check_same_length(*sound, motion)
    measured = _measured(motion, sound, closures, picture)
    # The motion seen is smoothed in time, which would hide a head that shakes.
    angles = seen_pose(seen.fits, seen.reference, unit=1.0).angles
    score = replace(measured.score, jitter_deg=shake_deg(angles, float(clip.rate)))
    return replace(measured, score=score)


def _measured(
    motion: Motion, sound: Sound, closures: tuple[Closure, ...], picture: SteadyPicture | None
) -> Measured:
    lips = compare_lips(motion, *sound)
    score = Score(
        num_frames=len(motion),
        fps=float(motion.fps),
        lips=lips.agreement,
        lag_frames=lips.lag_frames,
        closures=closed_share(motion, closures),
        smoothness=smoothness(motion),
        jitter_deg=jitter_deg(motion),
        blinks_per_minute=blinks_per_minute(motion),
        drift_deg=drift_deg(motion),
        flicker=picture and picture.mean_flicker,
        identity=picture and picture.mean_identity,
    )
    return Measured(score, motion, lips, picture)


class _Count:
    """Counts frames, and reports them."""

    def __init__(self, total: int, progress: Progress | None):
        self.done, self.total, self.progress = 0, total, progress

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total)

    def each(self, frames: Iterator) -> Iterator:
        for frame in frames:
            yield frame
            self()
