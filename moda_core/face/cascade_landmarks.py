"""Landmarks of a portrait, found without a trained landmark model or given by the user."""

import math

import numpy as np
from PIL import Image
from torch import Tensor

from ..errors import FaceNotFoundError
from ..runtime.threads import one_thread
from .choose_face import POINTS_REMEDY, Box, choose_face, faces_within
from .detect import SURE_SCORE, face_in_box, find_faces, quarter_turn
from .eyes import EYE_DISTANCE, Eyes, find_eyes
from .face_box import FaceBox
from .face_crop import grayscale
from .landmarks import FaceLandmarks
from .mouth import MOUTH_Y, Mouth, find_mouth

SMALLEST_FACE = 64  # pixels of the box; smaller faces can't be animated
LOW_CONFIDENCE = 0.45  # below it the user should check the points
# Logistic regressions of "within 0.1 eye distances" for eyes and mouth: the bias, then the weights
# of the evidence in `_confidence`. Fitted on portraits, also turned, mirrored, darkened, reduced,
# greyed and compressed, and on pictures without a face.
EYE_WEIGHTS = (-2.7, 0.6, 9.9, -38.5)
MOUTH_WEIGHTS = (-6.1, 4.9, 2.9, -7.6)

# Allowed proportions of given points, in eye distances.
MOUTH_HEIGHT_RANGE = (0.4, 2.5)
MOUTH_WIDTH_RANGE = (0.2, 2.0)
MAX_LIP_GAP = 1.5


def find_landmarks(
    image: Tensor,
    face_index: int = 0,
    order: str = "largest",
    mask: Tensor | None = None,
    box: Box | None = None,
) -> FaceLandmarks:
    """Find the landmarks of one face.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
    face_index : int
        Number of the face in the order, from 0.
    order, mask, box
        As in `choose_face`. If no face is found in `box`, the box itself is taken as the face, from
        the brows to the chin.

    Returns
    -------
    FaceLandmarks
        Its `confidence` is below `LOW_CONFIDENCE` where the points should be checked.

    Raises
    ------
    FaceNotFoundError
        If there is no such face, it is smaller than 64 pixels, or the picture must be rotated.
    ValueError
        If the order, the mask or the box is invalid.
    """
    faces = _faces_to_choose_from(image, face_index, order, mask)
    if box is not None and not faces_within(faces, box=box):
        face = face_in_box(image, box)
    else:
        if not any(face.score >= SURE_SCORE for face in faces):
            _check_upright(image)
        face = choose_face(faces, face_index, order, mask, box, size=tuple(image.shape[:2]))
    if face.size < SMALLEST_FACE:
        raise FaceNotFoundError(
            f"Expected a face of at least {SMALLEST_FACE} pixels, found one of {face.size:.0f}: "
            f"use a larger picture or scale it up, or {POINTS_REMEDY}."
        )
    return fit_landmarks(image, face)


def _faces_to_choose_from(
    image: Tensor, index: int, order: str, mask: Tensor | None
) -> list[FaceBox]:
    """Return the upright faces; also tilted ones if one of several is asked for."""
    upright = find_faces(image)
    if index == 0 and order == "largest" and (mask is None or faces_within(upright, mask)):
        return upright
    faces = find_faces(image, turned=True)
    if order == "largest" and mask is None and upright:
        # Number 0 must not change when tilted faces are searched too.
        faces = [face for face in faces if face.size <= upright[0].size]
    return faces


def _check_upright(image: Tensor) -> None:
    """Raise FaceNotFoundError if a face is detected with confidence only after a rotation."""
    turn = quarter_turn(image)
    if turn:
        how = {1: "by 90 degrees to the left", 2: "by 180 degrees", 3: "by 90 degrees to the right"}
        state = "upside down" if turn == 2 else "on its side"
        raise FaceNotFoundError(f"The face is {state}: rotate the picture {how[turn]}.")


