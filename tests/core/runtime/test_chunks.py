import gc
import weakref

import pytest
import torch

from moda_core.errors import MoDAError
from moda_core.runtime.chunks import in_chunks


def limited(most: list[int], log: list[tuple[int, int]]):
    """Return a renderer of frame numbers that fails above `most[0]` frames."""

    def render(start: int, stop: int) -> torch.Tensor:
        log.append((start, stop))
        if stop - start > most[0]:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return torch.arange(start, stop)

    return render


def test_frames_come_in_order_and_the_last_chunk_is_short():
    chunks = [chunk.tolist() for chunk in in_chunks(7, 3, limited([3], []))]

    assert chunks == [[0, 1, 2], [3, 4, 5], [6]]


def test_no_frames_make_no_chunk():
    assert list(in_chunks(0, 3, limited([3], []))) == []


def test_exhausted_memory_halves_the_chunk_for_good():
    log = []

    chunks = list(in_chunks(10, 8, limited([2], log)))

    assert torch.cat(chunks).tolist() == list(range(10))
    assert log == [(0, 8), (0, 4), (0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]


def test_a_short_last_chunk_is_not_tried_twice_at_its_size():
    log, most = [], [8]

    for chunk in in_chunks(11, 8, limited(most, log)):
        most[0] = 1 if chunk[0] == 0 else most[0]

    assert log == [(0, 8), (8, 11), (8, 9), (9, 10), (10, 11)]


def test_memory_is_freed_between_tries_when_no_error_holds_tensors():
    held, alive = [], []

    def render(start: int, stop: int) -> torch.Tensor:
        frames = torch.zeros(stop - start)
        held.append(weakref.ref(frames))
        if stop - start > 1:
            raise MemoryError
        return frames

    def free() -> None:
        gc.collect()
        alive.append(held[-1]() is not None)

    list(in_chunks(3, 4, render, free))

    assert alive == [False]


def test_a_single_frame_is_tried_again_once_memory_is_freed():
    most = [0]

    def free() -> None:
        most[0] = 1

    assert torch.cat(list(in_chunks(2, 1, limited(most, []), free))).tolist() == [0, 1]


@pytest.mark.parametrize(("free", "tries"), [(None, 1), (lambda: None, 2)])
def test_too_little_memory_for_one_frame_is_one_sentence(free, tries):
    log = []

    with pytest.raises(MoDAError, match=r"not enough memory.*single frame"):
        list(in_chunks(3, 1, limited([0], log), free))

    assert log == [(0, 1)] * tries


def test_other_errors_pass():
    def render(start: int, stop: int) -> torch.Tensor:
        raise RuntimeError("shape '[2]' is invalid")

    with pytest.raises(RuntimeError, match="invalid"):
        list(in_chunks(3, 2, render))


def test_the_end_of_memory_keeps_what_torch_raised_as_its_cause():
    def render(start, stop):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(MoDAError) as caught:
        list(in_chunks(2, 2, render))

    assert isinstance(caught.value.__cause__, torch.cuda.OutOfMemoryError)
