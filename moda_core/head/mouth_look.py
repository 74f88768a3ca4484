"""What the interior of a mouth looks like in the light of a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..motion.easing import smoothstep
from .teeth import TeethRow, teeth_row

DIM_SKIN = 45 / 255  # brightness of skin, below which the interior darkens with it
USUAL_SKIN = (0.86, 0.66, 0.55)  # under white light
TEETH_OVER_SKIN = (1.1, 2.2)  # brightness of teeth
TEETH_OVER_EYES = 1.3
TEETH, CAVITY, TONGUE = (1.08, 0.985, 0.85), (0.17, 0.055, 0.05), (0.72, 0.34, 0.32)
WET_LIP, WET_GREY = (0.58, 0.40, 0.40), 0.48  # deepest inner lip over the outer one
LUMINANCE = (0.3, 0.59, 0.11)


@dataclass(frozen=True, eq=False)
class MouthLook:
    """Teeth, and colours of the rest: RGB, (3,), 0 to 255."""

    upper_teeth: TeethRow
    lower_teeth: TeethRow
    cavity: Tensor
    tongue: Tensor
    inner_lip: Tensor  # factors of the outer lip's


def mouth_look(cheeks: Tensor, lip: Tensor, eye_white: Tensor, unit: float) -> MouthLook:
    """Choose the look by the light and saturation of a face.

    `cheeks` (2, 3), the left one first, `lip` (3,) and `eye_white` (3,) are colours of the picture,
    0 to 255; the whites of the eyes are the best measure of the light. `unit` is the eye distance
    in pixels.
    """
    left, right = cheeks / 255
    weights = torch.tensor(LUMINANCE).to(cheeks)
    skin = left if left @ weights > right @ weights else right
    brightness = skin @ weights
    side_light = float(((right - left) @ weights / (brightness + 0.05)).clamp(-0.3, 0.3))
    saturation = (skin.max() - skin.min()) / (brightness + 0.05)
    color = smoothstep(0.04, 0.15, saturation)
    usual = torch.tensor(USUAL_SKIN).to(cheeks)
    light = (skin / (brightness + 1e-3)) / (usual / (usual @ weights))
    light = light.clamp(0.6, 1.3) ** 0.6
    dimmed = (brightness / DIM_SKIN).clamp(max=1.0)
    least, most = (times * brightness for times in TEETH_OVER_SKIN)
    white = (TEETH_OVER_EYES * (eye_white @ weights) / 255).clamp(least, most).clamp(max=0.9)

    def toned(rgb: tuple[float, float, float], level: Tensor) -> Tensor:
        base = torch.tensor(rgb).to(cheeks) * light * level
        return 255 * torch.lerp((base @ weights).expand(3), base, color)

    teeth = toned(TEETH, white)
    return MouthLook(
        teeth_row(False, unit, teeth, side_light),
        teeth_row(True, unit, 0.92 * teeth, side_light),
        toned(CAVITY, (0.45 + brightness) * dimmed),
        toned(TONGUE, white),
        torch.lerp(torch.full_like(skin, WET_GREY), skin.new_tensor(WET_LIP), color),
    )
