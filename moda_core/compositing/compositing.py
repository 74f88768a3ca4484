"""The user's choices of how frames and their surroundings are combined."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .paste_mask import check_mask, check_widths

# (start, stop) of output frames -> their surroundings, (stop - start, H, W, 3) uint8, of the
# picture's size, on the CPU. Called once for each range of frames, in increasing order.
Backdrop = Callable[[int, int], Tensor]


@dataclass(frozen=True, eq=False)
class Compositing:
    """Where frames are visible, and what is around them.

    Parameters
    ----------
    mask : Tensor, shape (H, W), in [0, 1], optional
        Where frames, which are whole pictures, replace the backdrop. Default: the region that the
        renderer moves, see its `paste_mask`.
    feather : float, optional
        Width of the soft edge in pixels of the picture, inwards. Default: the renderer's own for
        its region, and none for a mask.
    erosion : float
        Pixels of the picture by which the mask, or the region, is first made smaller.
    backdrop : Backdrop, optional
        Default: the portrait's picture.

    Raises
    ------
    ValueError
        If the mask is not (H, W) in [0, 1], or a width is negative or not finite.
    """

    mask: Tensor | None = None
    feather: float | None = None
    erosion: float = 0.0
    backdrop: Backdrop | None = None

    def __post_init__(self):
        check_widths(self.feather, self.erosion)
        if self.mask is not None:
            check_mask(self.mask)

    @property
    def bounded(self) -> bool:
        """Whether it limits where frames are visible more than the renderer itself does."""
        return self.mask is not None or self.feather is not None or self.erosion > 0
