"""Which face of a picture a person has: left, right, a number from the left, or a point.

Imports nothing heavy: the command line's help reads this file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import FaceNotFoundError

if TYPE_CHECKING:
    from ...face.landmarks import FaceLandmarks

LEFT, RIGHT = "left", "right"
NEAR = 1.0  # half sizes of a face's box from its middle, within which a point means it

FacePlace = str | int | tuple[float, float]


def parse_face_place(text: str) -> FacePlace:
    """Read which face is meant: ``left``, ``right``, a number from 0, or ``x,y`` in pixels.

    Raises ValueError for any other text.
    """
    word = text.strip().lower()
    if word in (LEFT, RIGHT):
        return word
    try:
        if "," not in word:
            index = int(word)
            if index >= 0:
                return index
        else:
            x, y = map(float, word.split(","))
            if math.isfinite(x) and math.isfinite(y):
                return x, y
    except ValueError:
        pass
    raise ValueError(
        f"expected a face such as left, right, 0 for the first from the left, or x,y in pixels, "
        f"got {text[:40]!r}"
    )


def face_at(faces: Sequence[FaceLandmarks], place: FacePlace) -> FaceLandmarks:
    """Return the face of a picture that is meant.

    Raises FaceNotFoundError, which says where faces are, if there is none.
    """
    ordered = sorted(faces, key=lambda face: _middle(face)[0])
    if not ordered:
        raise FaceNotFoundError("No face was found in the picture. Use another one.")
    if place in (LEFT, RIGHT):
        return ordered[0 if place == LEFT else -1]
    if isinstance(place, int):
        if place >= len(ordered):
            raise FaceNotFoundError(
                f"There is no face number {place}: {len(ordered)} found in the picture. Use a "
                f"number from 0, the leftmost, to {len(ordered) - 1}."
            )
        return ordered[place]
    nearest = min(ordered, key=lambda face: math.dist(_middle(face), place))
    half = (nearest.box[2:] - nearest.box[:2]) / 2
    if (abs(_middle(nearest) - place) > NEAR * half).any():
        x, y = place
        found = ", ".join("{:.0f},{:.0f}".format(*_middle(face)) for face in ordered)
        raise FaceNotFoundError(
            f"There is no face at {x:g},{y:g}. The faces of the picture are at {found}."
        )
    return nearest


def _middle(face: FaceLandmarks):
    """Return the middle of a face's box, (2,)."""
    return (face.box[:2] + face.box[2:]) / 2
