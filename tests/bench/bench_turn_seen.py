"""How turned heads look to landmark networks: the turn seen, and what remains beside a rigid turn.

`python run.py bench turn-seen OUT MESHES [POINTS]`: OUT is what `bench turn` wrote; MESHES are its
meshes by `mediapipe_landmarks.py`, POINTS its 68 landmarks by `face_api_landmarks.mjs`. A network
sees a residual on a true turn too, so that of a portrait is compared with the mean residual of
synthetic heads, truly turned, at the angle that the network saw, and its roll with that of its
picture rotated as a whole. Residuals are in eye distances.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .bench_turn import mean_and_worst, size_name
from .turn_frames import PORTRAIT, RENDERED, ROTATED, TRUTH, TurnFrame, read_list
from .turn_measures import (
    NUM_SURFACE_POINTS,
    TurnSeen,
    curve_value,
    eye_distance,
    mesh_turn,
    points_turn,
    shape_error,
)

Seen = dict[TurnFrame, TurnSeen]
REQUIRED = {
    "over_true": 1.1,
    "worst_residual": {"yaw 10": 0.022, "yaw 20": 0.040, "pitch 12": 0.045},
    "residual": {"roll 10": 0.010},
    "seen_over_asked": [0.85, 1.1],
    "landmark_error": {"yaw 20": 0.030, "pitch 12": 0.015},
}


def turns_seen(
    frames: list[TurnFrame], fit: Callable[[TurnFrame, TurnFrame], TurnSeen], found: set[str]
) -> Seen:
    """Fit the turn of every frame in whose picture, and in whose source's, a face was found."""
    turned = [frame for frame in frames if frame.asked_deg]
    return {
        frame: fit(frame.source, frame)
        for frame in turned
        if {frame.file, frame.source.file} <= found
    }


def true_curve(seen: Seen, axis: str, sign: float) -> tuple[list[float], list[float]]:
    """Return mean angles seen and mean residuals of true turns to one side.

    Yaw and roll to the other side count as mirrored; pitch up and down differ.
    """
    by_angle: dict[float, list[TurnSeen]] = defaultdict(list)
    for frame, turn in seen.items():
        same_side = axis != "pitch" or np.sign(frame.asked_deg) == sign
        if frame.kind == TRUTH and frame.axis == axis and same_side:
            by_angle[abs(frame.asked_deg)].append((abs(turn.along(axis)), turn.residual))
    means = [np.mean(values, axis=0) for values in by_angle.values()]
    return [float(mean[0]) for mean in means], [float(mean[1]) for mean in means]


def turn_figures(seen: Seen, kind: str) -> dict[str, dict]:
    """Return the figures of one kind of frames, by size of the turn."""
    sizes: dict[str, list[TurnFrame]] = defaultdict(list)
    for frame in seen:
        if frame.kind == kind:
            sizes[size_name(frame.axis, frame.asked_deg)].append(frame)
    return {size: _size_figures(seen, frames) for size, frames in sizes.items()}


def _size_figures(seen: Seen, frames: list[TurnFrame]) -> dict:
    axis, turns = frames[0].axis, [seen[frame] for frame in frames]
    signs = np.sign([frame.asked_deg for frame in frames])
    angles = np.array([turn.along(axis) for turn in turns])
    shares = angles / [frame.asked_deg for frame in frames]
    residuals = np.array([turn.residual for turn in turns])
    curves = {sign: true_curve(seen, axis, sign) for sign in set(signs)}
    true = [
        curve_value(*curves[sign], abs(angle))
        for sign, angle in zip(signs, angles, strict=True)
        if curves[sign][0]
    ]
    worst = frames[residuals.argmax()]
    return {
        "frames": len(frames),
        "seen_over_asked": round(float(shares.mean()), 2),
        "seen_over_asked_by_sign": {
            f"{sign:+.0f}": round(float(shares[signs == sign].mean()), 2) for sign in set(signs)
        },
        "seen_over_asked_range": [round(float(limit), 2) for limit in (shares.min(), shares.max())],
        "about_other_axes_deg": round(float(np.mean([turn.beside(axis) for turn in turns])), 1),
        "residual": round(float(residuals.mean()), 4),
        "worst_residual": round(float(residuals.max()), 4),
        "worst": f"{worst.name} {worst.asked_deg:+.0f}",
        "over_true": round(float(residuals.mean() / np.mean(true)), 2) if true else None,
    }


def landmark_errors(frames: list[TurnFrame], meshes: dict[str, np.ndarray]) -> dict[str, dict]:
    """Return how far meshes of rendered turns are from those of true ones, by size of the turn."""
    errors: dict[str, list[float]] = defaultdict(list)
    for frame in frames:
        true = TurnFrame(TRUTH, frame.name, frame.axis, frame.asked_deg)
        files = {frame.file, true.file, true.source.file}
        if frame.kind == RENDERED and frame.asked_deg and files <= meshes.keys():
            ours, theirs = (meshes[f.file][:NUM_SURFACE_POINTS, :2] for f in (frame, true))
            unit = eye_distance(meshes[true.source.file])
            errors[size_name(frame.axis, frame.asked_deg)].append(shape_error(ours, theirs, unit))
    return {size: mean_and_worst(values) for size, values in errors.items()}


def read_points(path: str) -> dict[str, np.ndarray]:
    """Read landmarks (n, 2 or 3) by the name of their picture."""
    read = json.loads(Path(path).read_text("utf-8"))
    return {name: np.array(points) for name, points in read.items()}


def run(
    out: str, meshes: str, points: str = "", device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Measure; return the figures."""
    frames, known = read_list(Path(out)), read_points(meshes)
    networks = {
        "mediapipe": turns_seen(
            frames, lambda a, b: mesh_turn(known[a.file], known[b.file]), set(known)
        )
    }
    missed = {"mediapipe": [frame.file for frame in frames if frame.file not in known]}
    if points:
        flat = read_points(points)
        both = set(flat) & set(known)
        networks["face_api"] = turns_seen(
            frames, lambda a, b: points_turn(flat[a.file], flat[b.file], known[a.file]), both
        )
        missed["face_api"] = [frame.file for frame in frames if frame.file not in flat]
    return {
        **{
            name: {
                "portraits": turn_figures(seen, PORTRAIT),
                "rotated_pictures": turn_figures(seen, ROTATED),
                "true_turns": turn_figures(seen, TRUTH),
            }
            for name, seen in networks.items()
        },
        "landmark_error": landmark_errors(frames, known),
        "without_face": missed,
        "required": REQUIRED,
    }
