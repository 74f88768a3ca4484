"""One face that is followed from frame to frame, and where it is expected next."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from .find_faces import meshes_in_square, square_around
from .head_square import head_square
from .landmarks import FaceLandmarks
from .square import Square

STILL = 0.03  # change of the square up to which the network keeps looking at the same one
VELOCITY_S = 0.2  # over which the velocity is measured
COASTING_S = 0.3  # in which a hidden face's expected motion comes to rest
# Sides by which a face may be off its expected place: at once, for each second up to `SOON_S`, and
# for each later one.
NEAR, FAST, SLOW = 0.15, 6.0, 1.5
SOON_S = 0.2
SIZE_RANGE = 1.35  # largest ratio of a face's size to the last one, up to `SOON_S`
SURE, LEAST = 0.7, 0.1  # confidence, below which a second look is taken, and the face is lost
SAME_PLACE = 0.35  # sides between two meshes of one face
# Logistic regression of "eyes and mouth within 0.1 eye distances" on the network's logit, of the
# portrait blurred, dark, noisy and half covered.
MIDDLE_LOGIT, LOGIT_SCALE = 12.0, 3.0


@dataclass(frozen=True, eq=False)
class Sighting:
    """A face in one frame.

    Parameters
    ----------
    mesh : array, shape (478, 3); or (468, 3), if rough
    confidence : float in [0, 1]
        Probability that eyes and mouth are within 0.1 eye distances.
    head : Square
        See `head_square`.
    """

    mesh: np.ndarray
    confidence: float
    head: Square

    @classmethod
    def of(cls, face: FaceLandmarks) -> "Sighting":
        """Return that of a face which a search found."""
        return cls(face.mesh, face.confidence, head_square(face.mesh))


def see(image: Tensor, square: Square, rough: bool = False) -> Sighting | None:
    """Look for a face in a square of a picture (H, W, 3), uint8; None if there is none."""
    return see_each([image], square, rough)[0]


def see_each(
    images: Sequence[Tensor], square: Square, rough: bool = False
) -> list[Sighting | None]:
    """Look for a face in a square of several pictures; three take half the time of one by one."""
    sightings: list[Sighting | None] = []
    for mesh, logit in meshes_in_square(images, square, rough):
        confidence = 1 / (1 + math.exp((MIDDLE_LOGIT - logit) / LOGIT_SCALE))
        found = confidence >= LEAST
        sightings.append(Sighting(mesh, confidence, head_square(mesh)) if found else None)
    return sightings


class LookAhead:
    """Looks for a face in the next frames too, where it is if it stays in its place.

    Attributes
    ----------
    following : sequence of Tensor, shape (H, W, 3), uint8
        The next frames.
    """

    def __init__(self) -> None:
        self.following: Sequence[Tensor] = ()
        self._square: Square | None = None
        self._seen: list[tuple[Tensor, Sighting | None]] = []  # in frames that follow

    def see(self, image: Tensor, square: Square, stays: bool) -> Sighting | None:
        """Return what `see` does; `stays` if the next frames are likely to have that square."""
        if self._seen and self._seen[0][0] is image and self._square == square:
            return self._seen.pop(0)[1]
        images = [image, *(self.following if stays else ())]
        sightings = see_each(images, square)
        self._square, self._seen = square, list(zip(images, sightings, strict=True))[1:]
        return sightings[0]


class FollowedFace:
    """A face that is followed.

    Parameters
    ----------
    time_s : float
    sighting : Sighting
        Where it was found first.
    """

    def __init__(self, time_s: float, sighting: Sighting):
        self.found_s = time_s
        self._history: deque[tuple[float, Square]] = deque()
        self.look_square = square_around(sighting.mesh)
        self.update(time_s, sighting)

    @property
    def seen_s(self) -> float:
        """When it was seen last."""
        return self._history[-1][0]

    @property
    def head(self) -> Square:
        """Where it was seen last."""
        return self._history[-1][1]

    def expected(self, time_s: float) -> Square:
        """Return where its head should be: moved on by its velocity, which fades."""
        (start_s, start), (last_s, last) = self._history[0], self._history[-1]
        coasting_s = COASTING_S * (1 - math.exp((last_s - time_s) / COASTING_S))
        share = coasting_s / max(last_s - start_s, VELOCITY_S)  # little is known at first
        x, y = last.x + share * (last.x - start.x), last.y + share * (last.y - start.y)
        return replace(last, x=x, y=y)

    def offset(self, head: Square, time_s: float) -> tuple[float, float]:
        """Return how far a head is from the expected place, in sides, and the ratio of sizes."""
        expected = self.expected(time_s)
        ratio = max(head.side / expected.side, expected.side / head.side)
        return distance(expected, head), ratio

    def may_be(self, head: Square, time_s: float) -> bool:
        """Return whether a head in a later frame can be this one, by its place and its size."""
        hidden_s = time_s - self.seen_s
        soon_s = min(hidden_s, SOON_S)
        shift, ratio = self.offset(head, time_s)
        reach = NEAR + FAST * soon_s + SLOW * (hidden_s - soon_s)
        return shift <= reach and ratio <= SIZE_RANGE * (1 + hidden_s - soon_s)

    def look(self, image: Tensor, time_s: float, ahead: LookAhead | None = None) -> Sighting | None:
        """Look for it where it is expected; return a sighting that continues its track.

        Without `ahead`, its mesh is a rough one.
        """
        expected, head = self.expected(time_s), self.head
        square, rough = self.look_square, ahead is None
        shift = expected.x - head.x, expected.y - head.y
        moves = math.hypot(*shift) > STILL * head.side
        if moves:
            square = replace(square, x=square.x + shift[0], y=square.y + shift[1])
        seen = see(image, square, rough) if rough else ahead.see(image, square, stays=not moves)
        if seen and seen.confidence < SURE:
            again = see(image, square_around(seen.mesh), rough)
            seen = again if again and again.confidence > seen.confidence else seen
        return seen if seen and self.may_be(seen.head, time_s) else None

    def update(self, time_s: float, sighting: Sighting) -> None:
        """Take a sighting in as its latest one."""
        self._history.append((time_s, sighting.head))
        while self._history[0][0] < time_s - VELOCITY_S and len(self._history) > 2:
            self._history.popleft()
        square = square_around(sighting.mesh)
        if self.look_square.change_to(square) > STILL:
            self.look_square = square


def distance(first: Square, second: Square) -> float:
    """Return the distance of two heads, in sides of the first."""
    return math.hypot(second.x - first.x, second.y - first.y) / first.side


def same_place(first: Square, second: Square) -> bool:
    """Return whether two heads are at one place, so that they are two views of one face."""
    return min(distance(first, second), distance(second, first)) < SAME_PLACE
