"""The pack's own types of links between nodes, and the values they carry."""

from collections.abc import Callable
from dataclasses import dataclass

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.compositing.renderer import Renderer
from ..moda_core.sampling.motion_model import MotionModel
from . import _host

AudioEncoderType = io.Custom("MODA_AUDIO_ENCODER")  # `LoadedEncoder`
ModelType = io.Custom("MODA_MODEL")  # `LoadedModel`
RendererType = io.Custom("MODA_RENDERER")  # `LoadedRenderer`
FeaturesType = io.Custom("MODA_AUDIO_FEATURES")  # `AudioFeatures`
PortraitType = io.Custom("MODA_PORTRAIT")  # `Portrait`
EmotionType = io.Custom("MODA_EMOTION")  # `Emotion`
SamplingType = io.Custom("MODA_SAMPLING")  # `SamplingRequest`
MotionType = io.Custom("MODA_MOTION")  # `Motion`
CastType = io.Custom("MODA_CAST")  # `Cast`


class _Loaded:
    """Networks under the host's memory management."""

    patchers: tuple

    def get_ram_usage(self) -> int:
        """Return the bytes of the weights, for the host's cache."""
        return _host.weight_bytes(self.patchers)


@dataclass(frozen=True, eq=False)
class LoadedEncoder(_Loaded):
    """An audio encoder.

    Parameters
    ----------
    name : str
        A motion model accepts features of one encoder only, by its name.
    encode : callable (recording, progress) -> AudioFeatures
        See `Recording`.
    patchers : tuple of ModelPatcher
        Empty without weights.
    """

    name: str
    encode: Callable[..., AudioFeatures]
    patchers: tuple = ()

    def __repr__(self) -> str:
        return f"AudioEncoder({self.name!r})"


@dataclass(frozen=True, eq=False)
class LoadedModel(_Loaded):
    """A motion model and its patcher."""

    model: MotionModel
    patchers: tuple

    def __repr__(self) -> str:
        return repr(self.model)


@dataclass(frozen=True, eq=False)
class LoadedRenderer(_Loaded):
    """A renderer.

    Parameters
    ----------
    patchers : tuple of ModelPatcher
        Empty without weights.
    """

    renderer: Renderer
    patchers: tuple = ()

    def __repr__(self) -> str:
        return f"Renderer({self.renderer.name!r})"
