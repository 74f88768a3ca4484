"""What the landmarks of a followed face tell of its head, frame by frame."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from ..face.face_track import FaceTrack
from ..runtime.threads import one_thread
from .head_fit import HeadFit, fit_head
from .reference_frame import most_frontal, reference_frame
from .seen_pose import SeenPose, seen_pose
from .stored_fits import StoredFits
from .track_parts import smooth_parts
from .unturned_face import MEASURES, PersonsHead, measure

PART = 64  # frames that are fitted one after the other, beside other parts
SHAPE_FRAMES = 6  # whose mean is the person's shape
SHARP = ("gap", "left_lids", "right_lids")  # measures that are not smoothed


@dataclass(frozen=True, eq=False)
class ObservedHead:
    """A head in the N frames of a clip; what is not known where it is lost is NaN.

    Parameters
    ----------
    reference : int
        The frame that shows the face most frontal and neutral.
    fits : StoredFits
        All of one shape.
    measures : array, shape (N, M)
        `MEASURES` in eye distances, smooth in time but for lips and lids that open.
    pose : SeenPose
        Relative to the reference, not smoothed.
    """

    reference: int
    fits: StoredFits
    measures: np.ndarray
    pose: SeenPose

    @property
    def change(self) -> np.ndarray:
        """Measures less those of the reference, (N, M)."""
        return self.measures - self.measures[self.reference]


def observe_head(
    track: FaceTrack,
    progress: Callable[[int, int], None] | None = None,
    reference: int | None = None,
) -> ObservedHead:
    """Fit one person's head to all frames of a track, and measure its face; see `see_motion`."""
    if track.is_lost.all():
        raise ValueError("Expected a face in at least one frame, got none.")
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        frontal = map(track.landmarks, most_frontal(track, SHAPE_FRAMES))
        shapes = [fit.shape for fit in pool.map(fit_head, frontal)]
        person = PersonsHead.of(torch.stack(shapes).mean(dim=0))
        fits, measures = _fit_frames(track, person, pool, progress)
    if reference is None:
        reference = reference_frame(track, fits, measures)
    measures = np.where(np.isin(list(MEASURES), SHARP), measures, smooth_parts(track, measures))
    return ObservedHead(reference, fits, measures, seen_pose(fits, reference, person.unit))


def _fit_frames(
    track: FaceTrack,
    person: PersonsHead,
    pool: Executor,
    progress: Callable[[int, int], None] | None,
) -> tuple[StoredFits, np.ndarray]:
    fits = StoredFits(len(track), person.shape)
    measures = np.full((len(track), len(MEASURES)), np.nan, np.float32)

    @one_thread()
    def fit_part(start: int) -> int:
        """Fit the frames of a part, each from the last one's fit, and return its end."""
        stop = min(start + PART, len(track))
        last: HeadFit | None = None
        for index in range(start, stop):
            landmarks = track.landmarks(index)
            if landmarks is None or index in track.restarts:
                last = None
            if landmarks is not None:
                last = fit_head(landmarks, last, person.shape)
                fits[index] = last
                measures[index] = measure(person.unturned(last, landmarks))
        return stop

    for done in pool.map(fit_part, range(0, len(track), PART)):
        if progress is not None:
            progress(done, len(track))
    return fits, measures