@one_thread()
def fit_landmarks(image: Tensor, box: FaceBox) -> FaceLandmarks:
    """Find the landmarks in a face box of a picture (H, W, 3), uint8."""
    picture = Image.fromarray(image.numpy())
    gray = Image.fromarray(grayscale(image))
    eyes = find_eyes(gray, box)
    mouth = find_mouth(picture, eyes.left, eyes.right)
    lips = mouth.lips
    along = eyes.right - eyes.left
    frame = np.array([along, [-along[1], along[0]]])
    origin = (eyes.left + eyes.right) / 2
    points = [origin + point @ frame for point in (lips.left, lips.right, lips.upper, lips.lower)]
    return FaceLandmarks(eyes.left, eyes.right, *points, confidence=_confidence(box, eyes, mouth))


def _confidence(box: FaceBox, eyes: Eyes, mouth: Mouth) -> float:
    """Return the estimated probability that eyes and mouth are within 0.1 eye distances."""
    height = (mouth.lips.left[1] + mouth.lips.right[1]) / 2
    eye_evidence = (math.log(box.score + 1e-3), eyes.likeness, min(eyes.spread, 0.3))
    mouth_evidence = (
        mouth.likeness,
        mouth.lips.contrast,
        abs(height - MOUTH_Y),
    )
    chances = (
        1 / (1 + math.exp(-bias - float(np.dot(weights, evidence))))
        for (bias, *weights), evidence in (
            (EYE_WEIGHTS, eye_evidence),
            (MOUTH_WEIGHTS, mouth_evidence),
        )
    )
    return math.prod(chances)


def landmarks_from_points(points: np.ndarray | Tensor) -> FaceLandmarks:
    """Make landmarks from points that the user gives.

    Parameters
    ----------
    points : array or Tensor, shape (4, 2) or (6, 2)
        x, y in pixels: left and right eye, left and right mouth corner (the picture's left and
        right), and optionally the inner edges of the upper and the lower lip. Without these the
        mouth is taken as closed.

    Returns
    -------
    FaceLandmarks
        With confidence 1.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is not finite, or the proportions are not a face's.
    """
    given = np.asarray(points, dtype=np.float64)
    if given.shape not in ((4, 2), (6, 2)):
        raise ValueError(
            "Expected 4 or 6 points x,y (left eye, right eye, left and right mouth corner, then "
            f"optionally upper and lower lip), got shape {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError("Expected finite coordinates, got NaN or infinity: check the points.")
    if len(given) == 4:
        seam = (given[2] + given[3]) / 2
        given = np.concatenate([given, [seam, seam]])
    _check_proportions(given)
    return FaceLandmarks(*given, confidence=1.0)


def _check_proportions(points: np.ndarray) -> None:
    """Raise ValueError unless six points have the proportions of a face seen from the front."""
    along = points[1] - points[0]
    distance = math.hypot(*along)
    if distance < 1:
        raise ValueError(f"Expected two different eyes, got {distance:.1f} pixels between them.")
    if distance < SMALLEST_FACE * EYE_DISTANCE:
        raise ValueError(
            f"Expected a face of at least {SMALLEST_FACE} pixels, got one of about "
            f"{distance / EYE_DISTANCE:.0f}: use a larger picture."
        )
    if along[0] <= 0 and abs(along[1]) <= abs(along[0]):
        raise ValueError(
            "Expected the left eye first, as seen in the picture; the second one lies to its "
            "left: swap the eyes and the mouth corners."
        )
    frame = np.array([along, [-along[1], along[0]]]).T / distance**2
    left, right, upper, lower = (points[2:] - (points[0] + points[1]) / 2) @ frame
    width, height = right[0] - left[0], (left[1] + right[1]) / 2
    if not MOUTH_HEIGHT_RANGE[0] <= height <= MOUTH_HEIGHT_RANGE[1]:
        raise ValueError(
            "Expected the mouth 0.4 to 2.5 eye distances below the eyes, got "
            f"{height:.2f}: check the order of the points."
        )
    if not MOUTH_WIDTH_RANGE[0] <= width <= MOUTH_WIDTH_RANGE[1]:
        raise ValueError(
            "Expected the right mouth corner 0.2 to 2 eye distances to the right of the left one, "
            f"got {width:.2f}: check the order of the points."
        )
    if not 0 <= lower[1] - upper[1] <= MAX_LIP_GAP:
        raise ValueError(
            "Expected the upper lip above the lower lip by at most 1.5 eye distances, got "
            f"{lower[1] - upper[1]:.2f}: check the order of the points."
        )
