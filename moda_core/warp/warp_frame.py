"""Frames of a prepared region: the whole by a coarse field, mouth and eyes at full resolution."""

import sys
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ..head.field_cells import Part, between, interpolated, joined, neighbours, within
from ..motion.controls import lip_opening
from ..runtime.threads import one_thread, ordered_map
from .drive import Controls, Pose
from .expression_field import undo_brows, undo_expression, undo_mouth
from .eye_layers import eye_box
from .face_shape import FaceShape, rotate
from .mouth_interior import paint_interior
from .pose_field import sample_places, undo_pose
from .render_eyes import eye_places, join_eye
from .warp_region import Box, Region

BICUBIC_PIXELS = 500_000  # of the moving region; above, bilinear sampling is sharp enough
SHARED_PIXELS = 700_000  # of a chunk, from which threads gain more than they wait for each other
BAND_PIXELS = 42_000  # that operations on a CPU take at once, so that they stay in its cache
JOINED_PIXELS = 2_000_000  # of mouths or eyes at once, which need 0.2 kB each, on other devices


def render_chunk(image: Tensor, region: Region, controls: Controls, pose: Pose) -> Tensor:
    """Render n frames (n, H, W, 3), uint8, of a picture (H, W, 3) on the CPU.

    Controls and pose are bounded, each (n, 1, 1).
    """
    count = pose.yaw.shape[0]
    frames = torch.empty(count, *image.shape, dtype=torch.uint8)
    shared = frames[..., 0].numel() >= SHARED_PIXELS and image.device == region.device
    workers = min(count, torch.get_num_threads()) if shared else 1
    share = -(-count // workers)
    bands = region.bands(region.moves, _band_pixels(region))
    together = max(1, min(share, 3 * _band_pixels(region) // region.head.share.numel()))

    @one_thread()  # of each operation: they are small, and may be shared among threads already
    @torch.inference_mode()
    def render(start: int) -> None:
        chosen = slice(start, start + together)
        frames[chosen] = image
        _render_some(frames[chosen], region, bands, _at(controls, chosen), _at(vars(pose), chosen))

    with ordered_map(workers) as mapped:
        list(mapped(render, range(0, count, together)))
    return frames


def _render_some(
    frames: Tensor, region: Region, bands: list[Part], controls: Controls, pose: dict[str, Tensor]
) -> None:
    turned = undo_pose(region.head, Pose(**pose))
    frontal = sample_places(region.head.frontal.expand(len(turned), -1, -1, -1), turned)
    x, y = frontal.unbind(dim=1)
    from_x, from_y = undo_expression(region.shape, x, y, controls)
    turn = turned - region.head.cells
    whole = turn + _shown(region, from_x - x, from_y - y) * (region.head.share > 0)
    views = [region.view(frame) for frame in frames]
    _render_whole(region, bands, views, whole)
    _render_parts(region, views, torch.cat([turn, frontal], dim=1), controls)


def _band_pixels(region: Region) -> int:
    return BAND_PIXELS if region.device.type == "cpu" else sys.maxsize


def _at(values: dict[str, Tensor], chosen: slice) -> dict[str, Tensor]:
    return {name: value[chosen] for name, value in values.items()}


def _render_whole(region: Region, bands: list[Part], views: list[Tensor], shifts: Tensor) -> None:
    wide = interpolated(shifts, 3, region.across)
    wide[:, 0] += region.across
    for rows, columns in bands:
        cells = neighbours(region.down[rows], wide.shape[2])
        for view, shift in zip(views, wide[..., columns].split(1), strict=True):
            places = between(shift, 2, cells)
            places[:, 1] += region.down[rows, None]
            _write(view[rows, columns], _levels(_sample(region, places))[0])


def _levels(values: Tensor) -> Tensor:
    """Round values that nobody else holds, 0 to 255, into bytes on the CPU."""
    return values.add_(0.5).clamp_(0, 255).to(torch.uint8).cpu()


def _write(target: Tensor, levels: Tensor) -> None:
    for channel in range(3):  # faster than one copy of interleaved values
        target[..., channel] = levels[channel]


def _shown(region: Region, x: Tensor, y: Tensor) -> Tensor:
    """Convert a shift in frontal coordinates to places in the region, (n, 2, h, w)."""
    unit = region.head.unit
    return torch.stack([row[0] * x + row[1] * y for row in unit], dim=1)


def _sample(region: Region, places: Tensor, picture: Tensor | None = None) -> Tensor:
    """Sample the region's picture, or another, at places (n, 2, h, w); beyond it as its border."""
    height, width = region.size
    sharp = height * width <= BICUBIC_PIXELS and region.device.type != "mps"  # Macs have no bicubic
    mode = "bicubic" if sharp else "bilinear"
    source = (region.source if picture is None else picture).expand(len(places), -1, -1, -1)
    return F.grid_sample(source, places.permute(0, 2, 3, 1), mode, "border", align_corners=False)


def _render_parts(region: Region, views: list[Tensor], posed: Tensor, controls: Controls) -> None:
    """Replace the mouth and the eyes of warped frames by their full resolution.

    `posed` (n, 4, h, w) holds the shift that undoes the pose, and frontal coordinates without it.
    Small parts of several frames are rendered at once.
    """
    shape, num_pixels = region.shape, _band_pixels(region)
    parts = [(_mouth_boxes(shape, controls), partial(_mouth, region))]
    for index, eye in enumerate(shape.eyes):
        parts.append(([eye_box(eye, shape.brow)] * len(views), partial(_eye, region, index)))
    for boxes, render in parts:
        bands = [region.bands(cells, num_pixels) for cells in region.inside(boxes, posed[:, 2:])]
        for first, own, whole in joined(bands, min(num_pixels, JOINED_PIXELS)):
            chosen = slice(first, first + len(own))
            values = render(*_unturned(region, *whole, posed[chosen]), _at(controls, chosen))
            for view, level, part in zip(views[chosen], _levels(values), own, strict=True):
                _write(view[part], level[(..., *within(part, whole))])


def _mouth(region: Region, turn: Tensor, x: Tensor, y: Tensor, controls: Controls) -> Tensor:
    """Render the mouth at points, and its interior."""
    shape = region.shape
    from_x, from_y, opening = undo_mouth(shape, x, y, controls)
    moved = turn + _shown(region, from_x - x, from_y - y)
    picture = _sample(region, moved)
    if shape.mouth.gap:  # the lips' own shifts differ at the seam
        other = rotate(torch.zeros_like(x), -opening.other_lip, shape.mouth.tilt)
        share = (0.5 - opening.below_seam.abs() * shape.frame.unit).clamp(min=0)
        beyond = _sample(region, moved + _shown(region, *other))
        picture = torch.lerp(picture, beyond, share[:, None])
    return paint_interior(shape, opening, region.mouth, picture)


def _eye(
    region: Region, index: int, turn: Tensor, x: Tensor, y: Tensor, controls: Controls
) -> Tensor:
    """Render a part of one eye by its layers."""
    layers, unit = region.eyes[index], region.shape.frame.unit
    lids = eye_places(region.shape, index, x, y, controls, unit)
    from_x, from_y = undo_brows(region.shape, x, y, controls)
    still, none = turn + _shown(region, from_x - x, from_y - y), torch.zeros_like(lids.gaze)
    upper = _sample(region, still - _shown(region, none, lids.upper_shift))
    lower = _sample(region, still - _shown(region, none, lids.lower_shift))
    moved = layers.places(still - _shown(region, lids.gaze, none))
    ball, skin, rim = _sample(region, layers.places(still), layers.still).split(3, dim=1)
    lower = lower + rim * lids.cleared[:, None]
    ball = (ball + 1) * _sample(region, moved, layers.iris) - 1
    return join_eye(lids, upper, lower, ball, skin, (layers.lash_color, layers.lash_edge), unit)


def _mouth_boxes(shape: FaceShape, controls: Controls) -> list[Box]:
    """Return left, top, right and bottom of what the mouth moves, of each frame."""
    mouth, reach = shape.mouth, 1.4 * shape.mouth.half_width
    left, right = mouth.x - reach, mouth.x + reach
    top, bottom = mouth.y + min(mouth.upper, 0.0) - 0.12, mouth.y + max(mouth.lower, 0.0) + 0.12
    opened = lip_opening(controls).flatten().tolist()
    return [(left, top - 0.15 * opening, right, bottom + opening) for opening in opened]


def _unturned(
    region: Region, rows: slice, columns: slice, posed: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the places (n, 2, h, w) of pixels without the pose, and their frontal x and y."""
    places = region.places(rows, columns).expand(len(posed), -1, -1, -1)
    across, down, x, y = sample_places(posed, places).unbind(dim=1)
    return places + torch.stack([across, down], dim=1), x, y
