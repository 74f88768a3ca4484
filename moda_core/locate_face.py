"""From a picture file to the landmarks of the one face that shall move."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .errors import FaceNotFoundError
from .portrait.choose_face import choose_face, faces_within
from .portrait.image import SIZE_LIMIT, limit_size, read_image
from .portrait.landmarks import FaceLandmarks
from .portrait.yunet import load_yunet
from .starter.landmarks import find_landmarks, landmarks_from_points


@dataclass(frozen=True)
class FaceChoice:
    """Which face of a picture; all in pixels of the picture file.

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
        Look only for faces that it covers; of the size of the picture file.
    """

    points: list[tuple[float, float]] | None = None
    box: tuple[float, float, float, float] | None = None
    index: int = 0
    order: str = "largest"
    mask: Tensor | None = None


def locate_face(
    path: str | Path, choice: FaceChoice | None = None, yunet: Path | None = None
) -> tuple[Tensor, FaceLandmarks]:
    """Read a picture and find the face in it.

    Parameters
    ----------
    path : str or Path
        A picture with a face.
    choice : FaceChoice, optional
        Default the largest face.
    yunet : Path, optional
        Weights of the YuNet detector; without them landmarks are found by means that need none.

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
    longer = max(original.shape[:2])
    scale = max(image.shape[:2]) / longer if longer > SIZE_LIMIT else 1.0
    if choice.points is not None:
        return image, _given_landmarks(path, image, choice.points, scale)
    box = None if choice.box is None else tuple(value * scale for value in choice.box)
    try:
        mask = None if choice.mask is None else _reduced(choice.mask, original)
        if yunet is None:
            return image, find_landmarks(image, choice.index, choice.order, mask, box)
        faces = dict(load_yunet(yunet).find(image))
        if box is not None and not faces_within(list(faces), box=box):
            return image, find_landmarks(image, box=box)  # which takes the box for the face
        size = tuple(image.shape[:2])
        face = choose_face(list(faces), choice.index, choice.order, mask, box, size)
        return image, faces[face]
    except (FaceNotFoundError, ValueError) as error:
        raise FaceNotFoundError(f"'{path}': {error}") from error


def _reduced(mask: Tensor, picture: Tensor) -> Tensor:
    """Return a mask (H, W) of a picture as `limit_size` makes the picture."""
    if mask.shape != picture.shape[:2]:
        raise ValueError(
            f"Expected a mask of the picture's shape {tuple(picture.shape[:2])}, got "
            f"{tuple(mask.shape)}. Scale it first."
        )
    levels = (mask.float() * 255).round().to(torch.uint8)
    return limit_size(levels[..., None].expand(-1, -1, 3))[..., 0] / 255


def _given_landmarks(
    path: str | Path, image: Tensor, points: list[tuple[float, float]], scale: float
) -> FaceLandmarks:
    height, width = image.shape[:2]
    for x, y in points:
        if not (0 <= x * scale <= width and 0 <= y * scale <= height):
            raise FaceNotFoundError(
                f"The point {x:g},{y:g} is not inside the picture '{path}'. "
                "Give points in pixels of the picture file, x before y."
            )
    try:
        return landmarks_from_points([(x * scale, y * scale) for x, y in points])
    except ValueError as error:
        raise FaceNotFoundError(f"The points for '{path}' make no face: {error}") from error
