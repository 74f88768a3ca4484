"""The built-in renderer on a clip: every frame is warped from its own picture."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..head.mouth_look import MouthLook
from ..motion.controls import CONTROLS, add_controls, compose, lip_opening, read
from ..motion.easing import smoothstep
from ..motion.motion import ANGLES, EXPRESSION, Motion, released_stats
from ..portrait.portrait import Portrait
from ..runtime.threads import one_thread
from ..warp.drive import Controls, bounded_controls
from ..warp.expression_field import undo_mouth
from ..warp.face_shape import CHIN_BELOW_MOUTH, FaceShape, mouth_shape
from ..warp.mouth_interior import paint_interior
from ..warp.render_mouth import JAW_NARROW, WIDEN, picture_smile
from ..warp.warp_renderer import WarpRenderer
from .face_clip import FaceClip
from .lower_face import LowerFace, lower_face

# Of a mouth that the picture shows open, its corners are nearer; a mouth that is as open has them
# there already.
WIDTH_OF_GAP = JAW_NARROW / WIDEN
MOUTH_REACH, MOUTH_MARGIN = 1.4, 0.2  # of what is sharp: half widths, and eye distances
SOLID = 0.02  # share of the window from which the rendered pixels are shown alone
LARGEST_SHIFT = 0.8  # eye distances
SEEN = 1e-5  # departure from what a clip shows that counts as none


@dataclass(frozen=True)
class WarpSource:
    """Renders the frames of a clip.

    Parameters
    ----------
    unseen_gap : float
        Share of the opening of the clip's lips that the landmarks miss, see `find_unseen_gap`.
    """

    unseen_gap: float = 0.0

    def values(self, face: FaceClip, motion: Motion, options: object = None) -> Tensor:
        """Return a motion's values (N, 70) for the face at rest in the reference frame."""
        values = motion.values.clone()
        values[:, EXPRESSION] = face.rest + motion.offset
        return values

    def draw(
        self,
        renderer: WarpRenderer,
        portrait: Portrait,
        image: Tensor,
        below: Tensor,
        index: int,
        row: Tensor,
        options: object = None,
    ) -> Tensor:
        """Render a frame (H, W, 3), uint8, of the clip with a motion's row (70,), over `below`."""
        face: FaceClip = portrait.clip
        if torch.allclose(row, face.seen[index], rtol=0, atol=SEEN):
            return below  # the clip shows it already
        landmarks = face.landmarks(index)
        if face.region == "whole face":
            motion, look = departure(face, index, row), portrait.prepared.region.mouth
            return _whole_face(renderer, image, below, landmarks, motion, look)
        lower = lower_face(landmarks, face.fit(index), tuple(image.shape[:2]))
        if lower is None:
            return below
        return self.draw_lower_face(lower, portrait, image, below, index, row)

    def draw_lower_face(
        self,
        lower: LowerFace,
        portrait: Portrait,
        image: Tensor,
        below: Tensor,
        index: int,
        row: Tensor,
    ) -> Tensor:
        """Render the lower face alone; as `draw`."""
        controls = bounded_controls(departure(portrait.clip, index, row))
        controls = {name: value[:, None, None] for name, value in controls.items()}
        look = portrait.prepared.region.mouth
        pixels, cover = render_lower_face(image, lower, look, controls, self.unseen_gap)
        return _over(below, (lower.rows, lower.columns), pixels, cover)

    def region(
        self, renderer: WarpRenderer, portrait: Portrait, image: Tensor, index: int
    ) -> Tensor:
        """Return where a frame (H, W, 3) of the clip is replaced, (H, W), float32 in [0, 1]."""
        face: FaceClip = portrait.clip
        landmarks, size = face.landmarks(index), tuple(image.shape[:2])
        if face.region == "whole face":
            return renderer.paste_mask(renderer.portrait(image, landmarks))
        lower = lower_face(landmarks, face.fit(index), size)
        if lower is None:
            return torch.zeros(size)
        return smoothstep(0.0, SOLID, lower.full_window(size))


def departure(face: FaceClip, index: int, row: Tensor) -> Motion:
    """Return one frame of motion relative to what a frame of the clip shows.

    The opening of the lips stays as it is: the renderer closes those of a picture by itself. The
    head stays at its place in the clip, at its size.
    """
    seen = face.seen[index]
    jaw_and_close = torch.zeros(len(CONTROLS), dtype=row.dtype)
    for name in ("jaw", "close"):
        place = CONTROLS.index(name)
        jaw_and_close[place] = read(seen[EXPRESSION] - face.rest)[place]
    values, change = released_stats().mean.clone(), row - seen
    values[EXPRESSION] = face.rest + change[EXPRESSION] + compose(jaw_and_close)
    values[ANGLES] = change[ANGLES]
    return Motion(values[None], face.rest)


def _whole_face(
    renderer: WarpRenderer,
    image: Tensor,
    below: Tensor,
    landmarks: FaceLandmarks,
    motion: Motion,
    look: MouthLook,
) -> Tensor:
    still = renderer.portrait(image, landmarks)
    region = still.prepared.region
    mouth = replace(region.shape.mouth, spoken=1 - picture_smile(region.shape.mouth))
    region = replace(region, shape=replace(region.shape, mouth=mouth), mouth=look)
    still = replace(still, prepared=replace(still.prepared, region=region))
    wider = torch.zeros(1, len(CONTROLS))
    wider[0, CONTROLS.index("width")] = WIDTH_OF_GAP * mouth.gap
    [frames] = renderer.frames(still, add_controls(motion, wider), 1)
    everything = tuple(slice(0, length) for length in image.shape[:2])
    return _over(below, everything, frames[0], renderer.paste_mask(still))


