"""Load what belongs together: the starter, or the released networks."""

from functools import partial
from pathlib import Path

import torch

from ..audio.encoder_folder import load_audio_encoder
from ..audio.log_mel_stream import LogMelStream
from ..audio.recording import encode_recording
from ..audio.speech_stream import SpeechStream
from ..liveportrait.load import load_renderer
from ..model_files.model_folder import ENCODER, ModelFiles, find_model_files
from ..sampling.rolling import RELEASED_PLAN, STARTER_PLAN
from ..warp.warp_renderer import WarpRenderer
from .bundle import Bundle
from .released import load_released_model
from .starter import encode_speech, load_starter_model


def load_starter(device: str = "cpu") -> Bundle:
    """Load the starter, which is part of the pack.

    Parameters
    ----------
    device : str
        Where torch computes.
    """

    def encode(recording, duration_s=None, progress=None):
        return encode_speech(recording, duration_s)  # takes no time that needs to be shown

    model, renderer = load_starter_model(device), WarpRenderer(device)
    return Bundle(model, renderer, encode, LogMelStream, STARTER_PLAN)


def load_released(
    files: str | Path | ModelFiles, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Bundle:
    """Load the released networks.

    Parameters
    ----------
    files : str, Path or ModelFiles
        The folder in which they lie, at any depth, or each of them.
    device : str
        Where torch computes.
    dtype : torch.dtype
        Of the large networks, see `load_renderer`.

    Raises
    ------
    MissingModelError
        If the folder lacks a file.
    InputFileError
        If a file is damaged or of another model.
    """
    if not isinstance(files, ModelFiles):
        files = find_model_files(Path(files))
    encoder = load_audio_encoder(files.encoder, device, name=ENCODER)

    def encode(recording, duration_s=None, progress=None):
        return encode_recording(encoder, recording, duration_s, progress=progress)

    return Bundle(
        load_released_model(files.motion_model, device),
        load_renderer(files, device, dtype),
        encode,
        partial(SpeechStream, encoder),
        RELEASED_PLAN,
    )
