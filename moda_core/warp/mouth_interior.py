"""The interior of the mouth: teeth, tongue, cavity and the inside of the lower lip."""

import torch
from torch import Tensor

from ..head.mouth_look import MouthLook, mouth_look
from ..head.teeth import TeethRow
from ..motion.easing import bump, shoulder, smoothstep
from .face_shape import FaceShape, MouthShape, rotate
from .render_mouth import SKULL_SHARE, MouthOpening, center_on_lips, to_mouth, upper_lip

UPPER_TEETH_BELOW_SEAM = 0.055  # of their edges; of closed lips
LOWER_TEETH_ABOVE_SEAM = (0.02, 0.065)  # of lips that are little and wide open
TONGUE_ABOVE_SEAM = 0.19  # of its back, where it is seen
INTERIOR_GAP = 0.07  # of the lips, above which the picture's own teeth are kept
OWN_EDGE = 0.02  # of the picture's own teeth, that the upper lip shades
TEETH_OVER_LIP, TEETH_SHARE = 0.8, 0.35  # brightness of a picture's own; least part of its gap


def look_of_mouth(shape: FaceShape, image: Tensor, eye_white: Tensor) -> MouthLook:
    """Choose the look of the mouth in a picture (H, W, 3), uint8; `eye_white` is a colour."""
    cheeks = torch.stack([patch_color(shape, image, x, 0.7, 0.12) for x in (-0.45, 0.45)])
    colors = cheeks.to(eye_white), _lip_color(shape, image).to(eye_white), eye_white
    return mouth_look(*colors, shape.frame.unit)


def _lip_color(shape: FaceShape, image: Tensor) -> Tensor:
    return patch_color(shape, image, shape.mouth.x, shape.mouth.y + shape.mouth.lower + 0.06, 0.03)


def shows_teeth(shape: FaceShape, image: Tensor) -> bool:
    """Tell whether a picture (H, W, 3), uint8, shows teeth: bright, less red than lips and skin."""
    mouth = shape.mouth
    if mouth.gap < INTERIOR_GAP:
        return False
    lip, skin = _lip_color(shape, image), patch_color(shape, image, 0.45, 0.7, 0.12)
    across, depth = torch.linspace(-0.6, 0.6, 25), torch.linspace(0.15, 0.85, 9)[:, None]
    down = (mouth.upper + mouth.gap * depth) * (1 - across**2)
    right, down = rotate(*torch.broadcast_tensors(across * mouth.half_width, down), mouth.tilt)
    column, row = shape.frame.to_pixels((mouth.x + right).numpy(), (mouth.y + down).numpy())
    height, width = image.shape[:2]
    row, column = row.clip(0, height - 1).astype(int), column.clip(0, width - 1).astype(int)
    seen = image[row, column].float()
    redness = (seen[..., 0] - seen[..., 1]) / (seen.sum(dim=2) + 1)
    red_lip, red_skin = ((color[0] - color[1]) / (color.sum() + 1e-3) for color in (lip, skin))
    toothed = redness <= (red_lip + red_skin) / 2 + 0.01
    toothed &= seen.mean(dim=2) > TEETH_OVER_LIP * lip.mean()
    return float(toothed.float().mean()) > TEETH_SHARE


def patch_color(shape: FaceShape, image: Tensor, x: float, y: float, radius: float) -> Tensor:
    """Return the mean colour (3,) of a square patch of a picture (H, W, 3), uint8.

    `x` and `y` are its centre in the face frame, `radius` is half its side in eye distances.
    Outside the picture the nearest pixel counts.
    """
    column, row = shape.frame.to_pixels(x, y)
    height, width = image.shape[:2]
    reach = max(1, int(radius * shape.frame.unit))
    column, row = min(max(int(column), 0), width - 1), min(max(int(row), 0), height - 1)
    patch = image[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach]
    return patch.float().mean(dim=(0, 1))


