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

FAST_ENOUGH = 0.5  # of the time in which frames are shown; a browser slows them down
TRIED_FRAMES = 16


@dataclass(frozen=True, eq=False)
class Stage:
    """Models that were loaded once, and how streams begin.

    Parameters
    ----------
    bundle : Bundle
    portrait : Portrait
        The one that viewers see first.
    path : Path
        Its picture.
    face : FaceChoice
        Its face.
    emotion : str
        Its emotion, one of `EMOTIONS`.
    seed : int
    sizes : tuple of int
        Limits of the longest side of pictures, in pixels, from large to small. The first one holds
        until a viewer turns out to be too slow for it.
    """

    bundle: Bundle
    portrait: Portrait
    path: Path
    face: FaceChoice
    emotion: str = "none"
    seed: int = 42
    sizes: tuple[int, ...] = (512,)

    def stream(self, sample_rate: int) -> PortraitStream:
        """Return a stream of its own, with sound of a rate."""
        return self.bundle.stream(self.portrait, self.emotion, self.seed, sample_rate)

    def smaller(self, size: int) -> int | None:
        """Return the largest limit below a size, None if there is none."""
        return next((limit for limit in self.sizes if limit < size), None)

    def read_portrait(self, content: bytes | None, limit: int) -> Portrait:
        """Prepare the picture that a file's content holds, or the first one.

        Raises `MoDAError` if that can't be done.
        """
        if content is None:
            return self.bundle.portrait(self.path, self.face, limit=limit)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "picture")
            path.write_bytes(content)
            try:
                return self.bundle.portrait(path, limit=limit)
            except MoDAError as error:
                raise MoDAError(str(error).replace(f"'{path}'", "The picture")) from error

    def rest(self, portrait: Portrait) -> Tensor:
        """Return a portrait's expression at rest, (63,)."""
        return self.bundle.model.start(portrait)[1]


def fitting_portrait(
    bundle: Bundle, path: Path, face: FaceChoice, sizes: Sequence[int]
) -> tuple[Portrait, int, float]:
    """Prepare a picture in the largest size that is fast enough, else in the smallest possible.

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

    Raises
    ------
    MoDAError
        If the picture can't be prepared in the first size.
    """
    fitting = None
    for size in sizes:
        try:
            portrait = bundle.portrait(path, face, limit=size)
        except MoDAError:  # the face would be too small
            if fitting is None:
                raise
            break
        fitting = portrait, size, frame_load(bundle, portrait)
        if fitting[2] < FAST_ENOUGH:
            break
    return fitting


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
