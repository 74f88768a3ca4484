"""Facial controls and angles that the measures of a face tell.

Weights and gains come from `tests/head_model/fit_read_outs.py`, which plays known motion on
portraits with the built-in renderer and follows it: a seen motion played again looks the same. It
fits 1.15 for the yaw; 1.21 suits the small turns of speech, of which less is seen, and gaze, fitted
as 33, is held back against noise. The curve of the lids was read off the same pictures.
"""

from collections.abc import Mapping

import numpy as np

from ..motion.controls import CONTROLS, OPENING
from .unturned_face import MEASURES

CLOSED_GAP = 0.01  # of closed lips, as the network sees them
PRESSED_GAP = 0.04  # up to which lips may be pressed
# Change of a control for that of a measure, by one eye distance, from the reference frame.
READ_OUTS: dict[str, Mapping[str, float]] = {
    "close": {"upper_lip": -6.4, "lower_lip": -6.4},
    "width": {"width": 4.9, "gap": 0.5, "corners": 3.2, "under_lip": -1.7},
    "smile": {"corners": -8.7, "gap": -0.4, "width": -0.6, "under_lip": 3.4, "cheeks": -5.7},
    "skew": {"left_corner": 9.3, "right_corner": -9.3},
    "sneer": {"lip_line": -1.0, "nose_wings": -1.7},
    "brow": {"inner_brows": -5.7, "middle_brows": -5.7, "outer_brows": -5.7},
    "worry": {"inner_brows": -9.9, "middle_brows": 0.9, "outer_brows": 11.7},
    "frown": {"between_brows": -0.9, "inner_brows": 4.6, "outer_brows": -4.6},
    "gaze": {"irises": 28.0},
}
# Played angles over seen ones: the network sees less of a nod, and an opening jaw as one.
ANGLE_GAINS = {"pitch": 1.5, "yaw": 1.21, "roll": 1.0}
ANGLE_READ_OUTS: dict[str, Mapping[str, float]] = {
    "pitch": {"gap": 7.0, "left_lids": 7.5, "right_lids": 7.5},
    "yaw": {"nose_x": 34.0, "mouth_x": -16.0},
    "roll": {},
}
LIDS = {"blink_left": "left_lids", "blink_right": "right_lids"}
OPEN_PERCENTILE = 75.0  # of a person's lids, at which an eye counts as open
USUAL_SHUT, SHUT_RANGE = (
    0.3,
    (0.1, 0.5),
)  # openings that the network sees of shut eyes, of open ones
# Share of the way from open to shut lids as the network sees them, and the lids' own: it trembles
# about open ones.
SEEN_SHUT = (-1.0, -0.06, 0.08, 0.24, 0.4, 0.75, 0.95)
SHUT = (-1.4, 0.0, 0.0, 0.33, 0.55, 0.78, 1.0)


def read_controls(measures: np.ndarray, reference: int, trusted: np.ndarray) -> np.ndarray:
    """Return the controls (N, 12) of measures (N, M).

    All controls but the jaw and the lids are relative to the frame `reference`, the lids to those
    of the frames `trusted` (N,), bool.
    """
    seen = dict(zip(MEASURES, measures.T, strict=True))
    change, controls = measures - measures[reference], np.zeros((len(measures), len(CONTROLS)))
    gap = np.maximum(seen["gap"] - CLOSED_GAP, 0)
    for index, name in enumerate(CONTROLS):
        if name == "jaw":
            controls[:, index] = gap / OPENING
        elif name in LIDS:
            lids = seen[LIDS[name]]
            controls[:, index] = _blink(lids, lids[trusted])
        else:
            controls[:, index] = weighted(change, READ_OUTS[name])
    close = CONTROLS.index("close")
    pressed = (1 - gap / PRESSED_GAP).clip(0, 1)
    controls[:, close] = controls[:, close].clip(0, 1) * pressed
    return controls


def correct_angles(angles: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Correct seen angles (N, 3) by the change (N, M) of measures from the reference frame."""
    corrected = [
        ANGLE_GAINS[name] * angles[:, index] + weighted(change, ANGLE_READ_OUTS[name])
        for index, name in enumerate(("pitch", "yaw", "roll"))
    ]
    return np.stack(corrected, axis=1)


def weighted(change: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """Return sums (N,) or () of changes (N, M) or (M,) of `MEASURES` by named weights."""
    row = np.array([weights.get(name, 0.0) for name in MEASURES])
    return change @ row


def _blink(lids: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return how far an eye is shut, relative to the person's own open eye."""
    opened, least = np.percentile(own, OPEN_PERCENTILE), np.min(own)
    low, high = (share * opened for share in SHUT_RANGE)
    shut = max(least, low) if least < high else USUAL_SHUT * opened
    return np.interp((opened - lids) / max(opened - shut, 1e-6), SEEN_SHUT, SHUT)
