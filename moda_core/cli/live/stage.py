"""What all viewers share: the models, and the portrait that they see first."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from torch import Tensor

from ...bundles.bundle import Bundle
from ...bundles.live.stream import PortraitStream
from ...emotion.emotion import Emotion
from ...emotion.labels import emotion_weights
from ...errors import MoDAError
from ...motion.motion import FPS
from ...portrait.find_face import FaceChoice
from ...portrait.portrait import Portrait

FAST_ENOUGH = 0.6  # of the time in which frames are shown; a browser needs some, too
TRIED_FRAMES = 16


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


def fitting_portrait(
    bundle: Bundle, path: Path, face: FaceChoice, sizes: Sequence[int]
) -> tuple[Portrait, int, float]:
    """Prepare a picture in the largest size that is fast enough, else in the smallest.

    Parameters
    ----------
    sizes : sequence of int
        Limits of the longest side, in pixels, from large to small.

    Returns
    -------
    portrait : Portrait
    size : int
        The limit that was taken.
    load : float
        Time of making a frame over the time for which it is shown.
    """
    for size in sizes:
        portrait = bundle.portrait(path, face, limit=size)
        load = frame_load(bundle, portrait)
        if load < FAST_ENOUGH:
            break
    return portrait, size, load


def frame_load(bundle: Bundle, portrait: Portrait) -> float:
    """Return the time of making a frame of a portrait over the time for which it is shown."""
    stream = bundle.stream(portrait)
    stream.next_at_rest()  # prepares what is prepared once
    took_s, count = [], 0
    while count < TRIED_FRAMES:
        begun = time.perf_counter()
        made = len(stream.next_at_rest())
        took_s.append((time.perf_counter() - begun) / made)
        count += made
    return median(took_s) * FPS


def named_emotion(label: str) -> Emotion:
    """Return an emotion by its label; ValueError if there is none of that name."""
    return Emotion(emotion_weights(label), label)
