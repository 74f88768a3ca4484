"""The interior of the mouth: teeth, tongue, cavity and the inside of the lower lip."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..face.picture_samples import color_samples, patch_mean
from ..head.mouth_look import MouthLook, mouth_look
from ..head.seen_teeth import SeenTeeth, find_teeth, with_seen
from ..head.teeth import TeethRow
from ..motion.easing import bump, shoulder, smoothstep
from .face_shape import FaceShape, MouthShape, rotate
from .render_mouth import MouthOpening, center_on_lips, skull_share, teeth_drop, upper_lip

TONGUE_ABOVE_SEAM = 0.19  # of its back, where it is seen
INTERIOR_GAP = 0.07  # of the lips, above which the picture's own teeth are kept
OWN_EDGE = 0.02  # of the picture's own teeth, that the lips shade
SEEN_SIZE = (100, 400)  # of the own teeth's texture, rows and columns


def look_of_mouth(shape: FaceShape, image: Tensor, eye_white: Tensor) -> MouthLook:
    """Choose the look of the mouth in a picture (H, W, 3), uint8; `eye_white` is a colour."""
    cheeks = torch.stack([_patch_color(shape, image, x, 0.7, 0.12) for x in (-0.45, 0.45)])
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 25), np.linspace(-0.05, 0.9, 25))
    face = _colors(shape, image, x, y).flatten(1).T
    seen = _seen_teeth(shape, image)
    look = mouth_look(cheeks, face, eye_white, shape.frame.unit, seen and seen.color)
    if not seen:
        return look
    mouth = shape.mouth
    place, seam = (partial(_own_edges, mouth), mouth.half_width), _seam(mouth)
    lower_shift = seam + teeth_drop(mouth, mouth.gap)
    return replace(
        look,
        upper_teeth=with_seen(look.upper_teeth, seen, *place, seam),
        lower_teeth=with_seen(look.lower_teeth, seen, *place, lower_shift),
    )


def _colors(shape: FaceShape, image: Tensor, x: np.ndarray, y: np.ndarray) -> Tensor:
    """Sample a picture (H, W, 3), uint8, at points (h, w) of the face frame, (3, h, w)."""
    return torch.from_numpy(color_samples(image.cpu().numpy(), *shape.frame.to_pixels(x, y)))


def _seen_teeth(shape: FaceShape, image: Tensor) -> SeenTeeth | None:
    """Find the teeth that a picture (H, W, 3), uint8, shows."""
    mouth = shape.mouth
    if mouth.gap < INTERIOR_GAP:
        return None
    rows, columns = SEEN_SIZE
    right = (torch.arange(columns) + 0.5) * (2 / columns) - 1
    upper, gap = _own_edges(mouth, right)
    down = upper + gap * ((torch.arange(rows) + 0.5) / rows)[:, None]
    x, y = rotate((right * mouth.half_width).expand_as(down), down, mouth.tilt)
    inside = _colors(shape, image, mouth.x + x.numpy(), mouth.y + y.numpy())
    lip = _patch_color(shape, image, mouth.x, mouth.y + mouth.lower + 0.06, 0.03)
    skin = _patch_color(shape, image, 0.45, 0.7, 0.12)
    return find_teeth(inside, mouth.gap, lip.cpu(), skin.cpu())


def _own_edges(mouth: MouthShape, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return the place of own teeth below the picture's upper lip, and how high they show there.

    `right` is in half widths of the mouth.
    """
    across = center_on_lips(mouth, right)
    dome = (1 - across**2).clamp(min=0)
    shown = mouth.gap * dome**0.75
    edge = torch.minimum(OWN_EDGE * dome, 0.25 * shown)
    return upper_lip(mouth, across, dome) + edge, shown - 1.5 * edge


def _seam(mouth: MouthShape) -> float:
    """Return where the middle of the closed lips is, below the line of the corners."""
    return mouth.upper + skull_share(mouth) * mouth.gap