def paint_interior(
    shape: FaceShape,
    opening: MouthOpening,
    look: MouthLook,
    picture: Tensor,
    interior: Tensor | None,
) -> Tensor:
    """Paint the interior of the mouth over a warped picture (1, 3, h, w), 0 to 255.

    `opening` is that of one frame. `interior` is the picture warped by the pose alone, if it shows
    its own teeth. Returns `picture` itself if the mouth is closed.
    """
    pixel = 1 / shape.frame.unit
    height = (opening.below_upper + opening.above_lower).clamp(min=0)
    inside = torch.minimum(opening.below_upper, opening.above_lower / opening.steepness)
    mask = smoothstep(-0.5 * pixel, 0.8 * pixel, inside) * smoothstep(0.0, 1.5 * pixel, height)
    if not bool((mask > 0).any()):
        return picture
    seam = shape.mouth.upper + SKULL_SHARE * shape.mouth.gap
    painted = _back(opening, look, height, seam)
    corners = 1 - 0.55 * opening.across.clamp(-1, 1).square().square()
    bend = 0.25 * opening.right.square()  # of the rows, seen from a little below
    least, most = LOWER_TEETH_ABOVE_SEAM
    raised = least + (most - least) * smoothstep(0.1, 0.35, opening.jaw_drop)
    below = opening.down - seam - opening.jaw_drop + raised
    shade = corners * (0.7 + 0.25 * smoothstep(0.0, 0.10, opening.above_lower))
    painted = _lay(painted, look.lower_teeth, opening.right, below - bend, shade)
    above = opening.down - seam - UPPER_TEETH_BELOW_SEAM
    shade = corners * (0.7 + 0.3 * smoothstep(0.0, 0.08, opening.below_upper))
    shade = shade * (0.75 + 0.25 * smoothstep(0.01, 0.14, height))
    painted = _lay(painted, look.upper_teeth, opening.right, above + bend, shade)
    if interior is not None:
        painted = _keep_source(shape.mouth, opening, interior, painted)
    lip = _inner_lip(opening, look, height, picture, painted)
    return torch.lerp(picture, lip, mask[:, None])


def _lay(picture: Tensor, row: TeethRow, right: Tensor, down: Tensor, shade: Tensor) -> Tensor:
    """Lay a row of teeth over what is behind it, whose warm colour is in their shadow."""
    color, cover = row.sample(right, down)
    return torch.lerp(picture, torch.lerp(0.5 * picture, color, shade[:, None]), cover)


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
    width = 0.006 + 0.04 * smoothstep(0.12, 0.5, height)
    inwards = (opening.above_lower / opening.steepness / width).clamp(0, 1)[:, None]
    lip = picture * (1 + inwards * (look.inner_lip.view(1, 3, 1, 1) - 1))
    cover = (1 - inwards * inwards) * smoothstep(0.02, 0.10, height)[:, None]
    return torch.lerp(interior, lip, cover)


def own_teeth_place(shape: FaceShape, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the picture shows its own teeth for points (n, h, w) of the unturned face.

    Points behind the picture's upper lip take the teeth below it.
    """
    mouth = shape.mouth
    right, down = to_mouth(mouth, x, y)
    across = center_on_lips(mouth, right / mouth.half_width)
    dome = (1 - across**2).clamp(min=0)
    behind = (upper_lip(mouth, across, dome) + OWN_EDGE * dome - down).clamp(min=0)
    shift_x, shift_y = rotate(torch.zeros_like(behind), behind, mouth.tilt)
    return x + shift_x, y + shift_y


def _keep_source(
    mouth: MouthShape, opening: MouthOpening, interior: Tensor, painted: Tensor
) -> Tensor:
    """Show the picture's own teeth where its mouth is open, and behind its upper lip."""
    across = opening.right / mouth.half_width
    dome = (1 - across**2).clamp(min=0)
    lower_edge = upper_lip(mouth, across, dome) + mouth.gap * dome**0.75
    shown = smoothstep(0.0, 0.02, lower_edge - opening.down) * smoothstep(0.0, 0.15, dome)
    shade = 0.82 + 0.18 * smoothstep(0.0, 0.05, opening.below_upper)
    return torch.lerp(painted, interior * shade[:, None], shown[:, None])
