"""The built-in motion model and the features that it hears, which need no download."""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..audio.log_mel import log_mel_features
from ..audio.phrases import PhraseMeter
from ..audio.recording import open_recording
from ..audio.waveform import frame_count
from ..errors import InputFileError
from ..mmdit.config import read_config
from ..mmdit.linear import CPUOperations
from ..mmdit.model import MotionMMDiT
from ..mmdit.released_keys import MMDIT_PREFIX
from ..motion.controls import rest_expression
from ..motion.motion import FPS, MOTION_DIM, MotionStats
from ..portrait.portrait import Portrait
from ..runtime.layers import Layers
from ..sampling.motion_model import MotionModel
from ..weights.checkpoint import cast_floats, load_strict, read_safetensors
from .performance import finish_performance
from .rolling_performance import RollingPerformance

STARTER_ENCODER = "log-mel (built in)"
STARTER_WEIGHTS = Path(__file__).parent / "weights" / "starter.safetensors"
CLOSURE_THRESHOLD = "closure_threshold"
STARTER_EXTRAS = ("null_audio_feat", "motion_mean", "motion_std", CLOSURE_THRESHOLD)


def load_starter_model(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    operations=None,
    path: Path = STARTER_WEIGHTS,
) -> MotionModel:
    """Load the built-in motion model.

    Parameters
    ----------
    dtype : torch.dtype
        Of the weights and of the computation.
    operations : module or namespace, optional
        Supplies the layers, see `MotionMMDiT`; default plain ones.
    path : Path
        Weights made by `train-starter`.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or of another model.
    """
    state, metadata = read_safetensors(path)
    config = read_config(metadata, path.name)
    extras = {key: state[key] for key in STARTER_EXTRAS if key in state}
    if len(extras) < len(STARTER_EXTRAS):
        missing = ", ".join(key for key in STARTER_EXTRAS if key not in extras)
        raise InputFileError(
            f"{path.name} lacks {missing}: it is not a starter model. Restore the file."
        )
    network = MotionMMDiT(config, Layers(operations or CPUOperations, device="meta"))
    weights = {
        key.removeprefix(MMDIT_PREFIX): tensor
        for key, tensor in state.items()
        if key.startswith(MMDIT_PREFIX)
    }
    load_strict(network, cast_floats(weights, dtype), path.name)
    network.to(device).eval().requires_grad_(False)
    stats = MotionStats(extras["motion_mean"].float(), extras["motion_std"].float())
    closure_threshold = float(extras[CLOSURE_THRESHOLD])
    return MotionModel(
        name="starter (built in)",
        network=network,
        null_audio=extras["null_audio_feat"].flatten().to(device, dtype),
        stats=stats,
        encoder=STARTER_ENCODER,
        renderer=None,
        start=start_at_rest,
        finish=partial(finish_at_rest, network, stats, closure_threshold),
        rolling_finish=partial(RollingPerformance, network, stats, closure_threshold),
    )


def start_at_rest(portrait: Portrait) -> tuple[Tensor, Tensor]:
    """Return the starter's motion before the first frame, and its expression at rest.

    Its statistics have their mean at rest, so the normalised motion is zero for any portrait.
    """
    return torch.zeros(1, 1, MOTION_DIM), rest_expression().clone()


def finish_at_rest(
    network: MotionMMDiT,
    stats: MotionStats,
    closure_threshold: float,
    normalized: Tensor,
    features: AudioFeatures,
    seed: int,
) -> Tensor:
    """De-normalise the starter's motion and give it what the network leaves out."""
    motion, heard = stats.denormalize(normalized), None
    if network.hearing_head is not None:
        with torch.inference_mode():
            heard = network.hearing_head.hear(network.audio_embedder, features.values)
    return finish_performance(motion, features.values, seed, heard, closure_threshold)


def encode_speech(
    recording: str | Path | tuple[Tensor, int], duration_s: float | None = None
) -> AudioFeatures:
    """Compute the starter's audio features of a recording.

    Parameters
    ----------
    recording : str, Path or tuple (waveform, sample_rate)
        Any file with a sound track; or a Tensor of shape (C, T) or (T,), full scale at 1, and its
        samples a second.
    duration_s : float, optional
        Seconds to encode; what the recording lacks is silence. Default its length, which is
        measured first.

    Raises
    ------
    InputFileError
        If the file is no usable sound.
    ValueError
        If the waveform is none, or `duration_s` is not above 0.
    """
    blocks, duration_s = open_recording(recording, duration_s)
    meter = PhraseMeter()
    values = log_mel_features(meter.measured(blocks))
    num_frames = frame_count(duration_s, FPS)
    if (missing := num_frames - len(values)) > 0:
        values = torch.cat([values, values.new_zeros(missing, *values.shape[1:])])
    values = values[:num_frames]
    voiced = meter.voiced(num_frames)
    return AudioFeatures(values, STARTER_ENCODER, duration_s, voiced=voiced)
