"""From a picture to the landmarks of the face to animate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..errors import FaceNotFoundError
from ..face.choose_face import POINTS_REMEDY, Box, choose_face, faces_within
from ..face.face_text import POINT_NAMES, Point
from ..face.find_faces import find_faces
from ..face.given_points import landmarks_from_points, landmarks_in_box
from ..face.landmarks import FaceLandmarks
from .image import SIZE_LIMIT, check_picture, limit_size, read_image, resize_limit

SMALLEST_EYE_DISTANCE = 12.0  # pixels of the animated picture; less can't be animated
MARGIN = 0.5  # eye distances by which eyes and mouth may lie outside the picture
MASK_WITHOUT_FACE = (
    "The mask leaves out the face. Invert the mask, in ComfyUI with an 'InvertMask' node; if it is "
    "Load Image's mask of a cut-out, link it to 'transparency' instead."
)


@dataclass(frozen=True)
class FaceChoice:
    """Which face of a picture to take; in pixels of the picture, before any scaling.

    Parameters
    ----------
    points : dict or sequence of (float, float), optional
        Landmarks instead of a search: by name, see `parse_points`, or the first four or six.
    box : tuple of (x, y, width, height), optional
        Search only this part.
    index : int
        Number of the face in the order, from 0.
    order : {"largest", "left to right", "center"}
        Which face comes first.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Search only faces that it covers; of the picture's size.
    """

    points: dict[str, Point] | Sequence[Point] | None = None
    box: Box | None = None
    index: int = 0
    order: str = "largest"
    mask: Tensor | None = None


def find_face(image: Tensor, choice: FaceChoice | None = None) -> FaceLandmarks:
    """Find the face in a picture.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        Of any size, on any device.
    choice : FaceChoice, optional
        Default: the largest face.

    Returns
    -------
    FaceLandmarks
        In pixels of `image`. If no face is found in the choice's box, the box itself is taken as
        the face, from the brows to the chin.

    Raises
    ------
    FaceNotFoundError
        If there is no usable face, it is too small, or the given points do not form one.
    ValueError
        If the picture, the order, the mask or the box is invalid.
    """
    check_picture(image)
    image, choice = image.cpu(), choice or FaceChoice()
    if choice.points is not None:
        return given_face(choice.points, tuple(image.shape[:2]), image)
    return _search(image, choice)


def locate_face(
    path: str | Path, choice: FaceChoice | None = None, limit: int = SIZE_LIMIT
) -> tuple[Tensor, FaceLandmarks]:
    """Read a picture file and find the face in it.

    Parameters
    ----------
    choice : FaceChoice, optional
        In pixels of the file. Default: the largest face.
    limit : int
        Longest side in pixels.

    Returns
    -------
    image : Tensor, shape (H, W, 3), uint8
        Scaled down to the limit.
    landmarks : FaceLandmarks
        In pixels of `image`.

    Raises
    ------
    InputFileError
        If the file is not a usable picture.
    FaceNotFoundError
        If there is no usable face in it; the message names the file.
    """
    original, choice = read_image(path), choice or FaceChoice()
    image = limit_size(original, limit)
    # By side: the shorter one is rounded when a picture is scaled down.
    height, width = resize_limit(*original.shape[:2], limit, multiple=1)
    scale = width / original.shape[1], height / original.shape[0]
    try:
        if choice.points is not None:
            given = given_face(choice.points, tuple(original.shape[:2]), original)
            return image, given.scaled(*scale)
        found = _search(original, choice, scale[0])
    except (FaceNotFoundError, ValueError) as error:
        raise FaceNotFoundError(f"'{path}': {error}") from error
    return image, found.scaled(*scale)


def _search(image: Tensor, choice: FaceChoice, scale: float = 1.0) -> FaceLandmarks:
    """Find the chosen face of a picture that will be scaled down by `scale`."""
    first = choice.index == 0 and choice.order == "largest"
    everywhere = choice.mask is None and choice.box is None
    faces = find_faces(image, every=not (first and everywhere))
    return chosen_face(faces, choice, tuple(image.shape[:2]), scale)


def chosen_face(
    faces: list[FaceLandmarks], choice: FaceChoice, size: tuple[int, int], scale: float = 1.0
) -> FaceLandmarks:
    """Return the chosen one of the faces found in a picture.

    Parameters
    ----------
    faces : list of FaceLandmarks
        As `find_faces` returns them.
    choice : FaceChoice
        Without points.
    size : (height, width)
        Of the picture.
    scale : float
        By which the picture will be scaled down.

    Raises
    ------
    FaceNotFoundError
        If there is no such face, or it is too small.
    ValueError
        If the order, the mask or the box is invalid.
    """
    if choice.box is not None and not faces_within(faces, box=choice.box):
        return checked_size(_box_as_face(choice.box, size), scale)
    try:
        face = choose_face(faces, choice.index, choice.order, choice.mask, choice.box, size)
    except FaceNotFoundError as error:
        if choice.mask is None or not faces or faces_within(faces, choice.mask):
            raise
        raise FaceNotFoundError(MASK_WITHOUT_FACE) from error
    return checked_size(face, scale)


def _box_as_face(box: Box, size: tuple[int, int]) -> FaceLandmarks:
    (rows, columns), (x, y, width, height) = size, box
    if not (0 <= x + width / 2 < columns and 0 <= y + height / 2 < rows):
        raise ValueError(
            f"Expected a box inside the picture of {columns}x{rows} pixels, got x,y,width,height "
            f"{x:g},{y:g},{width:g},{height:g}."
        )
    return landmarks_in_box(box)


def checked_size(face: FaceLandmarks, scale: float) -> FaceLandmarks:
    """Raise FaceNotFoundError for a face that is too small in a picture scaled down by `scale`."""
    if face.eye_distance * scale < SMALLEST_EYE_DISTANCE:
        left, top, right, _ = face.box.round().astype(int).tolist()
        reduced = "" if scale == 1 else f", {(right - left) * scale:.0f} after scaling it down"
        raise FaceNotFoundError(
            f"The face at {left},{top} is {right - left} pixels wide in the picture{reduced}: too "
            f"small to animate. Crop the picture around the face, or {POINTS_REMEDY}."
        )
    return face


def given_face(
    points: dict[str, Point] | Sequence[Point], size: tuple[int, int], image: Tensor | None = None
) -> FaceLandmarks:
    """Return the face of given points in a picture of a size (height, width).

    Without the picture, what the points leave open is as in a mean face. Raises FaceNotFoundError
    if they form no face, or one outside the picture.
    """
    if not isinstance(points, dict):
        if len(points) not in (4, 6):
            raise ValueError(f"Expected 4 or 6 points, or points by name, got {len(points)}.")
        points = dict(zip(POINT_NAMES, points, strict=False))
    try:
        landmarks = landmarks_from_points(points, image)
    except ValueError as error:
        raise FaceNotFoundError(f"The points do not form a face: {error}") from error
    (height, width), margin = size, MARGIN * landmarks.eye_distance
    for name, (x, y) in zip(POINT_NAMES, landmarks.points(), strict=True):
        if not (-margin <= x <= width + margin and -margin <= y <= height + margin):
            raise FaceNotFoundError(
                f"The point {name} at {x:g},{y:g} is not inside the picture of {width}x{height} "
                "pixels. Give points in pixels of the picture, x before y."
            )
    return landmarks
