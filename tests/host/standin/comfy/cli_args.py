"""The host's command line."""

from enum import Enum
from types import SimpleNamespace


class LatentPreviewMethod(Enum):
    """Whether and how the host shows previews."""

    NoPreviews = "none"
    Auto = "auto"


args = SimpleNamespace(
    cpu=True,
    base_directory=None,
    preview_method=LatentPreviewMethod.NoPreviews,
    preview_size=512,
    disable_metadata=False,
)
