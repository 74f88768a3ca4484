"""The pack's own kinds of links between nodes, and what travels over them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.bundle import Renderer
from ..moda_core.sampling.motion_model import MotionModel
from . import _host

AudioEncoderType = io.Custom("MODA_AUDIO_ENCODER")
ModelType = io.Custom("MODA_MODEL")
RendererType = io.Custom("MODA_RENDERER")
FeaturesType = io.Custom("MODA_AUDIO_FEATURES")  # `AudioFeatures`
PortraitType = io.Custom("MODA_PORTRAIT")  # `Portrait`
EmotionType = io.Custom("MODA_EMOTION")  # `Emotion`
SamplingType = io.Custom("MODA_SAMPLING")  # `SamplingRequest`
MotionType = io.Custom("MODA_MOTION")  # `Motion`


@dataclass(frozen=True, eq=False)
class LoadedEncoder:
    """An audio encoder.

    Parameters
    ----------
    name : str
        Of the encoder; a motion model takes features of one only.
    encode : callable (recording, progress) -> AudioFeatures
        `recording` is a waveform (C, T) and its sample rate.
    patchers : tuple of ModelPatcher
        Empty without weights.
    """

    name: str
    encode: Callable[..., AudioFeatures]
    patchers: tuple = ()

    def __repr__(self) -> str:
        return f"AudioEncoder({self.name!r})"

    def get_ram_usage(self) -> int:
        """Return the bytes of its weights; asked by the host's cache."""
        return _host.weight_bytes(self.patchers)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A motion model.

    Parameters
    ----------
    model : MotionModel
    patchers : tuple of ModelPatcher
    """

    model: MotionModel
    patchers: tuple

    def __repr__(self) -> str:
        return repr(self.model)

    def get_ram_usage(self) -> int:
        """Return the bytes of its weights; asked by the host's cache."""
        return _host.weight_bytes(self.patchers)


@dataclass(frozen=True, eq=False)
class LoadedRenderer:
    """A renderer.

    Parameters
    ----------
    renderer : Renderer
    patchers : tuple of ModelPatcher
        Empty without weights.
    yunet : Path, optional
        Weights of a face finder that lie beside it.
    """

    renderer: Renderer
    patchers: tuple = ()
    yunet: Path | None = None

    def __repr__(self) -> str:
        return f"Renderer({self.renderer.name!r})"

    def get_ram_usage(self) -> int:
        """Return the bytes of its weights; asked by the host's cache."""
        return _host.weight_bytes(self.patchers)
