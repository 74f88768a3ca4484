"""Write the reference's crop of portraits, from mediapipe's points, as JSON for `bench_crop`.

A stand-alone script for an environment of its own, made as `mediapipe_landmarks.py` says::

    ENV/bin/python tests/bench/mediapipe_crop.py FOLDER crops.json

The crop follows from 106 landmarks that need a model of their own (spec G). Of mediapipe's 478
points this takes those that lie where the 106 do: the jaw line from ear to ear, brows, eyes, nose
and lips; no forehead. For each picture it writes the crop's ``center`` (x, y) and ``side`` in
pixels, and the six ``points`` of `FaceLandmarks`; the centre of the first pixel is (0.5, 0.5).
"""

import numpy as np
from mediapipe_landmarks import six_points, write_folder

JAW = [127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152]
JAW += [377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356]
BROWS = [70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 336, 296, 334, 293, 300, 276, 283, 282, 295, 285]
LEFT_EYE, RIGHT_EYE = [33, 159, 133, 145], [362, 386, 263, 374]
NOSE = [1, 2, 4, 98, 327, 168, 6, 197, 195, 5]
LIPS = [61, 291, 0, 17, 37, 267, 84, 314]
MOUTH_CORNERS = [61, 291]

SCALE = 2.3
VY = -0.125


def reference_crop(mesh: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the centre (2,) and the side of the crop for a mesh (478, 2) in pixels."""
    eyes = (mesh[LEFT_EYE].mean(axis=0) + mesh[RIGHT_EYE].mean(axis=0)) / 2
    down = mesh[MOUTH_CORNERS].mean(axis=0) - eyes
    down = down / np.hypot(*down)
    axes = np.array([[down[1], -down[0]], down])
    turned = mesh[JAW + BROWS + LEFT_EYE + RIGHT_EYE + NOSE + LIPS] @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = float((high - low).max()) * SCALE
    return (low + high) / 2 @ axes + down * (VY * side), side


def describe(mesh: np.ndarray) -> dict:
    """Return the crop and the six points for a mesh (478, 2)."""
    center, side = reference_crop(mesh)
    return {
        "center": center.round(2).tolist(),
        "side": round(side, 2),
        "points": six_points(mesh),
    }


if __name__ == "__main__":
    write_folder(__doc__.splitlines()[0], describe)
