"""From a portrait and speech to frames: the parts put together."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .audio.features import AudioFeatures
from .audio.log_mel import log_mel_features
from .audio.waveform import audio_duration, decode_blocks, frame_count
from .checkpoint import MMDIT_PREFIX, cast_floats, load_strict, read_config, read_safetensors
from .emotion import emotion_weights
from .mmdit.linear import CPUOperations, tune
from .mmdit.model import MotionMMDiT
from .motion import FPS, Motion, MotionStats
from .portrait.portrait import Portrait
from .starter.controls import rest_expression
from .starter.performance import finish_performance
from .windows import WINDOW, Progress, SamplingOptions, sample_motion

STARTER_ENCODER = "log-mel (built in)"
STARTER_WEIGHTS = Path(__file__).parent / "starter" / "weights" / "starter.safetensors"


@dataclass(frozen=True)
class MotionModel:
    """A motion transformer with what is needed to sample from it.

    Parameters
    ----------
    name : str
        What users see.
    network : MotionMMDiT
    null_audio : Tensor, shape (channels,)
        Stands for "no audio" in guidance; on the device of the run.
    stats : MotionStats
        Of the normalised space.
    encoder : str
        Name of the audio encoder that the network was trained on.
    """

    name: str
    network: MotionMMDiT
    null_audio: Tensor
    stats: MotionStats
    encoder: str

    def __repr__(self) -> str:
        return f"MotionModel({self.name!r})"


def load_starter_model(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    path: Path = STARTER_WEIGHTS,
) -> MotionModel:
    """Load the built-in motion model.

    Parameters
    ----------
    device, dtype : optional
        Where and how the network computes.
    path : Path
        Weights made by `train-starter`.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or of another model.
    """
    state, metadata = read_safetensors(path)
    config = read_config(metadata)
    network = MotionMMDiT(config, device="meta", operations=CPUOperations)
    weights = {
        key.removeprefix(MMDIT_PREFIX): tensor
        for key, tensor in state.items()
        if key.startswith(MMDIT_PREFIX)
    }
    load_strict(network, cast_floats(weights, dtype), path.name)
    network.to(device).eval().requires_grad_(False)
    if torch.device(device).type == "cpu":
        tune(network, num_tokens=2 * 4 * WINDOW)
    stats = MotionStats(state["motion_mean"].float(), state["motion_std"].float())
    null_audio = state["null_audio_feat"].flatten().to(device, dtype)
    return MotionModel("starter (built in)", network, null_audio, stats, STARTER_ENCODER)


def encode_speech(path: str | Path, seconds: float | None = None) -> AudioFeatures:
    """Read a recording as the starter's audio features.

    Parameters
    ----------
    path : str or Path
        Any file with a sound track.
    seconds : float, optional
        Read only the beginning.

    Raises
    ------
    InputFileError
        If the file is no usable sound.
    """
    duration_s = audio_duration(path)
    if seconds is not None:
        duration_s = min(duration_s, seconds)
    values = log_mel_features(decode_blocks(path, duration_s=duration_s))
    num_frames = frame_count(duration_s, FPS)
    missing = max(0, num_frames - len(values))
    values = torch.cat([values, values.new_zeros(missing, *values.shape[1:])])[:num_frames]
    return AudioFeatures(values, STARTER_ENCODER, duration_s)


def perform(
    model: MotionModel,
    features: AudioFeatures,
    portrait: Portrait,
    emotion: Tensor | None = None,
    options: SamplingOptions | None = None,
    progress: Progress | None = None,
) -> Motion:
    """Sample the motion of a portrait that speaks a recording.

    Parameters
    ----------
    model : MotionModel
    features : AudioFeatures
        Of the encoder that the model was trained on.
    portrait : Portrait
    emotion : Tensor, shape (9,), optional
        See `emotion_weights`; default none.
    options : SamplingOptions, optional
    progress : callable (done, total), optional
        Called after every step; may raise to cancel.

    Returns
    -------
    Motion
        At 25 fps, one frame for each of the features.

    Raises
    ------
    ValueError
        If the features are another encoder's.
    """
    if features.encoder != model.encoder:
        raise ValueError(
            f"The model {model.name!r} was trained on features of {model.encoder!r}, but got those "
            f"of {features.encoder!r}. Encode the audio with the model's own encoder."
        )
    options = options or SamplingOptions()
    emotion = emotion_weights("none") if emotion is None else emotion
    normalized = sample_motion(
        model.network,
        model.null_audio,
        features.values,
        portrait.identity,
        rest_frame(model),
        emotion,
        options,
        progress=progress,
    )
    values = model.stats.denormalize(normalized).cpu()
    values = finish_performance(values, features.values, options.seed)
    return Motion(values, rest_expression())


def rest_frame(model: MotionModel) -> Tensor:
    """Return the normalised motion before a clip's first frame, shape (1, 1, 70): at rest.

    The starter's statistics have their mean at rest, so it is zero.
    """
    return torch.zeros(1, 1, model.stats.mean.shape[0])
