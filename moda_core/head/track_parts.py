"""Parts of a track between restarts and lost frames, and what is smoothed within them."""

import itertools

import numpy as np

from ..face.face_track import FaceTrack
from ..face.smooth_in_time import smooth_in_time

SMOOTHING_S = 0.05  # standard deviation in time
LEAST_TRUST = 0.01


def shots(track: FaceTrack) -> list[slice]:
    """Return the parts of a track between restarts."""
    bounds = [0, *(start for start in track.restarts if start > 0), len(track)]
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]


def runs(chosen: np.ndarray, start: int = 0) -> list[slice]:
    """Return the parts of a mask (n,) in which it is true, as frames from `start` on."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]]).astype(int))) + start
    return [slice(*pair) for pair in edges.reshape(-1, 2).tolist()]


def smooth_parts(track: FaceTrack, values: np.ndarray) -> np.ndarray:
    """Smooth values (N, C) in time, but not across lost frames, which are NaN, and restarts."""
    smooth, trust = np.full(values.shape, np.nan), track.confidence.clip(LEAST_TRUST)
    for shot in shots(track):
        for run in runs(~track.is_lost[shot], shot.start):
            smooth[run] = smooth_in_time(track.times[run], values[run], trust[run], SMOOTHING_S)
    return smooth
