"""How the lips of relipped clips look to other landmark networks.

`python run.py bench relip-seen OUT FOLDER...`: OUT is the folder that `bench relip` wrote. Each
FOLDER is one of it, named as a clip, with `clip.json` and `still.json`: the landmarks that
`face_api_landmarks.mjs` or `mediapipe_landmarks.py` found in the frames of its folders `clip` and
`still`. Printed is the correlation of the opening of the lips with the jaw of the motion, in the
clip and on the still.
"""

import json
from pathlib import Path

import numpy as np

from moda_core.face.mesh_points import LEFT_EYE, RIGHT_EYE
from moda_core.head.unturned_face import LOWER_LIP, UPPER_LIP

from .bench_relip import CLIP, JAWS, STILL, correlation

# By the number of landmarks: upper and lower inner lips, and both eyes.
POINTS = {
    68: ([61, 62, 63], [67, 66, 65], range(36, 42), range(42, 48)),  # the iBUG scheme
    478: (UPPER_LIP, LOWER_LIP, LEFT_EYE, RIGHT_EYE),
}
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
    """Return the opening of the lips of landmarks, 68 or 478, in eye distances."""
    upper, lower, left, right = (points[list(of), :2] for of in POINTS[len(points)])
    eyes = right.mean(axis=0) - left.mean(axis=0)
    return float(np.hypot(*(lower - upper).T).mean() / np.hypot(*eyes))
