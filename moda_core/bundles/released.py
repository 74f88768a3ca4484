"""The released motion model: HuBERT features in, motion of LivePortrait's keypoints out."""

from copy import copy
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..liveportrait.model import RELEASED_RENDERER
from ..mmdit.config import RELEASED
from ..mmdit.linear import CPUOperations, choose_kernels
from ..mmdit.model import MotionMMDiT
from ..mmdit.released_keys import convert_mmdit
from ..model_files.model_folder import ENCODER
from ..motion.motion import (
    MotionStats,
    lip_distance,
    modulate_lips,
    previous_motion,
    released_stats,
    widen_lips,
)
from ..portrait.portrait import Portrait
from ..runtime.layers import Layers
from ..sampling.motion_model import MotionModel
from ..weights.checkpoint import load_strict
from ..weights.converted import converted_file
from ..weights.released_files import null_audio, read_released


def load_released_model(
    path: Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    operations=None,
) -> MotionModel:
    """Load the released motion model.

    Parameters
    ----------
    path : Path
        ``net-200.pth``, whose conversion is read if there is one, or the same as safetensors.
    dtype : torch.dtype
        Of the weights and of the computation.
    operations : module or namespace, optional
        Supplies the layers, see `MotionMMDiT`; default plain ones.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or of another model.
    """
    state = read_released(converted_file(path), "motion model", dtype)
    silence = null_audio(state)
    network = MotionMMDiT(RELEASED, Layers(operations or CPUOperations, device="meta"))
    load_strict(network, convert_mmdit(state, RELEASED), path.name)
    network.to(device).eval().requires_grad_(False)
    if torch.device(device).type == "cpu":
        choose_kernels(network)
    return MotionModel(
        name=path.stem,
        network=network,
        null_audio=silence.to(device, dtype),
        stats=released_stats(),
        encoder=ENCODER,
        renderer=RELEASED_RENDERER,
        start=start_in_picture,
        finish=partial(finish_speech, released_stats()),
        rolling_finish=lambda seed: RollingSpeech(released_stats()),
    )


def start_in_picture(portrait: Portrait) -> tuple[Tensor, Tensor]:
    """Return a portrait's own pose and expression as the motion before the first frame."""
    info = portrait.prepared.face.info
    previous, _ = previous_motion(info, released_stats())
    return previous, info["exp"].reshape(63).cpu()


def finish_speech(
    stats: MotionStats, normalized: Tensor, features: AudioFeatures, seed: int
) -> Tensor:
    """Exaggerate the lips, cut what belongs to the added silence, and de-normalise (spec E)."""
    return stats.denormalize(use_silence(normalized, *features.silence))


class RollingSpeech:
    """Does what `finish_speech` does for a stream, whose first frame has the lips at rest."""

    def __init__(self, stats: MotionStats):
        self._stats = stats
        self._closed: Tensor | None = None  # normalised frame (1, 70)
        self._widest = 0.0  # squared distance of the lips from it

    def copy(self) -> "RollingSpeech":
        """Return a copy that goes its own way from here."""
        return copy(self)  # nothing is changed in place

    def __call__(self, normalized: Tensor, audio: Tensor) -> Tensor:
        """Finish the next frames, (n, 70) to (n, 70); `audio` is not needed."""
        if self._closed is None:
            self._closed = normalized[:1].clone()
        self._widest = max(self._widest, float(lip_distance(normalized, self._closed).max()))
        return self._stats.denormalize(widen_lips(normalized, self._closed, self._widest))


def use_silence(normalized: Tensor, before: int, after: int) -> Tensor:
    """Exaggerate the lips' departure from those in the silence, then cut the silence off.

    `before` and `after` are frames of added silence in the motion (N, 70); where there are none,
    nothing changes.
    """
    if before or after:
        # Closed lips are taken from the silence, also where it comes first: the reference looks
        # for them near the end there, which is speech (spec H.18).
        reference = None if after else before // 4
        normalized = modulate_lips(normalized, after, reference)
    return normalized[before : len(normalized) - after]
