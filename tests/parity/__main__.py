"""`python run.py parity DIR`: compare every implemented part with reference outputs.

`DIR/cases.json` names the inputs, seeds, salts and tolerances; nothing of them is kept here. Prints
one line for each array, and exits with 1 when one of them fails.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from . import (
    audio_cases,
    crop_cases,
    driving_cases,
    e2e_cases,
    face_cases,
    motion_cases,
    renderer_cases,
)
from .compare import compare

HELPERS = (motion_cases.helpers, driving_cases.driving_helpers, crop_cases.crop_helpers)
# What computes the arrays of a file.
RUNNERS = {
    "scheduler.npz": motion_cases.scheduler,
    "dit_tiny.npz": motion_cases.dit_tiny,
    "dit_base.npz": motion_cases.dit_base,
    "sample_tiny.npz": motion_cases.sample_tiny,
    "helpers.npz": lambda *case: merged(*(helpers(*case) for helpers in HELPERS)),
    "audio_small.npz": audio_cases.audio_small,
    "audio_base.npz": audio_cases.audio_base,
    "appearance.npz": renderer_cases.appearance,
    "motion_extractor.npz": renderer_cases.motion_extractor,
    "stitching.npz": renderer_cases.stitching,
    "warping.npz": renderer_cases.warping,
    "spade.npz": renderer_cases.spade,
    "e2e.npz": e2e_cases.e2e,
    "faces.npz": face_cases.face_networks,
}
# The same pictures by two versions of OpenCV, whose bilinear rules differ: either will do.
VARIANTS = {"helpers.npz": "helpers_cv410.npz", "helpers_cv410.npz": "helpers.npz"}
INPUTS_OF = {"helpers_cv410.npz": "helpers.npz"}


def merged(*parts: dict) -> dict:
    """Return the arrays of all parts."""
    return {name: array for part in parts for name, array in part.items()}


def stored(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file, none if it does not exist."""
    if not path.exists():
        return {}
    with np.load(path) as arrays:
        return dict(arrays)


@torch.inference_mode()
def run_file(name: str, cases: dict, folder: Path) -> list[tuple[str, str, str, str]]:
    """Return a row (array, error, tolerance, verdict) for every array of one golden file."""
    golden, inputs = stored(folder / name), INPUTS_OF.get(name, name)
    variant = stored(folder / VARIANTS[name]) if name in VARIANTS else {}
    runner = RUNNERS.get(inputs)
    computed = runner(cases[inputs], stored(folder / inputs)) if runner else {}
    rows = []
    for array, tolerance in cases[name]["tol"].items():
        if "input" in tolerance and array not in computed:
            continue
        text = " ".join(f"{kind} {value:g}" for kind, value in tolerance.items() if kind != "skip")
        if "skip" in tolerance:
            rows.append((array, "-", "-", "not part of the product"))
        elif array not in computed:
            rows.append((array, "-", text, "not implemented"))
        else:
            kind = {"exact": True} if "input" in tolerance else tolerance
            expected = [golden[array]] + ([variant[array]] if array in variant else [])
            results = [compare(np.asarray(computed[array]), each, kind) for each in expected]
            error, passed = max(results, key=lambda result: (result[1], -result[0]))
            rows.append((array, f"{error:.2e}", text, "pass" if passed else "FAIL"))
    return rows


def main(folder: Path) -> int:
    """Run every file that the folder's `cases.json` names; return the exit status."""
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    verdicts, missing = [], 0
    print(f"{'case':<22}{'array':<28}{'error':>10}  {'tolerance':<28}verdict")
    for name in sorted(cases):
        if not (folder / name).exists():
            missing += INPUTS_OF.get(name, name) in RUNNERS
            print(f"{name:<22}{'(the file is missing)':<28}")
            continue
        for array, error, tolerance, verdict in run_file(name, cases, folder):
            verdicts.append(verdict)
            print(f"{name:<22}{array:<28}{error:>10}  {tolerance:<28}{verdict}", flush=True)
    counts = {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    done = {"pass", "not part of the product"}
    return 1 if set(counts) - done or missing or not verdicts else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "cases.json").is_file():
        print("Usage: python run.py parity DIR, where DIR holds cases.json and its .npz files.")
        raise SystemExit(2)
    raise SystemExit(main(Path(sys.argv[1])))
