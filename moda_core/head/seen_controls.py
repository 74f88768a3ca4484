"""Facial controls and angles that the measures of a face tell.

Weights and gains come from `tests/head_model/fit_read_outs.py`, which plays known motion on
portraits with the built-in renderer and follows it: a seen motion played again looks the same.
"""

from collections.abc import Mapping

import numpy as np

from ..motion.controls import CONTROLS, OPENING
from .unturned_face import MEASURES

CLOSED_GAP = 0.01  # of closed lips, as the network sees them
PRESSED_GAP = 0.04  # up to which lips may be pressed
# Change of a control for that of a measure, by one eye distance, from the reference frame.
READ_OUTS: dict[str, Mapping[str, float]] = {
    "close": {"upper_lip": -2.2, "lower_lip": -6.0},
    "width": {"width": 4.2, "gap": 1.1, "corners": 2.7, "under_lip": -2.4},
    "smile": {"corners": -7.0, "gap": -1.8, "under_lip": 4.2, "cheeks": -3.2},
    "skew": {"left_corner": 7.5, "right_corner": -7.5},
    "sneer": {"lip_line": -1.4, "nose_wings": -1.7},
    "brow": {"inner_brows": -4.5, "middle_brows": -4.5, "outer_brows": -4.5},
    "worry": {"inner_brows": -8.4, "middle_brows": 0.6, "outer_brows": 9.7},
    "frown": {"between_brows": -0.7, "inner_brows": 4.5, "outer_brows": -3.9},
    "gaze": {"irises": 20.0},
}
# Seen angles over the true ones: the network sees less of a nod, and an opening jaw as one.
ANGLE_GAINS = {"pitch": 1.45, "yaw": 1.13, "roll": 1.0}
ANGLE_READ_OUTS: dict[str, Mapping[str, float]] = {
    "pitch": {"gap": 4.4, "left_lids": 8.0, "right_lids": 8.0, "corners": 0.8},
    "yaw": {"nose_x": 24.0, "mouth_x": -18.0},
    "roll": {},
}
LIDS = {"blink_left": "left_lids", "blink_right": "right_lids"}
OPEN_PERCENTILE = 75.0  # of a person's lids, at which an eye counts as open
USUAL_SHUT, SHUT_RANGE = (
    0.3,
    (0.1, 0.5),
)  # openings that the network sees of shut eyes, of open ones
# Share of the way from open to shut lids as the network sees them, and the lids' own.
SEEN_SHUT, SHUT = (-1.0, 0.0, 0.1, 0.24, 0.4, 0.75, 0.95), (-1.5, 0.0, 0.15, 0.35, 0.55, 0.78, 1.0)


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
            controls[:, index] = _weighted(change, READ_OUTS[name])
    close = CONTROLS.index("close")
    pressed = (1 - gap / PRESSED_GAP).clip(0, 1)
    controls[:, close] = controls[:, close].clip(0, 1) * pressed
    return controls


def correct_angles(angles: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Correct seen angles (N, 3) by the change (N, M) of measures from the reference frame."""
    corrected = [
        ANGLE_GAINS[name] * angles[:, index] + _weighted(change, ANGLE_READ_OUTS[name])
        for index, name in enumerate(("pitch", "yaw", "roll"))
    ]
    return np.stack(corrected, axis=1)


def _weighted(change: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    row = np.array([weights.get(name, 0.0) for name in MEASURES])
    return change @ row


def _blink(lids: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return how far an eye is shut, relative to the person's own open eye."""
    opened, least = np.percentile(own, OPEN_PERCENTILE), np.min(own)
    low, high = (share * opened for share in SHUT_RANGE)
    shut = max(least, low) if least < high else USUAL_SHUT * opened
    return np.interp((opened - lids) / max(opened - shut, 1e-6), SEEN_SHUT, SHUT)
