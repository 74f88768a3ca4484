"""Blend pictures over a backdrop."""

import torch
from torch import Tensor

from ..errors import MoDAError
from ..runtime.out_of_memory import is_out_of_memory
from .compositing import Backdrop
from .paste_mask import covered_box, mask_blocks

BLOCK_PIXELS = 1 << 14  # of each frame, blended at once


class Overlay:
    """Blends pictures over others by a mask (H, W) in [0, 1], which is prepared once."""

    def __init__(self, mask: Tensor) -> None:
        self._top, self._left, height, width = covered_box(mask)
        rows = slice(self._top, self._top + height)
        self._mask = mask[rows, self._left : self._left + width, None].cpu().contiguous()
        self._blocks = mask_blocks(self._mask[..., 0], BLOCK_PIXELS)

    def __call__(self, frames: Tensor, backdrop: Tensor) -> Tensor:
        """Return `frames` (n, H, W, 3) over `backdrop`, which may be a single picture (H, W, 3).

        All are uint8 on the CPU. The result is a new tensor: the backdrop bit for bit where the
        mask is 0, the frames where it is 1.
        """
        result = backdrop.expand(frames.shape).clone()
        width = self._mask.shape[1]
        for start, end, solid_start, solid_end in self._blocks:
            rows = slice(self._top + start, self._top + end)
            solid = slice(self._left + solid_start, self._left + solid_end)
            result[:, rows, solid] = frames[:, rows, solid]
            for left, right in ((0, solid_start), (solid_end, width)):
                columns = slice(self._left + left, self._left + right)
                below, above = (each[:, rows, columns].float() for each in (result, frames))
                mixed = torch.lerp(below, above, self._mask[start:end, left:right])
                result[:, rows, columns] = mixed.add_(0.5).to(torch.uint8)  # rounds
        return result


class BufferedBackdrop:
    """Asks a backdrop for every frame once only, though renderers retry with fewer frames.

    A backdrop such as a decoder can't go back. `size` is the height and width of its pictures.
    """

    def __init__(self, backdrop: Backdrop, size: tuple[int, int]) -> None:
        self._backdrop, self._size = backdrop, tuple(size)
        self._start, self._frames = 0, torch.empty(0, *size, 3, dtype=torch.uint8)

    def __call__(self, start: int, stop: int) -> Tensor:
        """Return the surroundings of frames, (stop - start, H, W, 3), uint8; not to be written to.

        No `start` may be before that of an earlier call. Raises ValueError if the backdrop returns
        another number, size or type, and MoDAError if memory runs out in the backdrop.
        """
        end = self._start + len(self._frames)
        self._frames = self._frames[start - self._start :]
        self._start = start
        if not len(self._frames):
            self._frames = self._request(start, stop)
        elif stop > end:
            self._frames = torch.cat([self._frames, self._request(end, stop)])
        return self._frames[: stop - start]

    def _request(self, start: int, stop: int) -> Tensor:
        try:
            frames = self._backdrop(start, stop)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise MoDAError(
                "There is not enough memory for the pictures of the background. Close other "
                "programs, or use a smaller picture and background."
            ) from error
        expected = (stop - start, *self._size, 3)
        if tuple(frames.shape) != expected or frames.dtype != torch.uint8:
            raise ValueError(
                f"Expected a background of the portrait's size, {expected} of type uint8, got "
                f"{tuple(frames.shape)} of {frames.dtype}. Scale it to the portrait first."
            )
        return frames.cpu()
