"""Pictures laid over a backdrop."""

import torch
from torch import Tensor

from ..errors import MoDAError
from ..runtime.out_of_memory import is_out_of_memory
from .compositing import Backdrop
from .paste_mask import covered_box, mask_blocks

BLOCK_PIXELS = 1 << 14  # of each frame, worked on at once


class Overlay:
    """Lays pictures over others; what depends on the mask alone is found once.

    Parameters
    ----------
    mask : Tensor, shape (H, W), float32, in [0, 1]
        How much of the upper picture is seen.
    """

    def __init__(self, mask: Tensor) -> None:
        self._top, self._left, height, width = covered_box(mask)
        rows = slice(self._top, self._top + height)
        self._mask = mask[rows, self._left : self._left + width, None].cpu().contiguous()
        self._blocks = mask_blocks(self._mask[..., 0], BLOCK_PIXELS)

    def __call__(self, frames: Tensor, backdrop: Tensor) -> Tensor:
        """Blend pictures.

        Parameters
        ----------
        frames : Tensor, shape (n, H, W, 3), uint8
            The upper ones, on the CPU.
        backdrop : Tensor, shape (H, W, 3) or (n, H, W, 3), uint8
            The lower ones, on the CPU.

        Returns
        -------
        Tensor, shape (n, H, W, 3), uint8
            A new tensor; the backdrop bit for bit where the mask is 0, the frames where it is 1.
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


class KeptBackdrop:
    """Asks a backdrop for every frame once only, though renderers try again with fewer frames.

    Parameters
    ----------
    backdrop : Backdrop
        Can't go back: a decoder, for example.
    size : tuple of int
        Height and width that its pictures must have.
    """

    def __init__(self, backdrop: Backdrop, size: tuple[int, int]) -> None:
        self._backdrop, self._size = backdrop, tuple(size)
        self._start, self._frames = 0, torch.empty(0, *size, 3, dtype=torch.uint8)

    def __call__(self, start: int, stop: int) -> Tensor:
        """Return what is seen around some frames.

        Parameters
        ----------
        start, stop : int
            First frame and the one after the last; no start lies before that of an earlier call.

        Returns
        -------
        Tensor, shape (stop - start, H, W, 3), uint8
            Belongs to this object: not to be written to.

        Raises
        ------
        ValueError
            If the backdrop gives pictures of another number, size or type.
        MoDAError
            If memory runs out in the backdrop, which can't be asked again.
        """
        end = self._start + len(self._frames)
        self._frames = self._frames[start - self._start :]
        self._start = start
        if not len(self._frames):
            self._frames = self._asked(start, stop)
        elif stop > end:
            self._frames = torch.cat([self._frames, self._asked(end, stop)])
        return self._frames[: stop - start]

    def _asked(self, start: int, stop: int) -> Tensor:
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
