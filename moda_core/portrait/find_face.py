"""From a picture to the landmarks of the one face that shall move."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import FaceNotFoundError
from ..face.cascade_landmarks import find_landmarks, landmarks_from_points
from ..face.choose_face import choose_face, faces_within
from ..face.landmarks import FaceLandmarks
from ..face.yunet import load_yunet
from .image import limit_size, read_image, resize_limit


@dataclass(frozen=True)
class FaceChoice:
    """Which face of a picture; all in pixels of the picture, before any scaling.

    Parameters
    ----------
    points : list of (float, float), optional
        Landmarks, instead of looking for a face.
    box : tuple of (x, y, width, height), optional
        Look only for the face in here.
    index : int
        Which face of several, 0 is the first.
    order : {"largest", "left to right", "center"}
        What comes first.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Look only for faces that it covers; of the picture's size.
    """

    points: list[tuple[float, float]] | None = None
    box: tuple[float, float, float, float] | None = None
    index: int = 0
    order: str = "largest"
    mask: Tensor | None = None


def find_face(
    image: Tensor, choice: FaceChoice | None = None, yunet: Path | None = None
) -> FaceLandmarks:
    """Find the face in a picture.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        Of any size; looked at as `limit_size` makes it.
    choice : FaceChoice, optional
        Default the largest face.
    yunet : Path, optional
        Weights of the YuNet detector; without them landmarks are found by means that need none.

    Returns
    -------
    FaceLandmarks
        In pixels of `image`.

    Raises
    ------
    FaceNotFoundError
        If there is no usable face in it, or the given points make none.
    ValueError
        If the picture, the order, the mask or the box can't be used.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8:
        raise ValueError(
            f"Expected a picture of shape (H, W, 3) and type uint8, got {tuple(image.shape)} "
            f"of {image.dtype}."
        )
    choice = choice or FaceChoice()
    if choice.points is not None:
        return _given_landmarks(image, choice.points)
    found = _search(limit_size(image), _reduced(choice, image), yunet)
    height, width = image.shape[:2]
    # Each side by itself: the shorter one is rounded when a picture is scaled down.
    scaled_height, scaled_width = resize_limit(height, width, multiple=1)
    if (scaled_height, scaled_width) == (height, width):
        return found
    enlarged = found.points() * np.array([width / scaled_width, height / scaled_height])
    return FaceLandmarks(*enlarged, confidence=found.confidence)


def locate_face(
    path: str | Path, choice: FaceChoice | None = None, yunet: Path | None = None
) -> tuple[Tensor, FaceLandmarks]:
    """Read a picture and find the face in it.

    Parameters
    ----------
    path : str or Path
        A picture with a face.
    choice : FaceChoice, optional
        In pixels of the file; default the largest face.
    yunet : Path, optional
        As in `find_face`.

    Returns
    -------
    image : Tensor, shape (H, W, 3), uint8
        Scaled down to `SIZE_LIMIT`.
    landmarks : FaceLandmarks
        In pixels of `image`.

    Raises
    ------
    InputFileError
        If the file is no usable picture.
    FaceNotFoundError
        If there is no usable face in it; the text names the file.
    """
    choice = choice or FaceChoice()
    original = read_image(path)
    image = limit_size(original)
    if choice.points is not None:
        return image, _given_landmarks(image, choice.points, _scale(original), path)
    try:
        return image, find_face(image, _reduced(choice, original), yunet)
    except (FaceNotFoundError, ValueError) as error:
        raise FaceNotFoundError(f"'{path}': {error}") from error


def _search(image: Tensor, choice: FaceChoice, yunet: Path | None) -> FaceLandmarks:
    """Find the chosen face of a picture that is within the size limit."""
    index, order, mask, box = choice.index, choice.order, choice.mask, choice.box
    if yunet is None:
        return find_landmarks(image, index, order, mask, box)
    faces = dict(load_yunet(yunet).find(image))
    if box is not None and not faces_within(list(faces), box=box):
        return find_landmarks(image, box=box)  # which takes the box for the face
    face = choose_face(list(faces), index, order, mask, box, tuple(image.shape[:2]))
    return faces[face]


def _scale(picture: Tensor) -> float:
    """Return by how much `limit_size` scales a picture."""
    height, width = picture.shape[:2]
    return max(resize_limit(height, width, multiple=1)) / max(height, width)


def _reduced(choice: FaceChoice, picture: Tensor) -> FaceChoice:
    """Return a choice in pixels of what `limit_size` makes of its picture."""
    box, mask, scale = choice.box, choice.mask, _scale(picture)
    if box is not None:
        box = tuple(value * scale for value in box)
    if mask is not None:
        mask = _reduced_mask(mask, picture)
    return replace(choice, box=box, mask=mask)


def _reduced_mask(mask: Tensor, picture: Tensor) -> Tensor:
    """Return a mask (H, W) of a picture as `limit_size` makes the picture."""
    if mask.shape != picture.shape[:2]:
        raise ValueError(
            f"Expected a mask of the picture's shape {tuple(picture.shape[:2])}, got "
            f"{tuple(mask.shape)}. Scale it first."
        )
    levels = (mask.float() * 255).round().to(torch.uint8)
    return limit_size(levels[..., None].expand(-1, -1, 3))[..., 0] / 255


def _given_landmarks(
    image: Tensor,
    points: list[tuple[float, float]],
    scale: float = 1.0,
    path: str | Path | None = None,
) -> FaceLandmarks:
    """Make landmarks of points, which times `scale` are in pixels of the picture."""
    height, width = image.shape[:2]
    named = f"the picture '{path}'" if path else f"the picture of {width}x{height} pixels"
    for x, y in points:
        if not (0 <= x * scale <= width and 0 <= y * scale <= height):
            raise FaceNotFoundError(
                f"The point {x:g},{y:g} is not inside {named}. "
                f"Give points in pixels of the picture{' file' if path else ''}, x before y."
            )
    try:
        return landmarks_from_points([(x * scale, y * scale) for x, y in points])
    except ValueError as error:
        whose = f" for '{path}'" if path else ""
        raise FaceNotFoundError(f"The points{whose} make no face: {error}") from error
