"""Render frames in chunks, and in smaller ones when memory runs out."""

from collections.abc import Callable, Iterator

from torch import Tensor

from ..errors import MoDAError
from .out_of_memory import is_out_of_memory


def in_chunks(
    total: int,
    chunk: int,
    render: Callable[[int, int], Tensor],
    free: Callable[[], None] | None = None,
) -> Iterator[Tensor]:
    """Render frames in order; when memory runs out, halve the chunk and continue.

    Parameters
    ----------
    total : int
        Number of frames.
    chunk : int
        Frames at once, at least 1.
    render : callable (start, stop) -> Tensor, shape (stop - start, ...)
        Renders the frames from `start` to before `stop`. After memory ran out it is called again
        with the same start.
    free : callable, optional
        Called each time that memory ran out, to release unused memory before the next try.

    Yields
    ------
    Tensor, shape (n, ...)
        n at most `chunk`.

    Raises
    ------
    MoDAError
        If there is not enough memory for a single frame even after `free`; its cause is torch's
        error.
    """
    start, freed = 0, False
    while start < total:
        count = min(chunk, total - start)
        frames, reason = _tried(render, start, start + count)
        if frames is not None:
            yield frames
            start, freed = start + count, False
            continue
        if count == 1 and (free is None or freed):
            raise MoDAError(
                "There is not enough memory to render a single frame. Close other programs, or "
                "load the renderer in half precision or on another device."
            ) from reason
        chunk = max(1, count // 2)
        if free is not None:
            free()
            freed = True


def _tried(
    render: Callable[[int, int], Tensor], start: int, stop: int
) -> tuple[Tensor | None, BaseException | None]:
    """Return frames, or None and the error if memory ran out, which no longer holds tensors."""
    try:
        return render(start, stop), None
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None, error.with_traceback(None)
