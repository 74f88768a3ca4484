"""MoDA talking heads in PyTorch: speech and a portrait in, facial motion and frames out.

`import moda_core as moda` is the library; its names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import editing
    from .audio.recording import Recording
    from .bundles.bundle import Bundle
    from .bundles.load import load_released, load_starter
    from .compositing.compositing import Compositing
    from .emotion.emotion import Emotion
    from .errors import MoDAError
    from .liveportrait.driving import DrivingOptions
    from .motion.files.motion_file import load_motion
    from .motion.motion import Motion
    from .portrait.find_face import FaceChoice
    from .sampling.options import SamplingOptions
    from .sampling.request import SamplingRequest

# Where each public name is defined.
_HOMES = {
    "Bundle": "bundles.bundle",
    "Compositing": "compositing.compositing",
    "DrivingOptions": "liveportrait.driving",
    "Emotion": "emotion.emotion",
    "FaceChoice": "portrait.find_face",
    "MoDAError": "errors",
    "Motion": "motion.motion",
    "Recording": "audio.recording",
    "SamplingOptions": "sampling.options",
    "SamplingRequest": "sampling.request",
    "load_motion": "motion.files.motion_file",
    "load_released": "bundles.load",
    "load_starter": "bundles.load",
}

__all__ = [
    "Bundle",
    "Compositing",
    "DrivingOptions",
    "Emotion",
    "FaceChoice",
    "MoDAError",
    "Motion",
    "Recording",
    "SamplingOptions",
    "SamplingRequest",
    "editing",
    "load_motion",
    "load_released",
    "load_starter",
]


def __getattr__(name: str) -> Any:
    if name == "editing":
        return import_module(".editing", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