def _patch_color(shape: FaceShape, image: Tensor, x: float, y: float, radius: float) -> Tensor:
    """Return the mean colour (3,) of a square of a picture, `radius` in eye distances."""
    column, row = (float(each) for each in shape.frame.to_pixels(x, y))
    return patch_mean(image, column, row, radius * shape.frame.unit)


def paint_interior(
    shape: FaceShape,
    opening: MouthOpening,
    look: MouthLook,
    picture: Tensor,
) -> Tensor:
    """Paint the interior of the mouth over a warped picture of n frames (n, 3, h, w), 0 to 255.

    `opening` is that of these frames. Returns `picture` itself if the mouths are closed.
    """
    pixel = 1 / shape.frame.unit
    height = (opening.below_upper + opening.above_lower).clamp(min=0)
    inside = torch.minimum(opening.below_upper, opening.above_lower / opening.steepness)
    mask = smoothstep(-0.5 * pixel, 0.8 * pixel, inside) * smoothstep(0.0, 1.5 * pixel, height)
    if not bool((mask > 0).any()):
        return picture
    seam = _seam(shape.mouth)
    painted = _back(opening, look, height, seam)
    below = opening.down - seam
    shade = 0.7 + 0.25 * smoothstep(0.0, 0.10, opening.above_lower)
    painted = _lay(painted, look.lower_teeth, opening, below - opening.jaw_drop, shade)
    shade = 0.7 + 0.3 * smoothstep(0.0, 0.08, opening.below_upper)
    shade = shade * (0.75 + 0.25 * smoothstep(0.01, 0.14, height))
    painted = _lay(painted, look.upper_teeth, opening, below, shade)
    lip = _inner_lip(opening, look, height, picture, painted)
    return torch.lerp(picture, lip, mask[:, None])


def _lay(
    picture: Tensor, row: TeethRow, opening: MouthOpening, below: Tensor, shade: Tensor
) -> Tensor:
    """Lay a row of teeth over what is behind it, whose warm colour is in their shadow."""
    first, last = row.tips
    tip = first + (last - first) * smoothstep(0.1, 0.35, opening.jaw_drop)
    color, cover = row.sample(opening.right, below - tip)
    corner = row.shadow * 0.9 * opening.across.clamp(-1, 1).square().square()
    shade = 1 - row.shadow * (1 - shade[:, None])
    cover = cover * (1 - corner[:, None])
    return torch.lerp(picture, torch.lerp(0.5 * picture, color, shade), cover)


def _back(opening: MouthOpening, look: MouthLook, height: Tensor, seam: float) -> Tensor:
    """Return the cavity with the tongue in it, which rests in the jaw."""
    depth = (opening.below_upper / (height + 1e-3)).clamp(0, 1)
    cavity = look.cavity.view(1, 3, 1, 1) * (0.45 + 0.6 * depth * depth)[:, None]
    along = opening.down - seam - opening.jaw_drop + TONGUE_ABOVE_SEAM - 0.9 * opening.right**2
    cover = smoothstep(-0.05, 0.06, along) * shoulder(opening.right, 0.2, 0.12)
    lit = 0.35 + 0.65 * smoothstep(-0.05, 0.2, along)
    lit = lit * (0.5 + 0.5 * smoothstep(0.1, 0.4, height))  # little light falls through the lips
    groove = 1 - 0.14 * bump(opening.right, 0.05) * smoothstep(0.14, 0.0, along)
    tongue = look.tongue.view(1, 3, 1, 1) * (lit * groove)[:, None]
    return torch.lerp(cavity, tongue, (0.9 * cover)[:, None])


def _inner_lip(
    opening: MouthOpening, look: MouthLook, height: Tensor, picture: Tensor, interior: Tensor
) -> Tensor:
    """Roll the lower lip of the picture inwards, where it is darker and redder."""
    width = 0.006 + 0.03 * smoothstep(0.12, 0.5, height)
    inwards = (opening.above_lower / opening.steepness / width).clamp(0, 1)[:, None]
    lip = picture * (1 + inwards * (look.inner_lip.view(1, 3, 1, 1) - 1))
    cover = (1 - inwards * inwards) * smoothstep(0.02, 0.10, height)[:, None]
    return torch.lerp(interior, lip, cover)
