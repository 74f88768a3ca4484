"""The released files: their expected tensors, and how to read them strictly."""

import json
import re
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputFileError
from .checkpoint import cast_finite, read_checkpoint
from .file_guess import guess_network
from .state_layout import join_problems, list_problems

MANIFESTS = Path(__file__).parent / "manifests"
RENDERER_PARTS = (
    "appearance_feature_extractor",
    "motion_extractor",
    "warping_module",
    "spade_generator",
    "stitching_retargeting_module",
)
KINDS = ("motion model", *RENDERER_PARTS)
# Registered only where the reference built its model on a CPU (spec D.4).
NULL_AUDIO, NULL_MOTION = "null_audio_feat", "null_motion_feat"
OPTIONAL_SHAPES = {NULL_AUDIO: (1, 1, 1, 1, 768), NULL_MOTION: (1, 1, 70)}
BATCH_COUNT = "num_batches_tracked"  # not used for inference; some conversions drop it
OPTIONAL_GROUPS = ("retarget_mouth", "retarget_eye")  # `retarget_shoulder` does the stitching
# Spellings of a group: `retarget_eye.mlp`, `retarget_eye_module.mlp`, `retarget_eye_mlp`.
GROUP_KEY = re.compile(r"^(retarget_(?:shoulder|mouth|eye))[._](?:module[._])?")
# With at least this share of the expected keys, a file is the right one, but faulty.
SAME_NETWORK = 0.5


def read_released(
    path: Path, kind: str, dtype: torch.dtype = torch.float32, mapped: bool = True
) -> dict[str, Tensor]:
    """Read one of the released files, or a conversion of it, in the released layout.

    Parameters
    ----------
    path : Path
        Torch checkpoint or safetensors; float32, float16, bfloat16 or float8.
    kind : str
        One of `KINDS`.
    dtype : torch.dtype
        Type of the result's floating-point tensors.
    mapped : bool
        See `read_checkpoint`; false if the weights will be changed.

    Returns
    -------
    dict
        Tensors by released key, complete and finite. If the file has `dtype` already, they stay in
        the file until they are used. Null vectors, and the groups for retargeting, are optional;
        counts of batches are always there.

    Raises
    ------
    InputFileError
        If the file is damaged or of another network; a key is missing, unexpected, of another
        shape, or has NaN or infinite values.
    ValueError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Expected a kind of file among {', '.join(KINDS)}, got {kind!r}.")
    path = Path(path)
    # Mapped at first, so that a large file of another network is not copied just to be refused.
    state = _canonical(read_checkpoint(path), kind)
    _check_layout(state, kind, path)
    if not mapped or any(
        tensor.dtype != dtype for tensor in state.values() if tensor.is_floating_point()
    ):
        state.clear()  # pages of a mapped file would stay in memory along with the cast copies
        state = _canonical(read_checkpoint(path, mapped=False), kind)
    return {
        key: cast_finite(key, state.pop(key), dtype, str(path))
        if state[key].is_floating_point()
        else state.pop(key)
        for key in list(state)
    }


def expected_shapes(kind: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a released file by key, without the optional null vectors."""
    path = MANIFESTS / f"{kind.replace(' ', '_')}.json"
    return {key: tuple(shape) for key, shape in json.loads(path.read_text("utf-8")).items()}


def null_audio(state: dict[str, Tensor]) -> Tensor:
    """Return the vector (768,) for "no audio" in guidance: the file's own, else the stored one.

    The stored one is the best guess of the reference's random vector (spec D.4); `state` is the
    motion model's.
    """
    if NULL_AUDIO in state:
        return state[NULL_AUDIO].flatten()
    stored = json.loads(Path(__file__).with_name("null_audio.json").read_text("utf-8"))
    return torch.tensor(stored["null_audio_feat"])


def _canonical(state: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    """Return the state under the released keys, with zeros for missing counts."""
    if kind == "stitching_retargeting_module":
        return {GROUP_KEY.sub(r"\1.", key): tensor for key, tensor in state.items()}
    counts = (key for key in expected_shapes(kind) if key.endswith(BATCH_COUNT))
    return state | {key: torch.tensor(0) for key in counts if key not in state}


def _check_layout(state: dict[str, Tensor], kind: str, path: Path) -> None:
    shapes = _accepted_shapes(state, kind)
    own = [key for key in state if not key.endswith(BATCH_COUNT)]
    found = [key for key in own if key in shapes]
    if len(found) < SAME_NETWORK * min(len(shapes), len(own)):
        raise InputFileError(
            f"'{path}' holds no {kind}: it looks like {guess_network(own)}. "
            "Choose the file that belongs here."
        )
    problems = list_problems(state, shapes)
    problems += [
        f"{key} holds {state[key].dtype}" for key in own if not state[key].is_floating_point()
    ]
    if problems:
        raise InputFileError(
            f"'{path}' does not fit the released {kind}: {join_problems(problems)}. "
            "Download it again."
        )


def _accepted_shapes(state: dict[str, Tensor], kind: str) -> dict[str, tuple[int, ...]]:
    """Return the expected shapes, given which of the optional parts the file has."""
    shapes = expected_shapes(kind)
    if kind == "motion model":
        return shapes | {key: shape for key, shape in OPTIONAL_SHAPES.items() if key in state}
    if kind == "stitching_retargeting_module":
        absent = tuple(
            group for group in OPTIONAL_GROUPS if not any(key.startswith(group) for key in state)
        )
        return {key: shape for key, shape in shapes.items() if not key.startswith(absent)}
    return shapes
