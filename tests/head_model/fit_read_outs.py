"""Fit the weights of `moda_core/head/seen_controls.py` on portraits that the renderer moves.

    python -m tests.head_model.fit_read_outs FOLDER

Every portrait of the folder and the bundled one plays a motion in which all controls and the pose
move at random, apart from each other, and the starter's performance of the example's speech. The
face is followed; what was played is fitted by least squares on what is measured. Where it is seen
well, weights are raised until the median slope is 1: noise of the measures makes least squares too
careful. Measures in one tuple share their weight. The table is printed with each correlation.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import moda_core as moda
from moda_core.example import PORTRAIT, SPEECH
from moda_core.face.follow_face import follow_face
from moda_core.head.observed_head import ObservedHead, observe_head
from moda_core.head.unturned_face import MEASURES
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import FPS, PITCH, ROLL, YAW, Motion, released_stats
from moda_core.warp.drive import bounded_controls, bounded_pose
from tests.bench.bench_round_trip import GAINS, SUFFIXES, played_frames, read_portrait

NUM_FRAMES, RAMP_S = 300, 0.5
RATES_HZ = (0.3, 1.1)
CONTROL_RANGES = {
    "jaw": (0.0, 0.8),
    "close": (0.0, 0.9),
    "width": (-0.8, 0.8),
    "smile": (-0.5, 0.9),
    "skew": (-0.6, 0.6),
    "sneer": (0.0, 0.8),
    "blink_left": (-0.3, 1.0),
    "blink_right": (-0.3, 1.0),
    "brow": (-0.7, 0.9),
    "worry": (0.0, 0.9),
    "frown": (0.0, 0.9),
    "gaze": (-0.8, 0.8),
}
ANGLES_DEG = {"pitch": (PITCH, 12.0), "yaw": (YAW, 18.0), "roll": (ROLL, 11.0)}
LIP_TERMS = (("gap",), ("width",), ("corners",), ("under_lip",))
# What each control is read from: terms, each of measures that share a weight; "-" subtracts.
TERMS: dict[str, Sequence[Sequence[str]]] = {
    "close": [("upper_lip", "lower_lip")],
    "width": LIP_TERMS,
    "smile": [*LIP_TERMS, ("cheeks",)],
    "skew": [("left_corner", "-right_corner")],
    "sneer": [("lip_line",), ("nose_wings",)],
    "brow": [("inner_brows", "middle_brows", "outer_brows")],
    "worry": [("inner_brows", "-outer_brows"), ("inner_brows", "middle_brows", "outer_brows")],
    "frown": [("between_brows",), ("inner_brows", "-outer_brows")],
    "gaze": [("irises",)],
    "pitch": [("gap",), ("left_lids", "right_lids")],
    "yaw": [("nose_x",), ("mouth_x",)],
    "roll": [],
}
NOT_PRESSED = 0.1  # jaw, from which closures are not fitted
SEEN_WELL = 0.7  # median correlation of what is raised
LEAST_MOVED = 0.05  # standard deviation of a control in clips that count
LEAST_HUMAN = 0.9  # correlation of the jaw on portraits that count


def random_motion(seed: int) -> Motion:
    """Return a motion in which everything moves apart, from rest."""
    random, times = np.random.default_rng(seed), np.arange(NUM_FRAMES) / FPS
    ramp = (times / RAMP_S).clip(0, 1)

    def wave() -> np.ndarray:
        rates, phases = random.uniform(*RATES_HZ, 2), random.uniform(0, 2 * np.pi, 2)
        waves = np.sin(2 * np.pi * rates * times[:, None] + phases)
        return ramp * (0.6 * waves.sum(axis=1)).clip(-1, 1)

    controls = {}
    for name, (low, high) in CONTROL_RANGES.items():
        moved = wave()
        controls[name] = np.where(moved > 0, high, -low) * moved
    controls["close"] = np.where(controls["jaw"] < NOT_PRESSED, controls["close"], 0)
    values = released_stats().mean.repeat(NUM_FRAMES, 1)
    rows = np.stack([controls[name] for name in CONTROLS], axis=1)
    values[:, :63] = rest_expression() + compose(torch.from_numpy(rows).float())
    for dim, largest in ANGLES_DEG.values():
        values[:, dim] = torch.from_numpy(largest * wave()).float()[:, None]
    return Motion(values, rest_expression())


def played_curves(motion: Motion) -> dict[str, np.ndarray]:
    """Return what the renderer makes of a motion, (N,) by name."""
    pose = bounded_pose(motion)
    curves = {name: (pose[name].rad2deg() / gain).numpy() for name, gain in GAINS.items()}
    return {**curves, **{name: curve.numpy() for name, curve in bounded_controls(motion).items()}}


def seen_terms(name: str, observed: ObservedHead) -> np.ndarray:
    """Return the terms (N, T) that a control or an angle is read from."""
    seen = dict(zip(MEASURES, observed.change.T, strict=True))
    terms = []
    if name in ANGLES_DEG:
        terms.append(observed.pose.angles[:, list(ANGLES_DEG).index(name)])
    for term in TERMS[name]:
        signed = [-seen[each[1:]] if each[0] == "-" else seen[each] for each in term]
        terms.append(np.sum(signed, axis=0))
    return np.stack(terms, axis=1)


def fit(name: str, played: list[dict[str, np.ndarray]], seen: list[ObservedHead]) -> dict:
    """Return the weights of the terms of one control, and how well they read it."""
    pairs = []
    for curves, observed in zip(played, seen, strict=True):
        chosen = curves["jaw"] < NOT_PRESSED if name == "close" else slice(None)
        terms, true = seen_terms(name, observed)[chosen], curves[name][chosen]
        pairs.append((terms - terms.mean(axis=0), true - true.mean()))
    terms, true = (np.concatenate(each) for each in zip(*pairs, strict=True))
    weights = np.linalg.lstsq(terms, true, rcond=None)[0]
    pairs = [(terms @ weights, true) for terms, true in pairs if true.std() > LEAST_MOVED]
    slopes = np.array([true @ read / (true @ true) for read, true in pairs])
    correlation = np.median([np.corrcoef(read, true)[0, 1] for read, true in pairs])
    raised = 1 / np.median(slopes) if correlation > SEEN_WELL else 1.0
    return {
        "weights": np.round(raised * weights, 2).tolist(),
        "correlation": round(float(correlation), 2),
        "slopes": np.round(np.sort(raised * slopes), 2).tolist(),
    }


def main(folder: str) -> None:
    """Play, follow and fit; print the weights of each control's terms."""
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    model, played, seen = moda.load_starter(), [], []
    for index, path in enumerate([Path(PORTRAIT), *paths]):
        portrait = read_portrait(model, path)
        spoken = model.perform(portrait, model.encode(SPEECH), seed=index)
        for motion in (random_motion(index), spoken):
            curves = played_curves(motion)
            observed = observe_head(follow_face(played_frames(model, portrait, motion)))
            gap = observed.measures[:, list(MEASURES).index("gap")]
            follows = float(np.corrcoef(gap, curves["jaw"])[0, 1])
            sys.stderr.write(f"{path.name}: {follows:.2f}\n")
            if follows >= LEAST_HUMAN:
                played.append(curves)
                seen.append(observed)
    for name, terms in TERMS.items():
        sys.stdout.write(f"{name} {list(terms)}: {fit(name, played, seen)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
