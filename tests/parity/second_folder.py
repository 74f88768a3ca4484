"""`python -m tests.parity.second_folder DIR`: a folder for `run.py parity` that is like no other.

It has other seeds, salts, lengths, emotions, slices and names than the stored reference outputs, so
that nothing of these can be written into what is compared with them. `second_folder.json` is its
`cases.json`, less what the arrays say themselves. Inputs and formulas come from `closed_forms`, the
rest from the product's functions, called here with what the cases state; the two share with the
comparison how networks with synthetic weights are built.
"""

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch

from . import second_face, second_motion

CASES = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
FILES = {
    "scheduler.npz": second_motion.scheduler,
    "dit_tiny.npz": second_motion.dit_tiny,
    "dit_base.npz": second_motion.dit_base,
    "sample_tiny.npz": second_motion.sample_tiny,
    "helpers.npz": second_face.helpers,
    "helpers_cv410.npz": lambda case: second_face.pictures(CASES["helpers.npz"]),
    "audio_small.npz": second_motion.audio_small,
    "audio_base.npz": second_motion.audio_base,
    "appearance.npz": second_face.appearance,
    "motion_extractor.npz": second_face.motion_extractor,
    "stitching.npz": second_face.stitching,
    "warping.npz": second_face.warping,
    "spade.npz": second_face.spade,
    "e2e.npz": second_face.e2e,
}
ANGLES = {"rel": 1e-5, "floor": 1.0}
INPUT, EXACT = {"input": True}, {"exact": True}
PCM = {"exact_share": 0.99, "abs": 1 / 32768}
# The first pattern that "file/array" matches decides. The values are those of the stored reference
# outputs, but where these ask for more than float32 can have of a result in float64.
TOLERANCES = {
    "*/image": INPUT,
    "*/noise": INPUT,
    "*/null_audio_feat": INPUT,
    "*/ref_kp": INPUT,
    "sample_tiny.npz/prev_motion": INPUT,
    "warping.npz/kp_*": INPUT,
    "helpers.npz/info_*": INPUT,
    "helpers.npz/lmk*": INPUT,
    "helpers.npz/*_in": INPUT,
    "scheduler.npz/*_timesteps": {"abs": 1e-4},  # float32 at 1000 is 6e-5
    "scheduler.npz/*": {"abs": 5e-6},  # 12 steps of values up to 4, each rounded by 2.4e-7
    "*/timestep_freq_emb": {"abs": 1e-4},  # frequencies up to 1, rounded by 6e-8, times 1000
    "helpers*/paste_back_stats": {"abs": 0.1},
    "helpers*/mask_ori_sub": {"abs": 3 / 255},
    "helpers*/*img*_sub": {"abs": 3},
    "helpers*/paste_back_sub": {"abs": 3},
    "helpers.npz/M_*": {"abs": 1e-3},
    "helpers.npz/rect_angle": {"abs": 1e-5},
    "helpers.npz/rect_*": {"abs": 1e-3},
    "helpers.npz/pt_crop": {"abs": 1e-3},
    "helpers.npz/parse_out": EXACT,
    "helpers.npz/resize_out*": EXACT,
    "helpers.npz/prev_motion": ANGLES,
    "helpers.npz/headpose_*": ANGLES,
    **{f"helpers.npz/*_{axis}": ANGLES for axis in ("pitch", "yaw", "roll")},
    "helpers.npz/rescale_ratio": {"abs": 1e-5},
    "helpers.npz/*": {"abs": 2e-6},
    "e2e.npz/prev_motion": {"rel": 1e-4, "floor": 1.0},
    "audio_small.npz/*_len": EXACT,
    "audio_small.npz/*_addframes": EXACT,
    "audio_small.npz/*_shape": EXACT,
    "audio_small.npz/loaded_pcm": PCM,
    "audio_small.npz/*_wav_*": PCM,
    "audio_small.npz/loud_*": PCM,
    "audio_small.npz/resampled_*": {"abs": 0.01},
    "*stats": {"stats_rel": 1e-4},
    "e2e.npz/frames_mean": {"abs": 0.05},
    "e2e.npz/frames_*": {"abs": 2},
    "e2e.npz/motion_*": {"abs": 5e-5},
    "stitching.npz/*": {"abs": 1e-5},
    "audio_base.npz/*": {"abs": 5e-5},
    "appearance.npz/*": {"abs": 5e-5},
    "warping.npz/*": {"abs": 5e-5},
    "dit_base.npz/*": {"abs": 5e-5},
    "*": {"abs": 2e-5},
}


def tolerance(name: str) -> dict:
    """Return the tolerance of an array by the names of its file and its own."""
    return next(kind for pattern, kind in TOLERANCES.items() if fnmatchcase(name, pattern))


def stored(value) -> np.ndarray:
    """Return an array as a golden file holds it, floats in float32 but for single numbers."""
    values = np.asarray(value)
    return values.astype(np.float32) if values.dtype == np.float64 and values.ndim else values


@torch.inference_mode()
def write_folder(folder: Path, names=tuple(FILES)) -> None:
    """Write the files of these names, and the `cases.json` that describes them."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = {}
    for name in names:
        arrays = {key: stored(value) for key, value in FILES[name](CASES[name]).items()}
        np.savez(folder / name, **arrays)
        cases[name] = CASES[name] | {
            "arrays": {key: [list(value.shape), str(value.dtype)] for key, value in arrays.items()},
            "tol": {key: tolerance(f"{name}/{key}") for key in arrays},
        }
    (folder / "cases.json").write_text(json.dumps(cases, indent=1), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("Usage: python -m tests.parity.second_folder DIR")
        raise SystemExit(2)
    write_folder(Path(sys.argv[1]))
