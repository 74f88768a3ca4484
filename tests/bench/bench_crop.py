"""How far the crop from few points is from the reference's, on a folder of portraits.

`python run.py bench crop FOLDER crops.json`; `mediapipe_crop.py` writes the crops. A portrait
passes when the side of its crop is within 6 % and the centre within 4 % of the side. Measured with
the landmarks that the weight-free detector finds, and with mediapipe's own eyes and mouth.
"""

import json
from pathlib import Path

import numpy as np

from moda_core.errors import FaceNotFoundError
from moda_core.face.cascade_landmarks import find_landmarks
from moda_core.face.landmarks import FaceLandmarks
from moda_core.portrait.crop import crop_from_landmarks
from moda_core.portrait.image import SIZE_LIMIT, limit_size, read_image

from .progress import Progress

POINTS = ("left_eye", "right_eye", "left_mouth", "right_mouth", "upper_lip", "lower_lip")
LARGEST_SIDE_ERROR = 0.06
LARGEST_CENTER_ERROR = 0.04
REQUIRED = {"passed_share": 10 / 12}


def crop_errors(image, landmarks: FaceLandmarks, center: np.ndarray, side: float) -> dict:
    """Return the errors of ``side``, and of ``center`` in sides, and whether they pass."""
    crop = crop_from_landmarks(landmarks, image=image)
    side_error = crop.side / side - 1
    center_error = float(np.hypot(*(crop.center + 0.5 - center))) / side
    passed = abs(side_error) <= LARGEST_SIDE_ERROR and center_error <= LARGEST_CENTER_ERROR
    return {"side": round(side_error, 3), "center": round(center_error, 3), "passed": passed}


def portrait_errors(path: Path, reference: dict) -> dict:
    """Return the errors of one picture with ``found`` and with ``given`` points.

    Where no face is found, the errors with found points are None.
    """
    original = read_image(path)
    image = limit_size(original)
    longer = max(original.shape[:2])
    scale = max(image.shape[:2]) / longer if longer > SIZE_LIMIT else 1.0
    expected = (np.array(reference["center"]) * scale, reference["side"] * scale)
    given = FaceLandmarks(*(np.array(reference["points"][name]) * scale for name in POINTS))
    try:
        found = crop_errors(image, find_landmarks(image), *expected)
    except FaceNotFoundError:
        found = {"side": None, "center": None, "passed": False}
    return {"found": found, "given": crop_errors(image, given, *expected)}


def run(folder: str, crops: str, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. The CPU computes in fp32 whatever is asked."""
    reference = json.loads(Path(crops).read_text("utf-8"))
    progress, portraits = Progress("crop", len(reference)), {}
    for name, expected in reference.items():
        progress(name)
        portraits[name] = portrait_errors(Path(folder) / name, expected)
    summary = {"portraits": portraits, "count": len(portraits), "required": REQUIRED}
    for source in ("found", "given"):
        errors = [entry[source] for entry in portraits.values()]
        measured = [entry for entry in errors if entry["side"] is not None]
        summary[source] = {
            "passed": sum(entry["passed"] for entry in errors),
            "median_side": float(np.median([abs(entry["side"]) for entry in measured])),
            "median_center": float(np.median([entry["center"] for entry in measured])),
            "worst_side": max(abs(entry["side"]) for entry in measured),
            "worst_center": max(entry["center"] for entry in measured),
        }
    return summary
