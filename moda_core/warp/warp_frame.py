"""Frames of a prepared region: the whole by a coarse field, mouth and eyes at full resolution."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.controls import lip_opening
from .drive import Pose
from .expression_field import undo_expression, undo_eye, undo_mouth
from .face_shape import FaceShape, rotate
from .mouth_interior import INTERIOR_GAP, paint_interior
from .pose_field import pose_shift, undo_pose
from .render_eyes import shade_lids
from .warp_region import Region

PART_MARGIN = 0.08  # around a part of the face that is computed at full resolution
BICUBIC_PIXELS = 500_000  # of the moving region; above, bilinear sampling is sharp enough
# Per operation on a CPU: PyTorch runs larger ones in threads, which wait for each other if cores
# are busy, for example with encoding. Frames are spread over threads instead.
SERIAL_ELEMENTS = 32_000


def render_chunk(image: Tensor, region: Region, controls: dict[str, Tensor], pose: Pose) -> Tensor:
    """Render n frames (n, H, W, 3), uint8, of a picture (H, W, 3) on the CPU.

    Controls and pose are bounded, each (n, 1, 1).
    """
    count = pose.yaw.shape[0]
    frames = torch.empty(count, *image.shape, dtype=torch.uint8)
    workers = min(count, torch.get_num_threads()) if image.device == region.device else 1
    share = -(-count // workers)
    together = max(1, min(share, _largest(region) // region.coarse_x.numel()))

    @torch.inference_mode()  # of this thread; `frames` may have been made in it
    def render(start: int) -> None:
        chosen = slice(start, start + together)
        frames[chosen] = image
        _render_some(frames[chosen], region, _at(controls, chosen), _at(vars(pose), chosen))

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(render, range(0, count, together)))
    return frames


def _render_some(
    frames: Tensor, region: Region, controls: dict[str, Tensor], pose: dict[str, Tensor]
) -> None:
    shape = region.shape
    posed_x, posed_y = undo_pose(shape, region.coarse_x, region.coarse_y, Pose(**pose))
    from_x, from_y = undo_expression(shape, posed_x, posed_y, controls)
    whole = _grid_shift(region, from_x - region.coarse_x, from_y - region.coarse_y)
    turn = torch.stack([posed_x - region.coarse_x, posed_y - region.coarse_y], dim=1)
    for index in range(frames.shape[0]):
        one = slice(index, index + 1)
        picture = region.view(frames[index])
        _render_whole(region, picture, whole[one])
        _render_parts(region, picture, turn[one], _at(controls, one), Pose(**_at(pose, one)))


def _largest(region: Region) -> int:
    """Return the largest number of elements of one operation."""
    return SERIAL_ELEMENTS if region.device.type == "cpu" else sys.maxsize


def _at(values: dict[str, Tensor], chosen: slice) -> dict[str, Tensor]:
    return {name: value[chosen] for name, value in values.items()}


def _bands(region: Region, rows: slice, columns: slice) -> Iterator[slice]:
    """Cut rows into bands small enough for operations without threads."""
    step = max(1, _largest(region) // (3 * (columns.stop - columns.start)))
    for start in range(rows.start, rows.stop, step):
        yield slice(start, min(start + step, rows.stop))


def _render_whole(region: Region, picture: Tensor, shift: Tensor) -> None:
    height, width = region.size
    for rows in _bands(region, slice(0, height), slice(0, width)):
        base = region.base[:, rows]
        _write(picture[rows], _sample(region, base + _upsample(shift, base).permute(0, 2, 3, 1)))


def _upsample(field: Tensor, grid: Tensor) -> Tensor:
    """Sample a coarse field at the points of a sampling grid, linearly."""
    return F.grid_sample(field, grid, padding_mode="border", align_corners=False)


def _write(target: Tensor, values: Tensor) -> None:
    """Round values (1, 3, h, w) into bytes (h, w, 3)."""
    target.copy_((values[0] + 0.5).clamp_(0, 255).to(torch.uint8).permute(1, 2, 0))


def _grid_shift(region: Region, x: Tensor, y: Tensor) -> Tensor:
    """Convert a shift in face coordinates to the sampling grid, (n, 2, h, w)."""
    height, width = region.size
    across, down = rotate(x, y, region.shape.frame.angle)
    unit = 2 * region.shape.frame.unit
    return torch.stack([across * (unit / width), down * (unit / height)], dim=1)


def _sample(region: Region, grid: Tensor) -> Tensor:
    height, width = region.size
    sharp = height * width <= BICUBIC_PIXELS and region.device.type != "mps"  # Macs have no bicubic
    mode = "bicubic" if sharp else "bilinear"
    return F.grid_sample(region.source, grid, mode=mode, padding_mode="border", align_corners=False)


def _render_parts(
    region: Region, picture: Tensor, turn: Tensor, controls: dict[str, Tensor], pose: Pose
) -> None:
    """Replace the mouth and the eyes of one warped frame by their full resolution."""
    shape = region.shape
    for rows, columns in _part(region, _mouth_box(shape, controls), pose):
        x, y = _unturned(region, rows, columns, turn)
        from_x, from_y, opening = undo_mouth(shape, x, y, controls)
        part = _sample_part(region, rows, columns, from_x, from_y)
        own = shape.mouth.gap > INTERIOR_GAP
        interior = _sample_part(region, rows, columns, x, y) if own else None
        painted = paint_interior(shape, opening, region.colors, part, interior)
        _write(picture[rows, columns], painted)
    for index, eye in enumerate(shape.eyes):
        reach = 1.25 * eye.half_width
        box = (eye.x - reach, shape.brow + 0.1, eye.x + reach, eye.y + 0.2)
        for rows, columns in _part(region, box, pose):
            x, y = _unturned(region, rows, columns, turn)
            from_x, from_y, lid = undo_eye(shape, index, x, y, controls)
            part = _sample_part(region, rows, columns, from_x, from_y)
            shaded = shade_lids(lid, part, region.lid_skin[index], shape.frame.unit)
            _write(picture[rows, columns], shaded)


def _mouth_box(shape: FaceShape, controls: dict[str, Tensor]) -> tuple[float, ...]:
    mouth, opening = shape.mouth, float(lip_opening(controls))
    reach = 1.4 * mouth.half_width
    top = mouth.y + min(mouth.upper, 0.0) - 0.15 * opening
    bottom = mouth.y + max(mouth.lower, 0.0) + opening
    return mouth.x - reach, top - 0.12, mouth.x + reach, bottom + 0.12


def _part(region: Region, box: tuple[float, ...], pose: Pose) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of a part in bands; nothing if it is out of view."""
    left, top, right, bottom = box
    frame, (height, width) = region.shape.frame, region.size
    middle = torch.tensor([[(left + right) / 2], [(top + bottom) / 2]]).to(region.face_x)
    shift_x, shift_y = pose_shift(region.shape, middle[0], middle[1], pose)
    x = torch.tensor([left - PART_MARGIN, right + PART_MARGIN] * 2) + float(shift_x)
    y = torch.tensor([top - PART_MARGIN] * 2 + [bottom + PART_MARGIN] * 2) + float(shift_y)
    across, down = frame.to_pixels(x, y)
    across, down = across - region.left, down - region.top
    columns = slice(max(0, int(across.min())), min(width, int(across.max()) + 1))
    rows = slice(max(0, int(down.min())), min(height, int(down.max()) + 1))
    if columns.start < columns.stop:
        yield from ((band, columns) for band in _bands(region, rows, columns))


def _unturned(region: Region, rows: slice, columns: slice, turn: Tensor) -> tuple[Tensor, Tensor]:
    """Return the face coordinates of pixels without the pose, (1, h, w) each."""
    across, down = _upsample(turn, region.base[:, rows, columns]).unbind(1)
    return region.face_x[rows, columns] + across, region.face_y[rows, columns] + down


def _sample_part(region: Region, rows: slice, columns: slice, x: Tensor, y: Tensor) -> Tensor:
    shift = _grid_shift(region, x - region.face_x[rows, columns], y - region.face_y[rows, columns])
    return _sample(region, region.base[:, rows, columns] + shift.permute(0, 2, 3, 1))
