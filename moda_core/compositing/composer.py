"""How frames become full pictures, by what the user chose."""

from collections.abc import Callable

from torch import Tensor

from .compositing import Compositing
from .overlay import KeptBackdrop, Overlay
from .paste_back import PasteBack
from .paste_mask import check_mask, softened_mask

# (frames of the renderer, index of the first one) -> full pictures (n, H, W, 3) uint8 on the CPU
Composer = Callable[[Tensor, int], Tensor]


def crop_composer(paste: PasteBack, compositing: Compositing | None) -> Composer:
    """Return what puts crops into full pictures.

    Parameters
    ----------
    paste : PasteBack
        Of the portrait; `compositing` replaces its mask where that says more.
    compositing : Compositing, optional

    Returns
    -------
    Composer
        Of crops (n, size, size, 3) uint8 on the device of `paste`. It asks the backdrop once for
        each frame, and takes the same frames again.

    Raises
    ------
    ValueError
        If the mask has another size than the picture.
    """
    chosen = compositing or Compositing()
    if chosen.backdrop is None or chosen.mask is None:
        if chosen.bounded:
            limits = (chosen.mask, chosen.feather, chosen.erosion)
            paste = PasteBack(paste.image, paste.transform, paste.device, *limits)
        if chosen.backdrop is None:
            return lambda crops, start: paste.compose(crops)
        backdrop = KeptBackdrop(chosen.backdrop, paste.image.shape[:2])
        return lambda crops, start: paste.compose(crops, backdrop(start, start + len(crops)))
    # The mask may hold more of the picture than the crop does: the rest of a person, for example.
    over = picture_composer(paste.image, lambda: None, chosen)
    return lambda crops, start: over(paste.compose(crops), start)


def picture_composer(
    image: Tensor, region: Callable[[], Tensor], compositing: Compositing | None
) -> Composer:
    """Return what puts whole pictures over a backdrop.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The portrait's picture: the backdrop where none is given.
    region : callable () -> Tensor, shape (H, W), float32, in [0, 1]
        Gives where pictures are seen, where `compositing` has no mask.
    compositing : Compositing, optional

    Returns
    -------
    Composer
        Of pictures (n, H, W, 3) uint8 on the CPU. It asks the backdrop once for each frame, and
        takes the same frames again.

    Raises
    ------
    ValueError
        If the mask has another size than the picture.
    """
    chosen = compositing or Compositing()
    if chosen.backdrop is None and not chosen.bounded:
        return lambda pictures, start: pictures
    if chosen.mask is None:
        mask = region()
    else:
        check_mask(chosen.mask, image.shape[:2])
        mask = softened_mask(chosen.mask.cpu(), chosen.feather or 0.0, chosen.erosion)
    overlay = Overlay(mask)
    if chosen.backdrop is None:
        return lambda pictures, start: overlay(pictures, image)
    backdrop = KeptBackdrop(chosen.backdrop, image.shape[:2])
    return lambda pictures, start: overlay(pictures, backdrop(start, start + len(pictures)))
