"""How far the weight-free landmarks are from an independent model's, on a folder of portraits.

`python -m tests.bench.bench_landmarks FOLDER points.json` prints one line for each portrait and a
JSON summary. `mediapipe_landmarks.py` writes the points. A portrait passes when both eyes and the
middle of the mouth (halfway between its corners) are within 0.1 of the distance between the eyes;
one that does not pass must report low confidence.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from moda_core.errors import FaceNotFoundError
from moda_core.face.cascade_landmarks import LOW_CONFIDENCE, find_landmarks
from moda_core.portrait.image import SIZE_LIMIT, limit_size, read_image

from .progress import Progress

POINTS = ("left_eye", "right_eye", "left_mouth", "right_mouth", "upper_lip", "lower_lip")
PASS_DISTANCE = 0.1
REQUIRED = {"passed_share": 10 / 12, "failed_but_confident": 0, "passed_but_unsure": 1}


def portrait_errors(path: Path, reference: dict[str, list[float]]) -> dict:
    """Find the landmarks of one picture and compare them with the reference points.

    Returns
    -------
    dict
        ``confidence``, ``seconds``, ``passed``, and in eye distances the error of each of
        `POINTS`, of ``mouth`` (its middle) and of ``gap`` (of the lips); where no face is found
        the confidence is 0 and the errors are None.
    """
    original = read_image(path)
    image = limit_size(original)
    longer = max(original.shape[:2])
    scale = max(image.shape[:2]) / longer if longer > SIZE_LIMIT else 1.0
    expected = np.array([reference[name] for name in POINTS]) * scale
    unit = np.hypot(*(expected[1] - expected[0]))
    start = time.process_time()
    try:
        found = find_landmarks(image)
    except FaceNotFoundError:
        return {"confidence": 0.0, "passed": False, **dict.fromkeys((*POINTS, "mouth", "gap"))}
    seconds = time.process_time() - start
    points = found.points()
    errors = dict(zip(POINTS, np.hypot(*(points - expected).T) / unit, strict=True))
    errors["mouth"] = np.hypot(*(points[2:4] - expected[2:4]).mean(axis=0)) / unit
    gaps = [np.hypot(*(place[5] - place[4])) for place in (points, expected)]
    errors["gap"] = abs(gaps[0] - gaps[1]) / unit
    passed = max(errors[name] for name in ("left_eye", "right_eye", "mouth")) < PASS_DISTANCE
    rounded = {name: round(float(value), 3) for name, value in errors.items()}
    return {
        "confidence": round(found.confidence, 3),
        "seconds": round(seconds, 2),
        "passed": bool(passed),
        **rounded,
    }


def run(folder: str, points: str, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. Landmarks are found on the CPU in fp32 whatever is asked."""
    reference = json.loads(Path(points).read_text("utf-8"))
    progress, portraits = Progress("landmarks", len(reference)), {}
    for name, expected in reference.items():
        progress(name)
        portraits[name] = portrait_errors(Path(folder) / name, expected)
    passed = [name for name, errors in portraits.items() if errors["passed"]]
    failed = [name for name in portraits if name not in passed]
    unsure = [name for name, e in portraits.items() if e["confidence"] < LOW_CONFIDENCE]
    measured = [errors for errors in portraits.values() if errors["mouth"] is not None]
    names = (*POINTS, "mouth", "gap")
    return {
        "portraits": portraits,
        "count": len(portraits),
        "passed": len(passed),
        "corners_passed": sum(
            errors["passed"] and max(errors["left_mouth"], errors["right_mouth"]) < PASS_DISTANCE
            for errors in measured
        ),
        "failed_but_confident": sorted(set(failed) - set(unsure)),
        "passed_but_unsure": sorted(set(passed) & set(unsure)),
        "median": {name: float(np.median([e[name] for e in measured])) for name in names},
        "worst_seconds": max((errors["seconds"] for errors in measured), default=0.0),
        "low_confidence": LOW_CONFIDENCE,
        "required": REQUIRED,
    }


def main() -> None:
    """Print a line for each portrait, then the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="portraits")
    parser.add_argument("points", help="JSON of mediapipe_landmarks.py")
    arguments = parser.parse_args()
    figures = run(arguments.folder, arguments.points)
    for name, errors in figures.pop("portraits").items():
        values = " ".join(
            f"{key} {'none' if errors[key] is None else format(errors[key], '.3f')}"
            for key in (*POINTS, "mouth", "gap")
        )
        verdict = "pass" if errors["passed"] else "FAIL"
        unsure = " low" if errors["confidence"] < LOW_CONFIDENCE else ""
        sys.stdout.write(
            f"{name}: {verdict} confidence {errors['confidence']:.2f}{unsure} {values}\n"
        )
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
