"""`python run.py parity DIR`: compare every implemented part with reference outputs.

`DIR/cases.json` names the inputs, seeds, salts and tolerances; nothing of them is kept here. Prints
one line for each array, and exits with 1 when one of them fails.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from . import media_cases, motion_cases
from .compare import compare

RUNNERS = {
    "scheduler.npz": motion_cases.scheduler,
    "dit_tiny.npz": motion_cases.dit_tiny,
    "dit_base.npz": motion_cases.dit_base,
    "sample_tiny.npz": motion_cases.sample_tiny,
    "helpers.npz": motion_cases.helpers,
    "audio_small.npz": media_cases.audio_small,
}
NOT_PART_OF_THE_PRODUCT = ("face_parser.npz",)


@torch.inference_mode()
def run_file(name: str, case: dict, folder: Path) -> list[tuple[str, str, str, str]]:
    """Return a row (array, error, tolerance, verdict) for every array of one golden file."""
    with np.load(folder / name) as stored:
        golden = dict(stored)
    runner = RUNNERS.get(name)
    computed = runner(case, golden) if runner else {}
    rows = []
    for array, tolerance in case["tol"].items():
        if "input" in tolerance and array not in computed:
            continue
        text = " ".join(f"{kind} {value:g}" for kind, value in tolerance.items() if kind != "skip")
        if "skip" in tolerance or name in NOT_PART_OF_THE_PRODUCT:
            rows.append((array, "-", "-", "not part of the product"))
        elif array not in computed:
            rows.append((array, "-", text, "not implemented"))
        else:
            kind = {"exact": True} if "input" in tolerance else tolerance
            actual = np.asarray(computed[array])
            error, passed = compare(actual, golden[array], kind)
            rows.append((array, f"{error:.2e}", text, "pass" if passed else "FAIL"))
    return rows


def main(folder: Path) -> int:
    """Run every file that the folder's `cases.json` names; return the exit status."""
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    verdicts, missing = [], 0
    print(f"{'case':<22}{'array':<28}{'error':>10}  {'tolerance':<28}verdict")
    for name, case in sorted(cases.items()):
        if not (folder / name).exists():
            missing += name in RUNNERS
            print(f"{name:<22}{'(the file is missing)':<28}")
            continue
        for array, error, tolerance, verdict in run_file(name, case, folder):
            verdicts.append(verdict)
            print(f"{name:<22}{array:<28}{error:>10}  {tolerance:<28}{verdict}", flush=True)
    counts = {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if "FAIL" in counts or missing or not verdicts else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "cases.json").is_file():
        print("Usage: python run.py parity DIR, where DIR holds cases.json and its .npz files.")
        raise SystemExit(2)
    raise SystemExit(main(Path(sys.argv[1])))
