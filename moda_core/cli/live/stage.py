"""What all viewers share: the models, and the portrait that they see first."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ...bundles.bundle import Bundle
from ...bundles.live.stream import PortraitStream
from ...emotion.emotion import Emotion
from ...emotion.labels import emotion_weights
from ...errors import MoDAError
from ...portrait.portrait import Portrait


@dataclass(frozen=True, eq=False)
class Stage:
    """Models that were loaded once, and how streams begin.

    Parameters
    ----------
    bundle : Bundle
    portrait : Portrait
        The one that viewers see first.
    emotion : str
        Its emotion, one of `EMOTIONS`.
    seed : int
    size : int
        A larger picture that is dropped on the page is scaled down to it, in pixels.
    """

    bundle: Bundle
    portrait: Portrait
    emotion: str = "none"
    seed: int = 42
    size: int = 512

    def stream(self, sample_rate: int) -> PortraitStream:
        """Return a stream of its own, with sound of a rate."""
        return self.bundle.stream(self.portrait, self.emotion, self.seed, sample_rate)

    def read_portrait(self, content: bytes) -> Portrait:
        """Prepare the picture that a file's content holds; MoDAError if that can't be done."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "picture")
            path.write_bytes(content)
            try:
                return self.bundle.portrait(path, limit=self.size)
            except MoDAError as error:
                raise MoDAError(str(error).replace(f"'{path}'", "The picture")) from error

    def rest(self, portrait: Portrait) -> Tensor:
        """Return a portrait's expression at rest, (63,)."""
        return self.bundle.model.start(portrait)[1]


def named_emotion(label: str) -> Emotion:
    """Return an emotion by its label; ValueError if there is none of that name."""
    return Emotion(emotion_weights(label), label)
