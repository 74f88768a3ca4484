"""From a picture to the landmarks of the face to animate."""

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
from .image import check_picture, limit_size, read_image, resize_limit


@dataclass(frozen=True)
class FaceChoice:
    """Which face of a picture to take; in pixels of the picture, before any scaling.

    Parameters
    ----------
    points : list of (float, float), optional
        Landmarks, instead of a search.
    box : tuple of (x, y, width, height), optional
        Search only this part.
    index : int
        Number of the face in the order, from 0.
    order : {"largest", "left to right", "center"}
        Which face comes first.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Search only faces that it covers; of the picture's size.
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
        Of any size; searched at the size of `limit_size`.
    choice : FaceChoice, optional
        Default: the largest face.
    yunet : Path, optional
        Weights of the YuNet detector. Default: a detector without weights of a network.

    Returns
    -------
    FaceLandmarks
        In pixels of `image`.

    Raises
    ------
    FaceNotFoundError
        If there is no usable face, or the given points do not form one.
    ValueError
        If the picture, the order, the mask or the box is invalid.
    """
    check_picture(image)
    choice = choice or FaceChoice()
    if choice.points is not None:
        return _given_landmarks(image, choice.points)
    found = _search(limit_size(image), _scaled_choice(choice, image), yunet)
    height, width = image.shape[:2]
    # By side: the shorter one is rounded when a picture is scaled down.
    scaled_height, scaled_width = resize_limit(height, width, multiple=1)
    if (scaled_height, scaled_width) == (height, width):
        return found
    enlarged = found.points() * np.array([width / scaled_width, height / scaled_height])
    return FaceLandmarks(*enlarged, confidence=found.confidence)


def locate_face(
    path: str | Path, choice: FaceChoice | None = None, yunet: Path | None = None
) -> tuple[Tensor, FaceLandmarks]:
    """Read a picture file and find the face in it.

    Parameters
    ----------
    choice : FaceChoice, optional
        In pixels of the file. Default: the largest face.
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
        If the file is not a usable picture.
    FaceNotFoundError
        If there is no usable face in it; the message names the file.
    """
    choice = choice or FaceChoice()
    original = read_image(path)
    image = limit_size(original)
    if choice.points is not None:
        return image, _given_landmarks(image, choice.points, _scale(original), path)
    try:
        return image, find_face(image, _scaled_choice(choice, original), yunet)
    except (FaceNotFoundError, ValueError) as error:
        raise FaceNotFoundError(f"'{path}': {error}") from error


def _search(image: Tensor, choice: FaceChoice, yunet: Path | None) -> FaceLandmarks:
    """Find the chosen face of a picture within the size limit."""
    index, order, mask, box = choice.index, choice.order, choice.mask, choice.box
    if yunet is None:
        return find_landmarks(image, index, order, mask, box)
    faces = dict(load_yunet(yunet).find(image))
    if box is not None and not faces_within(list(faces), box=box):
        return find_landmarks(image, box=box)  # takes the box as the face
    face = choose_face(list(faces), index, order, mask, box, tuple(image.shape[:2]))
    return faces[face]


def _scale(picture: Tensor) -> float:
    """Return the factor by which `limit_size` scales a picture."""
    height, width = picture.shape[:2]
    return max(resize_limit(height, width, multiple=1)) / max(height, width)


def _scaled_choice(choice: FaceChoice, picture: Tensor) -> FaceChoice:
    """Scale a choice as `limit_size` scales its picture."""
    box, mask, scale = choice.box, choice.mask, _scale(picture)
    if box is not None:
        box = tuple(value * scale for value in box)
    if mask is not None:
        mask = _scaled_mask(mask, picture)
    return replace(choice, box=box, mask=mask)


def _scaled_mask(mask: Tensor, picture: Tensor) -> Tensor:
    """Scale a mask (H, W) as `limit_size` scales its picture."""
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
    """Make landmarks of points, which become pixels of the picture by `scale`."""
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
        raise FaceNotFoundError(f"The points{whose} do not form a face: {error}") from error
