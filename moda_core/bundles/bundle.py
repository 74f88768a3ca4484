"""What turns a portrait and a recording into frames, loaded together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..audio.encoder_folder import load_audio_encoder
from ..audio.features import AudioFeatures
from ..audio.recording import encode_recording
from ..compositing.compositing import Compositing
from ..face.landmarks import FaceLandmarks
from ..liveportrait.load import load_renderer
from ..model_files.model_folder import ENCODER, ModelFiles
from ..motion.motion import Motion
from ..portrait.crop import CROP_SCALE, CropTransform
from ..portrait.portrait import Portrait
from ..sampling.chain import Progress
from ..sampling.motion_model import MotionModel
from ..warp.warp_renderer import WarpRenderer
from .released import load_released_model
from .starter import encode_speech, load_starter_model


class Renderer(Protocol):
    """What every renderer offers."""

    name: str

    free_memory: Callable[[], None] | None

    def portrait(
        self, image: Tensor, landmarks: FaceLandmarks, crop_scale: float = CROP_SCALE
    ) -> Portrait:
        """Prepare a picture (H, W, 3) uint8."""

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        compositing: Compositing | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Yield the frames from `start` to before `stop`, chunks of (n, H, W, 3) uint8."""

    def faces(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Yield the square around the face of the same frames, chunks of (n, 512, 512, 3) uint8."""

    def crop(self, portrait: Portrait) -> tuple[Tensor, CropTransform]:
        """Return the unmoved square (512, 512, 3) uint8, and where it lies in the picture."""

    def paste_mask(self, portrait: Portrait) -> Tensor:
        """Return where frames replace the picture, (H, W) in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """Parts that belong together.

    Parameters
    ----------
    model : MotionModel
    renderer : Renderer
    encode : callable (path, duration_s, progress) -> AudioFeatures
        The audio encoder that the model was trained on; `progress` (done, total) may raise to
        cancel.
    """

    model: MotionModel
    renderer: Renderer
    encode: Callable[[str | Path, float, Progress], AudioFeatures]


def load_starter(device: str = "cpu") -> Bundle:
    """Load the starter, which is part of the pack.

    Parameters
    ----------
    device : str
        Where torch computes.
    """

    def encode(path, duration_s, progress):
        return encode_speech(path, duration_s)  # takes no time that needs to be shown

    return Bundle(load_starter_model(device), WarpRenderer(device), encode)


def load_released(
    files: ModelFiles, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Bundle:
    """Load the released networks.

    Parameters
    ----------
    files : ModelFiles
        Where they lie.
    device : str
        Where torch computes.
    dtype : torch.dtype
        Of the large networks, see `load_renderer`.

    Raises
    ------
    InputFileError
        If a file is damaged or of another model.
    """
    encoder = load_audio_encoder(files.encoder, device, name=ENCODER)

    def encode(path, duration_s, progress):
        return encode_recording(encoder, path, duration_s, progress=progress)

    return Bundle(
        load_released_model(files.motion_model, device),
        load_renderer(files, device, dtype),
        encode,
    )
