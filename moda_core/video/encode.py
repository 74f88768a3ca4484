"""Encode a video while its frames are rendered."""

from collections.abc import Callable, Iterable

from torch import Tensor

from ..runtime.background import run_in_background
from ..runtime.stopwatch import Stopwatch
from .writer import VideoWriter


def write_frames(
    writer: VideoWriter,
    chunks: Iterable[Tensor],
    on_frames: Callable[[Tensor], None] | None = None,
    stopwatch: Stopwatch | None = None,
) -> None:
    """Write all frames of a video; each chunk is encoded while the next one is rendered.

    Parameters
    ----------
    writer : VideoWriter
        Not yet entered; removes its file if anything fails.
    chunks : iterable of Tensor, shape (n, H, W, 3), uint8
    on_frames : callable (frames), optional
        Called with each chunk after it is submitted; may raise to cancel.
    stopwatch : Stopwatch, optional
        Receives the time spent waiting for frames ("render") and for the encoder ("encode").
    """
    stopwatch, chunks = stopwatch or Stopwatch(), iter(chunks)
    with writer, run_in_background(writer.write) as encode:
        while True:
            with stopwatch.stage("render"):
                frames = next(chunks, None)
            if frames is None:
                return
            with stopwatch.stage("encode"):
                encode(frames)
            if on_frames is not None:
                on_frames(frames)
