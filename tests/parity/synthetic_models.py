"""`python run.py synthetic-models DIR`: every released file at full size, with random numbers.

The folder stands in for the real files, so that the whole chain can be run and measured.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from .synthetic_weights import STITCHING_GROUPS, TEST_MANIFESTS, checkpoint_state

NEEDED_BYTES = 2_400_000_000
MARK = "ComfyUI-MoDA synthetic models"
README = f"""\
{MARK}

The files in this folder have the names, keys, shapes and formats of the released MoDA and
LivePortrait models, but their weights are random numbers. They are for running and measuring the
program without the real files. Pictures made with them mean nothing.
"""
ENCODER = "audio/chinese-hubert-base"
# Names before torch 2.0, which the released encoder still has.
WEIGHT_NORM = {
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}


def motion_model() -> dict[str, Tensor]:
    """Return the content of ``net-200.pth``: a plain dict, without null vectors."""
    return checkpoint_state("moda_base")


def speech_encoder() -> dict[str, Tensor]:
    """Return the content of ``pytorch_model.bin``, with the old names of weight norm."""
    state = checkpoint_state("hubert_base")
    for new, old in WEIGHT_NORM.items():
        state = {key.replace(new, old): tensor for key, tensor in state.items()}
    return state


def stitching() -> dict[str, dict[str, Tensor]]:
    """Return the content of the stitching file: three groups, with data-parallel prefixes."""
    state = checkpoint_state("stitching_retargeting_module")
    return {
        group: {
            f"module.{key.removeprefix(f'{group}.')}": tensor
            for key, tensor in state.items()
            if key.startswith(f"{group}.")
        }
        for group in STITCHING_GROUPS
    }


def renderer_part(name: str) -> Callable[[], dict[str, Tensor]]:
    """Return a function that makes the content of one of LivePortrait's plain files."""
    return lambda: checkpoint_state(name)


FILES = {
    "moda/net-200.pth": motion_model,
    f"{ENCODER}/pytorch_model.bin": speech_encoder,
    **{
        f"liveportrait/base_models/{name}.pth": renderer_part(name)
        for name in (
            "appearance_feature_extractor",
            "motion_extractor",
            "warping_module",
            "spade_generator",
        )
    },
    "liveportrait/retargeting_models/stitching_retargeting_module.pth": stitching,
}
COPIES = {
    f"{ENCODER}/config.json": TEST_MANIFESTS / "hubert_base_config.json",
    f"{ENCODER}/preprocessor_config.json": TEST_MANIFESTS / "hubert_base_preprocessor_config.json",
}


def refusal(folder: Path) -> str | None:
    """Return why nothing can be written to a folder, or None."""
    if folder.exists() and not folder.is_dir():
        return f"'{folder}' is a file. Name a folder."
    readme = folder / "README.txt"
    own = readme.is_file() and readme.read_text("utf-8", "replace").startswith(MARK)
    if folder.exists() and any(folder.iterdir()) and not own:
        return f"'{folder}' holds other files. Name an empty or a new folder."
    absolute = folder.absolute()
    existing = next(parent for parent in (absolute, *absolute.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < NEEDED_BYTES:
        return (
            f"'{folder}' needs {NEEDED_BYTES / 1e9:.1f} GB, but {free / 1e9:.1f} GB are free. "
            "Name a folder on a disk with more space."
        )
    return None


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name and rename it when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_models(folder: Path) -> None:
    """Write all files, one after the other, so that one at a time is in memory.

    Parameters
    ----------
    folder : Path
        Files of the same names in it are replaced.
    """
    write_file(folder / "README.txt", lambda part: part.write_text(README, "utf-8"))
    for name, source in COPIES.items():
        write_file(folder / name, lambda part, source=source: shutil.copyfile(source, part))
    for number, (name, make) in enumerate(FILES.items(), 1):
        write_file(folder / name, lambda part, make=make: torch.save(make(), part))
        size = (folder / name).stat().st_size / 1e6
        print(f"[{number}/{len(FILES)}] {name} ({size:.0f} MB)", flush=True)


def main(arguments: list[str]) -> int:
    """Run the command; return the exit status."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("Usage: python run.py synthetic-models DIR, where DIR is new or empty.")
        return 2
    folder = Path(arguments[0])
    try:
        reason = refusal(folder)
        if reason is None:
            write_models(folder)
    except KeyboardInterrupt:
        reason = f"Stopped. Run the same command again to finish '{folder}'."
    except OSError as error:
        reason = f"'{folder}' cannot be written ({error}). Name another folder."
    if reason:
        print(reason)
        return 1
    print(f"Wrote {folder}. The weights are random numbers; pictures made with them mean nothing.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
