"""From a portrait and speech to frames: the parts put together."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .audio.features import AudioFeatures
from .audio.log_mel import log_mel_features
from .audio.waveform import audio_duration, decode_blocks, frame_count
from .checkpoint import MMDIT_PREFIX, cast_floats, load_strict, read_config, read_safetensors
from .emotion import emotion_weights
from .errors import InputFileError
from .mmdit.linear import CPUOperations, tune
from .mmdit.model import MotionMMDiT
from .motion import FPS, MOTION_DIM, Motion, MotionStats
from .portrait.portrait import Portrait
from .starter.controls import rest_expression
from .starter.performance import finish_performance
from .threads import one_thread
from .window_plan import WINDOW
from .windows import Progress, SamplingOptions, sample_motion

STARTER_ENCODER = "log-mel (built in)"
STARTER_WEIGHTS = Path(__file__).parent / "starter" / "weights" / "starter.safetensors"
SMALL_WIDTH = 256  # of a network whose products are too small to share among threads
STARTER_EXTRAS = ("null_audio_feat", "motion_mean", "motion_std")


@dataclass(frozen=True, eq=False)
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
    start : callable (Portrait) -> (previous, rest)
        Normalised motion before the first frame, shape (1, 1, 70), and the expression at rest that
        the motion starts from, shape (63,).
    finish : callable (motion, features, seed) -> motion
        What is done to the de-normalised motion, shape (N, 70), of a whole clip.
    """

    name: str
    network: MotionMMDiT
    null_audio: Tensor
    stats: MotionStats
    encoder: str
    start: Callable[[Portrait], tuple[Tensor, Tensor]]
    finish: Callable[[Tensor, Tensor, int], Tensor]

    def __repr__(self) -> str:
        return f"MotionModel({self.name!r})"


def load_starter_model(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    operations=None,
    path: Path = STARTER_WEIGHTS,
) -> MotionModel:
    """Load the built-in motion model.

    Parameters
    ----------
    device : str or torch.device
    dtype : torch.dtype
        Of the weights and of the computation.
    operations : module or namespace, optional
        Supplies the layers, see `MotionMMDiT`; default plain ones, tuned on a CPU.
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
            f"{path.name} lacks {missing}: it is no starter model. Restore the file."
        )
    network = MotionMMDiT(config, device="meta", operations=operations or CPUOperations)
    weights = {
        key.removeprefix(MMDIT_PREFIX): tensor
        for key, tensor in state.items()
        if key.startswith(MMDIT_PREFIX)
    }
    load_strict(network, cast_floats(weights, dtype), path.name)
    network.to(device).eval().requires_grad_(False)
    if torch.device(device).type == "cpu":
        tune(network, num_tokens=2 * 4 * WINDOW)
    return MotionModel(
        name="starter (built in)",
        network=network,
        null_audio=extras["null_audio_feat"].flatten().to(device, dtype),
        stats=MotionStats(extras["motion_mean"].float(), extras["motion_std"].float()),
        encoder=STARTER_ENCODER,
        start=start_at_rest,
        finish=finish_performance,
    )


def start_at_rest(portrait: Portrait) -> tuple[Tensor, Tensor]:
    """Return the starter's motion before the first frame, and its expression at rest.

    Its statistics have their mean at rest, so the normalised motion is zero for any portrait.
    """
    return torch.zeros(1, 1, MOTION_DIM), rest_expression().clone()


def encode_speech(path: str | Path, duration_s: float | None = None) -> AudioFeatures:
    """Read a recording as the starter's audio features.

    Parameters
    ----------
    path : str or Path
        Any file with a sound track.
    duration_s : float, optional
        How much of it, at most its length; default all of it, which is measured first.

    Raises
    ------
    InputFileError
        If the file is no usable sound.
    """
    if duration_s is None:
        duration_s = audio_duration(path)
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
    previous, rest = model.start(portrait)
    with one_thread() if model.network.config.width <= SMALL_WIDTH else nullcontext():
        normalized = sample_motion(
            model.network,
            model.null_audio,
            features.values,
            portrait.identity,
            previous,
            emotion,
            options,
            progress=progress,
        )
    values = model.stats.denormalize(normalized).cpu()
    return Motion(model.finish(values, features.values, options.seed), rest)
