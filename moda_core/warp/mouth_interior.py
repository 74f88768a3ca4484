"""The interior of the mouth: painted teeth, tongue and cavity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..motion.easing import bump, smoothstep
from .face_shape import FaceShape, MouthShape
from .render_mouth import SKULL_SHARE, MouthOpening

TOOTH_WIDTH = 0.125  # of an upper front tooth, in eye distances
UPPER_TEETH_BELOW_SEAM = 0.055
LOWER_TEETH_BELOW_SEAM = 0.03
INTERIOR_GAP = 0.07  # of the lips, above which the picture's own interior is kept
DIM_SKIN = 45 / 255  # brightness of skin, below which the interior darkens with it
USUAL_SKIN = (0.86, 0.66, 0.55)  # under white light


@dataclass(frozen=True)
class MouthColors:
    """Colours of the mouth's interior: RGB under the picture's light, (3,), 0 to 255."""

    teeth: Tensor
    cavity: Tensor
    tongue: Tensor


def mouth_colors(shape: FaceShape, image: Tensor) -> MouthColors:
    """Choose colours by the light and saturation of the face in a picture (3, H, W), 0 to 255."""
    skin = torch.stack([patch_color(shape, image, x, 0.7, 0.12) for x in (-0.45, 0.45)])
    skin = skin[skin.mean(dim=1).argmax()] / 255
    weights = torch.tensor([0.3, 0.59, 0.11]).to(image)
    brightness = skin @ weights
    saturation = (skin.max() - skin.min()) / (brightness + 0.05)
    color = smoothstep(0.04, 0.15, saturation)
    usual = torch.tensor(USUAL_SKIN).to(image)
    light = (skin / (brightness + 1e-3)) / (usual / (usual @ weights))
    light = light.clamp(0.6, 1.3) ** 0.6

    dimmed = (brightness / DIM_SKIN).clamp(max=1.0)

    def toned(rgb: tuple[float, float, float], level: Tensor) -> Tensor:
        base = torch.tensor(rgb).to(image) * light * level * dimmed
        return 255 * torch.lerp((base @ weights).expand(3), base, color)

    return MouthColors(
        toned((0.92, 0.87, 0.79), (1.35 * brightness).clamp(0.35, 1.0)),
        toned((0.17, 0.055, 0.05), 0.45 + brightness),
        toned((0.62, 0.27, 0.26), (1.15 * brightness).clamp(0.25, 1.0)),
    )


def patch_color(shape: FaceShape, image: Tensor, x: float, y: float, radius: float) -> Tensor:
    """Return the mean colour (3,) of a square patch of a picture (3, H, W).

    `x` and `y` are its centre in the face frame, `radius` is half its side in eye distances.
    Outside the picture the nearest pixel counts.
    """
    column, row = shape.frame.to_pixels(x, y)
    height, width = image.shape[1:]
    reach = max(1, int(radius * shape.frame.unit))
    column, row = min(max(int(column), 0), width - 1), min(max(int(row), 0), height - 1)
    patch = image[:, max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach]
    return patch.mean(dim=(1, 2))


def paint_interior(
    shape: FaceShape,
    opening: MouthOpening,
    colors: MouthColors,
    picture: Tensor,
    interior: Tensor | None,
) -> Tensor:
    """Paint the interior of the mouth over a warped picture (1, 3, h, w), 0 to 255.

    `opening` is that of one frame. `interior` is the picture warped by the pose alone, if it shows
    the mouth's own interior. Returns `picture` itself if the mouth is closed.
    """
    pixel = 1 / shape.frame.unit
    inside = torch.minimum(opening.below_upper, opening.above_lower)
    height = (opening.below_upper + opening.above_lower).clamp(min=0)
    mask = smoothstep(-0.5 * pixel, 0.8 * pixel, inside) * smoothstep(0.0, 1.5 * pixel, height)
    if not bool((mask > 0).any()):
        return picture
    painted = _back(opening, colors, height)
    painted = painted * (0.62 + 0.38 * smoothstep(0.0, 0.07, inside))[:, None]
    dark, bright = colors.cavity.view(1, 3, 1, 1), colors.teeth.view(1, 3, 1, 1)
    for teeth in (_lower_teeth, _upper_teeth):
        cover, shade = teeth(shape.mouth, opening, height, pixel)
        # The shadow of teeth has the warm colour of the mouth.
        painted = torch.lerp(painted, torch.lerp(dark, bright, shade[:, None]), cover[:, None])
    if interior is not None:
        painted = _keep_source(shape.mouth, opening, interior, painted)
    return torch.lerp(picture, painted, mask[:, None])


def _back(opening: MouthOpening, colors: MouthColors, height: Tensor) -> Tensor:
    """Return the cavity with the tongue in it."""
    depth = (opening.below_upper / (height + 1e-3)).clamp(0, 1)
    cavity = colors.cavity.view(1, 3, 1, 1) * (0.55 + 0.5 * depth * depth)[:, None]
    top = 0.62 - 0.18 * bump(opening.across, 0.5)
    tongue = smoothstep(-0.14, 0.2, depth - top) * bump(opening.across, 0.72)
    tongue = tongue * smoothstep(0.05, 0.2, height)
    lit = (0.5 + 0.5 * smoothstep(0.0, 0.5, depth - top))[:, None]
    groove = (1 - 0.18 * bump(opening.across, 0.07))[:, None]
    return torch.lerp(cavity, colors.tongue.view(1, 3, 1, 1) * lit * groove, 0.8 * tongue[:, None])


def _tooth_row(right: Tensor, width: float) -> tuple[Tensor, Tensor]:
    """Return the place within a tooth, -1 to 1, and its number outwards from the middle."""
    outwards = right.abs() / width
    outwards = outwards * (1 + 0.045 * outwards**2)  # the arch turns away from the viewer
    place = torch.remainder(outwards, 1.0)
    return 2 * place - 1, outwards - place


def _upper_teeth(
    mouth: MouthShape, opening: MouthOpening, height: Tensor, pixel: float
) -> tuple[Tensor, Tensor]:
    """Return where the upper teeth show, and their brightness."""
    place, number = _tooth_row(opening.right, TOOTH_WIDTH)
    seam = mouth.upper + SKULL_SHARE * mouth.gap
    length = torch.where((number - 1).abs() < 0.5, -0.012, 0.0) - 0.011 * place.square().square()
    edge = seam + UPPER_TEETH_BELOW_SEAM + length - 0.32 * opening.right**2
    shade = 1 - 0.16 * place.square() ** 3 - 0.5 * opening.across.clamp(-1, 1).square().square()
    shade = shade * (0.68 + 0.32 * smoothstep(0.0, 0.08, opening.below_upper))
    shade = shade * (0.5 + 0.5 * smoothstep(0.01, 0.14, height))
    return smoothstep(-pixel, pixel, edge - opening.down), shade


def _lower_teeth(
    mouth: MouthShape, opening: MouthOpening, height: Tensor, pixel: float
) -> tuple[Tensor, Tensor]:
    """Return where the lower teeth show, and their brightness."""
    place, _ = _tooth_row(opening.right, 0.72 * TOOTH_WIDTH)
    seam = mouth.upper + SKULL_SHARE * mouth.gap
    raised = 0.075 * smoothstep(0.12, 0.4, height)
    edge = seam + LOWER_TEETH_BELOW_SEAM + opening.jaw_drop - raised
    edge = edge + 0.012 * place.square().square() + 0.25 * opening.right**2
    shade = 0.62 * (1 - 0.16 * place.square() ** 3) * (1 - 0.7 * opening.across.clamp(-1, 1) ** 2)
    return 0.85 * smoothstep(-pixel, pixel, opening.down - edge), shade


def _keep_source(
    mouth: MouthShape, opening: MouthOpening, interior: Tensor, painted: Tensor
) -> Tensor:
    """Show the picture's own interior where its mouth is open."""
    dome = (1 - (opening.right / mouth.half_width) ** 2).clamp(min=0)
    upper_edge = mouth.upper * dome
    below, above = opening.down - upper_edge, upper_edge + mouth.gap * dome**0.75 - opening.down
    shown = smoothstep(0.0, 0.02, torch.minimum(below + 0.01, above))
    return torch.lerp(painted, interior, shown[:, None])