def _over(below: Tensor, box: tuple[slice, slice], pixels: Tensor, cover: Tensor) -> Tensor:
    """Return a picture (H, W, 3) with pixels (h, w, 3) in a box, by their opacity (h, w)."""
    result = below.clone()
    mixed = torch.lerp(result[box].float(), pixels.float(), cover[..., None])
    result[box] = (mixed + 0.5).to(torch.uint8)
    return result


@one_thread()
@torch.no_grad()
def render_lower_face(
    image: Tensor,
    lower: LowerFace,
    look: MouthLook,
    controls: Controls,
    unseen_gap: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Render the mouth and the jaw of a picture (H, W, 3), uint8; controls are (1, 1, 1) each.

    `unseen_gap` is that of `WarpSource`. Returns the pixels (h, w, 3), uint8, of the box of the
    lower face, and their opacity (h, w).
    """
    mouth = mouth_shape(lower.mesh)
    missed = unseen_gap * mouth.gap / 2
    mouth = replace(mouth, upper=mouth.upper - missed, lower=mouth.lower + missed)
    mouth = replace(mouth, spoken=1 - picture_smile(mouth))
    chin = max(lower.chin, mouth.y + CHIN_BELOW_MOUTH)
    shape = FaceShape(lower, mouth, (), lower.length, chin, 0.0)
    controls = controls | {"width": controls["width"] + WIDTH_OF_GAP * mouth.gap}
    near = lower.around(*_mouth_box(shape, controls))
    from_x, from_y, _ = undo_mouth(shape, *lower.coordinates[:, None], controls)
    shift = _enlarged(_shown(lower, from_x, from_y, lower.coordinates, lower.window), lower.size)
    window = _enlarged(lower.window[None, None], lower.size)[0, 0]
    source = _Source(image, lower)
    pixels = source.sample(shift, (slice(0, lower.size[0]), slice(0, lower.size[1])))
    if near is not None:
        x, y = coordinates = _enlarged(lower.coordinates[None], lower.size)[(0, slice(None), *near)]
        from_x, from_y, opening = undo_mouth(shape, x[None], y[None], controls)
        shift = _shown(lower, from_x, from_y, coordinates, window[near])
        part = source.sample(shift, near)
        pixels[(..., *near)] = paint_interior(shape, opening, look, part)
    cover = smoothstep(0.0, SOLID, window)
    levels = (pixels[0] + 0.5).clamp_(0, 255).to(torch.uint8).permute(1, 2, 0)
    return levels, cover


def _shown(
    lower: LowerFace, from_x: Tensor, from_y: Tensor, coordinates: Tensor, window: Tensor
) -> Tensor:
    """Return a shift in frontal coordinates as pixels (1, 2, h, w), within the window."""
    shift = torch.stack([from_x[0], from_y[0]]) - coordinates
    return (torch.einsum("ij,jhw->ihw", lower.axes, shift) * window)[None]


def _enlarged(values: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values, size, mode="bilinear", align_corners=False)


def _mouth_box(shape: FaceShape, controls: Controls) -> tuple[float, ...]:
    """Return the left, top, right and bottom of the mouth in frontal coordinates."""
    mouth, opening = shape.mouth, float(lip_opening(controls))
    reach, beside = MOUTH_REACH * mouth.half_width, MOUTH_MARGIN
    top = mouth.y + min(mouth.upper, 0.0) - 0.15 * opening - beside
    return mouth.x - reach, top, mouth.x + reach, mouth.y + max(mouth.lower, opening) + beside


class _Source:
    """The picture around a lower face, to be sampled."""

    def __init__(self, image: Tensor, lower: LowerFace):
        margin = int(LARGEST_SHIFT * lower.unit) + 2
        self._box, self._picture, self._corner = lower, None, []
        spans = []
        for span, length in zip((lower.rows, lower.columns), image.shape[:2], strict=True):
            start, stop = max(0, span.start - margin), min(length, span.stop + margin)
            spans.append(slice(start, stop))
            self._corner.append(span.start - start)
        self._picture = image[tuple(spans)].permute(2, 0, 1)[None].float()

    def sample(self, shift: Tensor, part: tuple[slice, slice]) -> Tensor:
        """Return the picture (1, 3, h, w) at shifted pixels of a part of the box."""
        height, width = self._picture.shape[2:]
        rows, columns = (
            torch.arange(span.start, span.stop, dtype=torch.float32) + corner
            for span, corner in zip(part, self._corner, strict=True)
        )
        x = (columns + shift[0, 0] + 0.5) * (2 / width) - 1
        y = (rows[:, None] + shift[0, 1] + 0.5) * (2 / height) - 1
        grid = torch.stack([x, y], dim=-1)[None]
        return F.grid_sample(
            self._picture, grid, mode="bicubic", padding_mode="border", align_corners=False
        )
