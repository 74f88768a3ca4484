"""Stand-in for `comfy_api.latest`: what the pack uses of it, as ComfyUI 0.8.0 behaves.

Every promise is one that `tests/host/test_conformance.py` also checks on a real host.
"""

from abc import ABC, abstractmethod
from types import SimpleNamespace

from . import _schema as io
from . import _ui as ui
from ._video import (
    Video,
    VideoCodec,
    VideoComponents,
    VideoContainer,
    VideoFromComponents,
    VideoFromFile,
)

__all__ = ["ComfyExtension", "Input", "InputImpl", "Types", "io", "ui"]


class ComfyExtension(ABC):
    """What a pack's `comfy_entrypoint` returns."""

    @abstractmethod
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Return the pack's node classes."""


Input = SimpleNamespace(Video=Video)
InputImpl = SimpleNamespace(VideoFromFile=VideoFromFile, VideoFromComponents=VideoFromComponents)
Types = SimpleNamespace(
    VideoComponents=VideoComponents, VideoContainer=VideoContainer, VideoCodec=VideoCodec
)
