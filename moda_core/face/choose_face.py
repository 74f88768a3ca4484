"""The choice of one face among several: by number and order, by a mask, or by a box."""

import math

import numpy as np
from torch import Tensor

from ..errors import FaceNotFoundError
from .face_text import FACE_ORDERS
from .landmarks import FaceLandmarks

POINTS_REMEDY = "give the eyes and mouth corners yourself as `points`"
SHARE_OF_BEST = 0.5  # least cover of a selected face over that of the most covered one

Box = tuple[float, float, float, float]


def choose_face(
    faces: list[FaceLandmarks],
    index: int = 0,
    order: str = "largest",
    mask: Tensor | None = None,
    box: Box | None = None,
    size: tuple[int, int] | None = None,
    remedy: str = POINTS_REMEDY,
) -> FaceLandmarks:
    """Choose one face of a picture.

    Parameters
    ----------
    faces : list of FaceLandmarks
        As `find_faces` returns them.
    index : int
        Number of the face in the order, from 0.
    order : {"largest", "left to right", "center"}
        Which face comes first; "largest" is the order of `faces`, "center" the nearest to the
        middle of the picture.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Count only faces that it covers at least in part.
    box : tuple of (x, y, width, height), optional
        Likewise, in pixels.
    size : (height, width), optional
        Size of the picture; required for the order "center".
    remedy : str
        What messages suggest instead.

    Raises
    ------
    FaceNotFoundError
        If there is no such face; the message says how many there are.
    ValueError
        If the order, the mask or the box is invalid.
    """
    _check_order(order, size)
    if mask is not None and size is not None and tuple(mask.shape) != tuple(size):
        raise ValueError(
            f"Expected a mask of the picture's shape {tuple(size)}, got {tuple(mask.shape)}. "
            "Scale it first."
        )
    where = "" if size is None else f" of {size[1]}x{size[0]} pixels"
    if not faces:
        raise FaceNotFoundError(
            f"No face was found in the picture{where}: use another one, or {remedy}."
        )
    selected = faces_within(faces, mask, box)
    if not selected:
        area = "mask" if box is None else "box"
        raise FaceNotFoundError(
            f"None of the {len(faces)} faces found in the picture{where} lies in the {area}: "
            f"move the {area} onto a face, or {remedy}."
        )
    if not 0 <= index < len(selected):
        area = "" if mask is None and box is None else " in the mask or box"
        raise FaceNotFoundError(
            f"There is no face number {index}: {len(selected)} found{area} in the picture{where}. "
            f"Use a number from 0 to {len(selected) - 1}, or {remedy}."
        )
    return _sorted(selected, order, size)[index]


def ordered_faces(
    faces: list[FaceLandmarks],
    order: str,
    size: tuple[int, int],
    mask: Tensor | None = None,
    box: Box | None = None,
) -> list[FaceLandmarks]:
    """Return the faces among which `choose_face` chooses, in their order; arguments as there."""
    _check_order(order, size)
    return _sorted(faces_within(faces, mask, box), order, size)


def faces_within(
    faces: list[FaceLandmarks], mask: Tensor | None = None, box: Box | None = None
) -> list[FaceLandmarks]:
    """Return the faces that a mask and a box select.

    Parameters
    ----------
    mask, box
        As in `choose_face`.

    Returns
    -------
    list of FaceLandmarks
        The covered faces, without those covered less than half as much as the most covered one.
        All faces if there is neither a mask nor a box.
    """
    if box is not None:
        check_box(box)
    shares = [_mask_share(face, mask) * _box_share(face, box) for face in faces]
    least = SHARE_OF_BEST * max(shares, default=0.0)
    return [face for face, share in zip(faces, shares, strict=True) if share > 0 and share >= least]


def check_box(box: Box) -> None:
    """Raise ValueError unless a box is finite, with a width and a height above 0."""
    if len(box) != 4 or not all(math.isfinite(value) for value in box) or min(box[2:]) <= 0:
        raise ValueError(
            f"Expected a box x,y,width,height in pixels, wider and higher than 0, got {box}."
        )


def _check_order(order: str, size: tuple[int, int] | None) -> None:
    if order not in FACE_ORDERS:
        raise ValueError(f"Expected an order among {', '.join(FACE_ORDERS)}, got {order!r}.")
    if order == "center" and size is None:
        raise ValueError('Expected the size of the picture for the order "center", got none.')


def _sorted(
    faces: list[FaceLandmarks], order: str, size: tuple[int, int] | None
) -> list[FaceLandmarks]:
    if order == "largest":
        return faces
    if order == "left to right":
        return sorted(faces, key=lambda face: _center(face)[0])
    middle = np.array(size[::-1]) / 2
    return sorted(faces, key=lambda face: math.dist(_center(face), middle))


def _center(face: FaceLandmarks) -> np.ndarray:
    return (face.box[:2] + face.box[2:]) / 2


def _mask_share(face: FaceLandmarks, mask: Tensor | None) -> float:
    """Return the mean of a mask over the face's box; 1 without a mask."""
    if mask is None:
        return 1.0
    if mask.ndim != 2:
        raise ValueError(f"Expected a mask of shape (H, W), got {tuple(mask.shape)}.")
    left, top, right, bottom = (max(round(edge), 0) for edge in face.box.tolist())
    part = mask[top:bottom, left:right]
    return float(part.float().mean()) if part.numel() else 0.0


def _box_share(face: FaceLandmarks, box: Box | None) -> float:
    """Return the share of the face's box that a box covers; 1 without a box."""
    if box is None:
        return 1.0
    low, high = face.box[:2], face.box[2:]
    start, stop = np.array(box[:2]), np.add(box[:2], box[2:])
    covered = (np.minimum(high, stop) - np.maximum(low, start)).clip(0)
    return float(covered.prod() / (high - low).prod())
