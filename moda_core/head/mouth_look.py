"""What the interior of a mouth looks like in the light of a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..motion.easing import smoothstep
from .teeth import TeethRow, teeth_row

DIM_SKIN = 45 / 255  # brightness of skin, below which the interior darkens with it
USUAL_SKIN = (0.86, 0.66, 0.55)  # under white light
HIGHLIGHT = (0.9, 0.99)  # quantiles of brightness in the face, between which highlights lie
TEETH_OVER_HIGHLIGHT, TEETH_OVER_EYES = 0.95, 0.92  # brightness
TEETH_PALENESS, ENAMEL = 0.32, (1.01, 1.0, 0.93)  # over the tint of both
CAVITY, TONGUE = (0.17, 0.055, 0.05), (0.72, 0.34, 0.32)
WET_LIP, WET_GREY = (0.64, 0.46, 0.46), 0.54  # deepest inner lip over the outer one
LUMINANCE = (0.3, 0.59, 0.11)


@dataclass(frozen=True, eq=False)
class MouthLook:
    """Teeth, and colours of the rest: RGB, (3,), 0 to 255."""

    upper_teeth: TeethRow
    lower_teeth: TeethRow
    cavity: Tensor
    tongue: Tensor
    inner_lip: Tensor  # factors of the outer lip's


def mouth_look(
    cheeks: Tensor, face: Tensor, eye_white: Tensor, unit: float, teeth: Tensor | None = None
) -> MouthLook:
    """Choose the look by the light and saturation of a face.

    `cheeks` (2, 3), the left one first, `face` (n, 3), from all over it, and `eye_white` (3,) are
    colours of the picture, 0 to 255; `teeth` (3,) is that of its own teeth, if they are seen.
    `unit` is the eye distance in pixels.
    """
    cheeks, face = cheeks.to(eye_white), face.to(eye_white)
    weights = torch.tensor(LUMINANCE).to(eye_white)
    left, right = cheeks / 255
    skin = left if left @ weights > right @ weights else right
    brightness = skin @ weights
    side_light = float(((right - left) @ weights / (brightness + 0.05)).clamp(-0.3, 0.3))
    saturation = (skin.max() - skin.min()) / (brightness + 0.05)
    color = smoothstep(0.04, 0.15, saturation)
    usual = torch.tensor(USUAL_SKIN).to(cheeks)
    light = (skin / (brightness + 1e-3)) / (usual / (usual @ weights))
    light = light.clamp(0.6, 1.3) ** 0.6
    dimmed = (brightness / DIM_SKIN).clamp(max=1.0)
    teeth = _teeth_color(face, eye_white, weights, color) if teeth is None else teeth.to(face)

    def toned(rgb: tuple[float, float, float], level: Tensor) -> Tensor:
        base = torch.tensor(rgb).to(cheeks) * light * level
        return 255 * torch.lerp((base @ weights).expand(3), base, color)

    return MouthLook(
        teeth_row(False, unit, teeth, side_light),
        teeth_row(True, unit, 0.92 * teeth, side_light),
        toned(CAVITY, (0.45 + brightness) * dimmed),
        toned(TONGUE, (teeth @ weights) / 255),
        torch.lerp(torch.full_like(skin, WET_GREY), skin.new_tensor(WET_LIP), color),
    )


def _teeth_color(face: Tensor, eye_white: Tensor, weights: Tensor, color: Tensor) -> Tensor:
    """Choose the colour (3,) of teeth by the lightest tones of a face, paler and yellower.

    What is white in a picture, for example under old varnish, shows in its highlights and in the
    whites of the eyes.
    """
    levels = face @ weights
    low, high = torch.quantile(levels, levels.new_tensor(HIGHLIGHT))
    highlight = face[(levels >= low) & (levels <= high)].mean(dim=0)
    tints = [tone / (tone @ weights).clamp(min=1) for tone in (highlight, eye_white)]
    level = torch.maximum(
        TEETH_OVER_HIGHLIGHT * (highlight @ weights), TEETH_OVER_EYES * (eye_white @ weights)
    )
    tint = torch.lerp((tints[0] + tints[1]) / 2, torch.ones_like(eye_white), TEETH_PALENESS)
    tint = tint * tint.new_tensor(ENAMEL)
    return level * torch.lerp((tint @ weights).expand(3), tint / (tint @ weights), color)
