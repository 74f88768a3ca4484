"""Portraits with transparent parts.

Renderers animate opaque pictures. A cut-out is therefore rendered over two plain colours, from
which the opacity of every pixel follows wherever its head moves (Smith and Blinn 1996, Blue Screen
Matting).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from PIL import ImageColor
from torch import Tensor

from .portrait import Portrait

Color = tuple[int, int, int]
NO_TRANSPARENCY = (
    "The portrait's picture has no transparent parts. Use a picture with transparency, or link the "
    "mask of its transparent part to 'transparency' of MoDA Extract Identity."
)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, eq=False)
class Cutout:
    """A portrait over a second background.

    Parameters
    ----------
    color, other_color : tuple of int, RGB, 0 to 255
        Behind the portrait, and behind the other one.
    other : Portrait
        The same face, moved by the same keypoints.
    """

    color: Color
    other_color: Color
    other: Portrait

    def rgba(self, frames: Tensor, others: Tensor, slack: float = 0.0) -> Tensor:
        """Return frames (n, H, W, 4), uint8, of those over both colours, (n, H, W, 3) each.

        The last channel is opacity; colours are not multiplied by it. Opacity within `slack` of 0
        or 1 is taken for that.
        """
        color, other = (
            torch.tensor(c, dtype=torch.float32, device=frames.device)
            for c in (self.color, self.other_color)
        )
        apart = color - other
        seen = (frames.float() - others.float()) @ apart / (apart @ apart)
        opacity = ((1 - seen - slack) / (1 - 2 * slack)).clamp(0, 1)[..., None]
        opacity = (opacity * 255).round() / 255
        plain = (frames - (1 - opacity) * color) / opacity.clamp(min=1 / 255)
        return (torch.cat([plain, opacity * 255], -1) + 0.5).clamp(0, 255).to(torch.uint8)


def parse_color(text: str) -> Color:
    """Return the RGB of a colour's name or hexadecimal number, such as ``white`` or ``#00ff00``."""
    try:
        return ImageColor.getrgb(text.strip())[:3]
    except ValueError as error:
        raise ValueError(
            f"Expected a colour such as 'white' or '#00ff00', got {text[:40]!r}. Correct it."
        ) from error


def check_opacity(opacity: Tensor, image: Tensor) -> None:
    """Raise ValueError unless an opacity has the height and width of a picture (H, W, 3)."""
    if opacity.shape != image.shape[:2]:
        raise ValueError(
            f"Expected an opacity of the picture's shape {tuple(image.shape[:2])}, got "
            f"{tuple(opacity.shape)}. Scale it to the picture, without a channel."
        )


def over_color(image: Tensor, opacity: Tensor, color: Color) -> Tensor:
    """Put a colour behind a picture (H, W, 3), uint8, that is over white; opacity is in [0, 1].

    The result is on the picture's device. Raises ValueError for an opacity of another size.
    """
    check_opacity(opacity, image)
    behind = torch.tensor(color, dtype=torch.float32, device=image.device) - 255
    seen = (1 - opacity.to(image.device))[..., None] * behind
    return (image.float() + seen).round().clamp(0, 255).to(torch.uint8)


def cutout_portrait(
    renderer, image: Tensor, opacity: Tensor | None, color: Color, *face, **options
) -> Portrait:
    """Prepare a portrait with transparent parts.

    Parameters
    ----------
    renderer : Renderer
    image : Tensor, shape (H, W, 3), uint8
        Over white.
    opacity : Tensor, shape (H, W), in [0, 1], or None
        None for an opaque picture.
    color : tuple of int
        Behind the transparent parts.
    *face, **options
        Of the renderer's `portrait`.
    """
    if opacity is None:
        return renderer.portrait(image, *face, **options)
    portrait = renderer.portrait(over_color(image, opacity, color), *face, **options)
    other = BLACK if sum(color) > sum(WHITE) / 2 else WHITE
    second = renderer.with_picture(portrait, over_color(image, opacity, other))
    return replace(portrait, cutout=Cutout(color, other, second))


def transparent_frames(
    make: Callable[..., Iterator[Tensor]], portrait: Portrait, *arguments, slack: float, **options
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each frame of a cut-out, (1, H, W, 3), and with opacity, (1, H, W, 4), uint8.

    Parameters
    ----------
    make : callable
        A renderer's `frames` or `faces`, which takes the other arguments.
    slack : float
        The renderer's `slack`.

    Raises
    ------
    ValueError
        If the portrait's picture has no transparent parts.
    """
    cutout = portrait.cutout
    if cutout is None:
        raise ValueError(NO_TRANSPARENCY)
    both = (
        (frame[None] for chunk in make(each, *arguments, **options) for frame in chunk)
        for each in (portrait, cutout.other)
    )
    for frame, other in zip(*both, strict=True):
        yield frame, cutout.rgba(frame, other, slack)
