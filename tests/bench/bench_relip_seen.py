"""How the lips of relipped clips look to a landmark network of another family.

`python run.py bench relip-seen OUT FOLDER...`: OUT is the folder that `bench relip` wrote. Each
FOLDER is one of it, named as a clip, with `clip.json` and `still.json`: the 68 landmarks that
`face_api_landmarks.mjs` found in the frames of its folders `clip` and `still`. Printed is the
correlation of the opening of the lips with the jaw of the motion, in the clip and on the still.
"""

import json
from pathlib import Path

import numpy as np

from .bench_relip import CLIP, JAWS, STILL, correlation

INNER_LIPS = [(61, 67), (62, 66), (63, 65)]  # of the iBUG scheme
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
REQUIRED = {"over_still": 0.9}


def run(out: str, *names: str, **_) -> dict:
    """Compare the opening of the lips in frames with the jaw that was asked for."""
    folders = [Path(out, name) for name in names] if names else sorted(Path(out).iterdir())
    results = {folder.name: measure(folder) for folder in folders if folder.is_dir()}
    return {"required": REQUIRED, **results}


def measure(folder: Path) -> dict:
    """Return the correlations of one clip, and their ratio."""
    seen = {}
    for kind in (CLIP, STILL):
        jaw = np.array(json.loads((folder / kind / JAWS).read_text("utf-8")))
        points = json.loads((folder / f"{kind}.json").read_text("utf-8"))
        found = {int(Path(name).stem): lip_opening(np.array(each)) for name, each in points.items()}
        frames = sorted(index for index in found if index < len(jaw))
        seen[kind] = correlation(np.array([found[index] for index in frames]), jaw[frames])
    return {**seen, "over_still": seen[CLIP] / seen[STILL]}


def lip_opening(points: np.ndarray) -> float:
    """Return the opening of the lips of 68 landmarks (68, 2) in eye distances."""
    eyes = points[RIGHT_EYE].mean(axis=0) - points[LEFT_EYE].mean(axis=0)
    gaps = [np.hypot(*(points[lower] - points[upper])) for upper, lower in INNER_LIPS]
    return float(np.mean(gaps) / np.hypot(*eyes))
