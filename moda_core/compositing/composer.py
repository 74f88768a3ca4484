"""Compose frames into full pictures, as the user chose."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..motion.motion import Motion
from ..portrait.cutout import transparent_frames
from ..portrait.portrait import Portrait
from .compositing import Backdrop, Compositing
from .overlay import BufferedBackdrop, Overlay
from .paste_back import PasteBack
from .paste_mask import check_mask, softened_mask

# (frames of the renderer, index of the first one) -> full pictures (n, H, W, 3) uint8 on the CPU
Composer = Callable[[Tensor, int], Tensor]


def crop_composer(paste: PasteBack, compositing: Compositing | None) -> Composer:
    """Return a composer of crops (n, size, size, 3), uint8, on the device of `paste`.

    The mask and widths of `compositing`, if it has any, replace those of `paste`. The composer
    asks the backdrop once for each frame, and may be called again with the same frames. Raises
    ValueError if the mask has another size than the picture.
    """
    chosen = compositing or Compositing()
    if chosen.backdrop is not None and chosen.mask is not None:
        # The mask may cover more of the picture than the crop does, such as the rest of a person.
        over = picture_composer(paste.image, lambda: None, chosen)
        return lambda crops, start: over(paste.compose(crops), start)
    if chosen.bounded:
        limits = (chosen.mask, chosen.feather, chosen.erosion)
        paste = PasteBack(paste.image, paste.transform, paste.device, *limits)
    if chosen.backdrop is None:
        return lambda crops, start: paste.compose(crops)
    backdrop = BufferedBackdrop(chosen.backdrop, paste.image.shape[:2])
    return lambda crops, start: paste.compose(crops, backdrop(start, start + len(crops)))


def picture_composer(
    image: Tensor, region: Callable[[], Tensor], compositing: Compositing | None
) -> Composer:
    """Return a composer of whole pictures (n, H, W, 3), uint8, on the CPU.

    The defaults are the portrait's picture `image` (H, W, 3) as backdrop and ``region()``, (H, W)
    in [0, 1], as mask. The composer asks the backdrop once for each frame, and may be called again
    with the same frames. Raises ValueError if the mask has another size than the picture.
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
    backdrop = BufferedBackdrop(chosen.backdrop, image.shape[:2])
    return lambda pictures, start: overlay(pictures, backdrop(start, start + len(pictures)))


def composed_frames(
    renderer, portrait: Portrait, motion: Motion, chunk: int, **options
) -> Iterator[Tensor]:
    """Yield a renderer's `frames`, with a cut-out whole over a backdrop.

    The parameters are those of the renderer's `frames`. A mask in `compositing` limits a cut-out
    as it limits other portraits; without one, the backdrop is seen through the transparent parts,
    which takes twice the time.
    """
    chosen = options.get("compositing") or Compositing()
    if portrait.cutout is None or chosen.backdrop is None or chosen.mask is not None:
        return renderer.frames(portrait, motion, chunk, **options)
    options["compositing"] = replace(chosen, backdrop=None)
    arguments = (renderer.frames, portrait, motion, chunk)
    backdrop = BufferedBackdrop(chosen.backdrop, portrait.image.shape[:2])
    return _over(backdrop, transparent_frames(*arguments, slack=renderer.slack, **options))


def _over(backdrop: Backdrop, pairs: Iterator[tuple[Tensor, Tensor]]) -> Iterator[Tensor]:
    for index, (_, rgba) in enumerate(pairs):
        behind, opacity = backdrop(index, index + 1).float(), rgba[..., 3:].float() / 255
        yield torch.lerp(behind, rgba[..., :3].float(), opacity).add_(0.5).to(torch.uint8)
