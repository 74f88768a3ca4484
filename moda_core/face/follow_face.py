"""Follow one face through the frames of a clip.

The mesh network looks in each frame where the face was in the last one. The faces beside it are
followed too, so that what is seen where two people cross is taken for the one whose motion and
size it continues; the other one counts as hidden until it is seen apart from it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat

import numpy as np
from torch import Tensor

from ..errors import FaceNotFoundError
from ..runtime.threads import one_thread
from .choose_face import Box, choose_face
from .cuts import CutDetector
from .detect import detect
from .face_track import FaceTrack, StoredMeshes
from .find_faces import face_in_square, find_faces
from .followed_face import SIZE_RANGE, FollowedFace, LookAhead, Sighting, distance, same_place, see
from .landmarks import FaceLandmarks
from .smooth_squares import smooth_squares
from .square import Square, whole_picture

DETECTION_S = 0.2  # between searches near the followed face
SEARCH_S = 1.0  # between full searches while no face is known
AROUND = 5.0  # side of the square for the former, over that of the head
BESIDE = 2.5  # sides of the head to other faces that are looked at in every frame
JUMP = 1.5  # sides that a face may jump where no other one is known, as at a cut in a speech
LONG_S = 0.5  # lost for longer, the track begins anew
AWAY_S, AWAY_RATIO = 0.6, 1.8  # lost for longer, a new face of a like size counts as it
LATER_REMEDY = "begin the clip where the face is seen"
FORGOTTEN_S = 1.0  # after which another face that is not seen is no longer followed
AHEAD = 2  # frames that are looked at together with the one before them


class FirstSearch:
    """Searches frames for faces until there are some; thoroughly only now and then."""

    def __init__(self) -> None:
        self.next_s = 0.0  # time of the next thorough search

    def __call__(self, time_s: float, image: Tensor, every: bool) -> list[FaceLandmarks]:
        """Return the faces of the next frame (H, W, 3), uint8; `every` as of `find_faces`."""
        if time_s < self.next_s and not detect("short_range", image, [whole_picture(image)]):
            return []
        self.next_s = time_s + SEARCH_S
        return find_faces(image, every)


class FaceFollower:
    """Follows one face; call it with each frame in order.

    Parameters
    ----------
    index, order, mask, box
        The face to follow, in the first frame with a face; see `choose_face`.
    """

    def __init__(
        self,
        index: int = 0,
        order: str = "largest",
        mask: Tensor | None = None,
        box: Box | None = None,
    ):
        self._choice = {"index": index, "order": order, "mask": mask, "box": box}
        self._is_cut, self._ahead = CutDetector(), LookAhead()
        self._face: FollowedFace | None = None
        self._others: list[FollowedFace] = []
        self._last: Square | None = None  # place before a cut
        self._detect_s = 0.0  # when to search next
        self._search = FirstSearch()
        self.restarted = False  # whether the track begins anew with the last frame

    @one_thread()
    def __call__(
        self, time_s: float, image: Tensor, following: Sequence[Tensor] = ()
    ) -> Sighting | None:
        """Take the next frame (H, W, 3), uint8; return the face in it, None where it is lost.

        With the pictures of those that are `following` it looks at several at once.

        Raises
        ------
        FaceNotFoundError
            If the first frame with faces does not have the chosen one.
        """
        self.restarted, self._ahead.following = False, following
        if self._is_cut(image) and self._face is not None:
            self._last, self._face, self._others = self._face.head, None, []
            self._search.next_s = time_s
        if self._face is None:
            return self._begin(time_s, image)
        last_s, seen = self._face.seen_s, self._look(time_s, image)
        own = seen.pop(self._face, None)
        for other, sighting in seen.items():
            other.update(time_s, sighting)
        own = self._detect(time_s, image, own, list(seen.values()))
        self._others = [each for each in self._others if time_s - each.seen_s < FORGOTTEN_S]
        if own is not None:
            self.restarted |= time_s - last_s > LONG_S
            self._face.update(time_s, own)
        return own

    def _begin(self, time_s: float, image: Tensor) -> Sighting | None:
        """Search for the face at the beginning or after a cut; thoroughly only now and then."""
        ordinary = self._choice == {"index": 0, "order": "largest", "mask": None, "box": None}
        faces = self._search(time_s, image, every=self._last is not None or not ordinary)
        if not faces:
            return None
        if self._last is None:
            size = tuple(image.shape[:2])
            chosen = choose_face(faces, **self._choice, size=size, remedy=LATER_REMEDY)
        else:
            chosen = min(faces, key=lambda face: distance(self._last, Sighting.of(face).head))
            self.restarted = True
        others = [face for face in faces if face is not chosen]
        self._face = FollowedFace(time_s, Sighting.of(chosen))
        self._others = [FollowedFace(time_s, Sighting.of(face)) for face in others]
        self._detect_s = time_s + DETECTION_S
        return Sighting.of(chosen)

    def _look(self, time_s: float, image: Tensor) -> dict[FollowedFace, Sighting]:
        """Look for the known faces; return those that are seen, each at a place of its own."""
        place, claims = self._face.expected(time_s), []
        for face in (self._face, *self._others):
            near = distance(place, face.expected(time_s)) < BESIDE
            if near or time_s >= self._detect_s:
                sighting = face.look(image, time_s, self._ahead if face is self._face else None)
                claims += [(face, sighting)] if sighting else []
        latest = max((face.seen_s for face, _ in claims), default=0.0)

        def precedence(claim: tuple[FollowedFace, Sighting]) -> tuple[bool, float]:
            """Order those seen in the last frame first, by how well they continue."""
            shift, ratio = claim[0].offset(claim[1].head, time_s)
            return claim[0].seen_s < latest, shift + ratio

        seen: dict[FollowedFace, Sighting] = {}
        for face, sighting in sorted(claims, key=precedence):
            if _is_free(sighting.head, seen.values()):
                seen[face] = sighting
        return seen

    def _detect(
        self, time_s: float, image: Tensor, own: Sighting | None, seen: list[Sighting]
    ) -> Sighting | None:
        """Search for faces that are not known, and return the followed one's sighting.

        At times, but in every frame when that one was just lost.
        """
        just_lost = own is None and time_s - self._face.seen_s <= LONG_S
        if time_s < self._detect_s and not just_lost:
            return own
        self._detect_s = time_s + DETECTION_S
        found = self._unknown(time_s, image, own, [*seen, *([own] if own else [])])
        if own is None and found:
            nearest = min(found, key=lambda each: self._face.offset(each.head, time_s)[0])
            shift, ratio = self._face.offset(nearest.head, time_s)
            continues = self._face.may_be(nearest.head, time_s)
            if continues or (not self._others and shift < JUMP and ratio < SIZE_RANGE):
                own, self.restarted = nearest, not continues
                found.remove(nearest)
        self._others += [FollowedFace(time_s, sighting) for sighting in found]
        return own or self._newcomer(time_s, image)

    def _unknown(
        self, time_s: float, image: Tensor, own: Sighting | None, known: list[Sighting]
    ) -> list[Sighting]:
        """Return the faces of a picture that are at none of the known ones' places."""
        place, whole = own.head if own else self._face.expected(time_s), whole_picture(image)
        if own is None and time_s >= self._search.next_s and time_s - self._face.seen_s > LONG_S:
            self._search.next_s = time_s + SEARCH_S
            found = map(Sighting.of, find_faces(image))
            return [each for each in found if _is_free(each.head, known)]
        squares = [Square(place.x, place.y, AROUND * place.side)] + ([] if own else [whole])
        found: list[Sighting] = []
        for candidate in detect("short_range", image, squares):
            if _is_free(candidate.square, [*known, *found]):
                face = face_in_square(image, candidate.square)
                if face and _is_free(Sighting.of(face).head, [*known, *found]):
                    found.append(Sighting.of(face))
        return found

    def _newcomer(self, time_s: float, image: Tensor) -> Sighting | None:
        """Return the face that came after the followed one was lost, if that one stays away."""
        if time_s - self._face.seen_s < AWAY_S:
            return None
        for other in self._others:
            came_later = other.found_s > self._face.seen_s and other.seen_s == time_s
            if came_later and self._face.offset(other.head, time_s)[1] < AWAY_RATIO:
                sighting = see(image, other.look_square)
                if sighting is not None:
                    self._others.remove(other)
                    self._face = other
                return sighting
        return None


