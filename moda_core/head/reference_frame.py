"""The frame of a clip that shows a face most frontal, neutral and sharp."""

import numpy as np

from ..face.face_track import FaceTrack
from ..face.mesh_points import NOSE_TIP, TEMPLES
from .stored_fits import StoredFits
from .unturned_face import MEASURES

TRUSTED = 0.5  # confidence of frames that count, if there are any
# Deviations from neutral that cost one.
YAW, NOD, TILT = 0.15, 0.15, 0.25  # radians
GAP, LIDS, MOVEMENT, DOUBT = 0.04, 0.15, 0.5, 0.3
EXPRESSION = {"width": 0.06, "corners": 0.04, "inner_brows": 0.04, "outer_brows": 0.04}


def trusted_frames(track: FaceTrack) -> np.ndarray:
    """Return which frames (N,), bool, show the face well enough to learn from them."""
    sure = track.confidence >= TRUSTED
    return sure if sure.any() else ~track.is_lost


def most_frontal(track: FaceTrack, count: int) -> list[int]:
    """Return up to `count` frames that look frontal, by their meshes alone, from the whole clip."""
    trusted = np.flatnonzero(trusted_frames(track))
    parts = np.array_split(trusted, min(count, len(trusted)))
    return [min(part, key=lambda index: _asymmetry(track, index)) for part in parts]


def _asymmetry(track: FaceTrack, index: int) -> float:
    """Return how far the tip of the nose is off the middle of the temples, in their distance."""
    mesh = track.meshes[index][:, :2]
    left, right = mesh[TEMPLES]
    across = (right - left) / np.hypot(*(right - left)) ** 2
    return abs(float((mesh[NOSE_TIP] - (left + right) / 2) @ across))


def reference_frame(track: FaceTrack, fits: StoredFits, measures: np.ndarray) -> int:
    """Return the frame that others are relative to; `measures` (N, M) are those of all frames.

    Eyes are open there and the lips closed, as far as the clip has such a frame, and the head looks
    at the viewer: its own usual nod is level.
    """
    trusted = trusted_frames(track)
    seen = dict(zip(MEASURES, measures.T, strict=True))
    ahead = fits.rotations[:, :, 2].astype(float)
    yaw, nod = np.arctan2(ahead[:, 0], ahead[:, 2]), np.arctan2(ahead[:, 1], ahead[:, 2])
    tilt = np.arctan2(fits.rotations[:, 1, 0], fits.rotations[:, 0, 0])
    cost = (yaw / YAW) ** 2 + (tilt / TILT) ** 2
    cost += ((nod - np.median(nod[trusted])) / NOD) ** 2
    cost += (np.maximum(seen["gap"], 0) / GAP) ** 2 + ((1 - track.confidence) / DOUBT) ** 2
    for name in ("left_lids", "right_lids"):
        opened = np.percentile(seen[name][trusted], 75)
        cost += ((seen[name] / opened - 1) / LIDS) ** 2
    for name, unit in EXPRESSION.items():
        cost += ((seen[name] - np.median(seen[name][trusted])) / unit) ** 2
    cost += (_movement(track) / MOVEMENT) ** 2
    return int(np.where(trusted, cost, np.inf).argmin())


def _movement(track: FaceTrack) -> np.ndarray:
    """Return the speed of the head (N,) in sides of its square a second, which blurs a picture."""
    places = np.array([(each.x, each.y, each.side) for each in track.squares])
    if len(track) < 2:
        return np.zeros(len(track))
    speed = np.gradient(places[:, :2], np.asarray(track.times, float), axis=0)
    return np.hypot(*speed.T) / places[:, 2]