def _with_following(
    frames: Iterator[tuple[float, Tensor]],
) -> Iterator[tuple[tuple[float, Tensor], list[Tensor]]]:
    """Yield each frame, and the pictures of the next `AHEAD` ones."""
    waiting = deque(islice(frames, AHEAD))
    for frame in chain(frames, repeat(None, len(waiting))):
        if frame is not None:
            waiting.append(frame)
        yield waiting.popleft(), [image for _, image in waiting]


def _is_free(head: Square, known: Iterable[Sighting]) -> bool:
    """Return whether no known face is at the place of a head."""
    return not any(same_place(head, each.head) for each in known)


def first_faces(
    frames: Iterable[tuple[float, Tensor]], every: bool = False
) -> tuple[float, Tensor, list[FaceLandmarks]] | None:
    """Return the time and the image of the first frame with a face, and its faces.

    It is the one in which `follow_face` chooses. None if no frame has a face; arguments as of
    `follow_face` and `find_faces`.
    """
    search = FirstSearch()
    for time_s, image in frames:
        if faces := search(time_s, image, every):
            return time_s, image, faces
    return None


def follow_face(
    frames: Iterable[tuple[float, Tensor]],
    index: int = 0,
    order: str = "largest",
    mask: Tensor | None = None,
    box: Box | None = None,
) -> FaceTrack:
    """Follow one face through a clip.

    Parameters
    ----------
    frames : iterable of (time in seconds, Tensor of shape (H, W, 3), uint8)
        In order of time; each is used once, and none is kept. While no face is known, small ones
        are searched for once a second.
    index, order, mask, box
        The face to follow, in the first frame with a face; see `choose_face`.

    Raises
    ------
    FaceNotFoundError
        If no frame has a face, or the first one with faces does not have the chosen one.
    ValueError
        If the choice is invalid, or there are no frames.
    """
    follower = FaceFollower(index, order, mask, box)
    times, heads, confidence, restarts, meshes = [], [], [], [], StoredMeshes()
    for (time_s, image), following in _with_following(iter(frames)):
        sighting = follower(time_s, image, following)
        if follower.restarted:
            restarts.append(len(times))
        times.append(time_s)
        meshes.append(sighting and sighting.mesh)
        heads.append(sighting and sighting.head)
        confidence.append(sighting.confidence if sighting else 0.0)
    if not times:
        raise ValueError("Expected the frames of a clip, got none.")
    if not any(heads):
        raise FaceNotFoundError(
            f"No face was found in the {len(times)} frames of the clip: use another one, in which "
            "a face is larger, lighter or seen from the front."
        )
    times, confidence = np.array(times), np.array(confidence)
    squares = smooth_squares(times, heads, confidence, restarts)
    return FaceTrack(times, meshes, confidence, tuple(restarts), tuple(squares))
