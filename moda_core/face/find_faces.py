"""All faces of a picture: candidates by the detectors, and a mesh on each."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..runtime.threads import one_thread
from .attention_mesh import MESH_SIDE
from .confidence import face_confidence, is_flat_drawing
from .detect import Candidate, detect, overlap, overlap_of_smaller
from .landmarks import FaceLandmarks
from .mesh_points import LEFT_EYE, RIGHT_EYE
from .networks import face_network
from .square import Square, cut_square, whole_picture

LEAST_LOGIT = 3.0  # of the mesh network, for there being a face
LEAST_MEAN_LOGIT = 8.0  # of a face and its mirror image
SURE_LOGIT = 15.0  # from it on, no other view of a place is tried
SAME_FACE = 0.3  # intersection over union of two boxes of one face
NESTED = 0.6  # intersection over the smaller of two boxes, of which only the surer is a face
MAX_VIEWS = 3  # of one place
QUARTERS = (0, 1, 2, 3)
SMALLEST_FACE = 32  # pixels across, that a full search finds
SMALLEST_TILE = 11.25 * SMALLEST_FACE  # side in pixels
LEAST_SIDE = 0.75 * SMALLEST_FACE  # of what is taken for a face
TURNED_TILE = 2.4 * SMALLEST_TILE  # side of the smallest that are searched for rotated faces
TILE_STEP = 0.88  # of a tile's side, to the next one
WIDER_SCALE, TILT = 1.8, 0.15  # of the view that tests a mesh; radians
MAX_LOOKS, STILL = 3, 0.05  # as long as the square moves by more: sides, or radians
LOOK_SCALE = 1.5  # side of the square for the next look over that of the mesh's box


Found = tuple[FaceLandmarks, float]  # with the logit of the mesh network
Placed = tuple[np.ndarray, float]  # a mesh, with the same
View = tuple[Tensor, Square, bool]  # of a picture (H, W, 3); whether it is seen in a mirror


@one_thread()
def find_faces(image: Tensor, every: bool = False) -> list[FaceLandmarks]:
    """Find the faces of a picture.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        Of any size.
    every : bool
        Search for small faces too where a large one is found. Where none is, the picture is always
        searched for faces from 32 pixels on.

    Returns
    -------
    list of FaceLandmarks
        Largest first, but what only the search for small faces brings does not come before the
        largest of the others: the first one is the same whether all are searched or not.
    """
    whole = [whole_picture(image)]
    candidates = detect("short_range", image, whole, QUARTERS)
    found = _place(image, candidates + detect("full_range", image, whole), [])
    sides, first = _tile_sides(image), []
    for side in sides:
        if _any_sure(found):
            first = first or found
            if not every:
                break
        tiles = _tiles(image, side)
        found = _place(image, detect("full_range", image, tiles), found)
        if (side == sides[0] or side >= TURNED_TILE) and not _any_sure(found):
            found = _place(image, detect("full_range", image, tiles, QUARTERS[1:]), found)
    if not found:
        return []
    lead = max((face for face, _ in first or found), key=lambda face: face.size)
    others = [face for face, _ in found if not _collides(face.box, lead.box)]
    return [lead, *sorted(others, key=lambda face: (face.size > lead.size, -face.size))]


@one_thread()
def face_in_square(image: Tensor, square: Square) -> FaceLandmarks | None:
    """Find the face in a square of a picture, or return None if there is none."""
    found = _look(image, square)
    return found and found[0]


def meshes_in_square(images: Sequence[Tensor], square: Square, rough: bool = False) -> list[Placed]:
    """Place a mesh in a square of each picture by one call of the network, be there a face or not.

    Returns the meshes (478, 3), in pixels of the picture, and the network's logits: from
    `LEAST_LOGIT` on it is a face, from `SURE_LOGIT` on surely. A rough mesh takes half the time and
    is (468, 3).
    """
    return _place_meshes([(image, square, False) for image in images], rough)


def square_around(mesh: np.ndarray, scale: float = LOOK_SCALE) -> Square:
    """Return the square for the next look at a mesh (478, 3): around it, and rotated with it."""
    across = (mesh[RIGHT_EYE] - mesh[LEFT_EYE]).mean(0)
    angle = math.atan2(across[1], across[0])
    level = Square(0.5, 0.5, 1.0, -angle).to_picture(mesh[:, :2])
    low, high = level.min(0), level.max(0)
    center = Square(0.5, 0.5, 1.0, angle).to_picture((low + high) / 2)
    return Square(*center.tolist(), scale * float((high - low).max()), angle)


def _any_sure(found: list[Found]) -> bool:
    """Return whether one of the faces is sure: seen the wrong way round, none is."""
    return any(logit >= SURE_LOGIT for _, logit in found)


def _place(image: Tensor, candidates: list[Candidate], found: list[Found]) -> list[Found]:
    """Return the faces found before, and those at new candidates."""
    found, tried = list(found), []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        box = candidate.box
        if any(sure >= SURE_LOGIT and _collides(box, face.box) for face, sure in found):
            continue
        if sum(_is_same(box, other) for other in tried) >= MAX_VIEWS:
            continue
        tried.append(box)
        seen = _look(image, candidate.square)
        found += [seen] if seen else []
    return _different(found)


def _look(image: Tensor, square: Square) -> Found | None:
    """Place a rough mesh until it stays, then a fine one in three views, which tell confidence."""
    for look in range(MAX_LOOKS):
        ((mesh, logit),) = _place_meshes([(image, square, False)], rough=True)
        last, square = square, square_around(mesh)
        if logit < LEAST_LOGIT or (look > 0 and last.change_to(square) < STILL):
            break
    tight = square_around(mesh, 1.0)
    if logit < LEAST_LOGIT or tight.side < LEAST_SIDE or is_flat_drawing(image, tight):
        return None
    wider = square_around(mesh, WIDER_SCALE)
    wider = replace(wider, angle=wider.angle + TILT)
    views = [(image, square, False), (image, square, True), (image, wider, False)]
    (mesh, logit), (mirrored, mirrored_logit), (other, _) = _place_meshes(views)
    if logit < LEAST_LOGIT or (logit + mirrored_logit) / 2 < LEAST_MEAN_LOGIT:
        return None
    return FaceLandmarks(mesh, face_confidence(image, mesh, other, mirrored)), logit


@torch.inference_mode()
def _place_meshes(views: Sequence[View], rough: bool = False) -> list[Placed]:
    """Return the mesh of the face in each view, in pixels of the picture, and its logit.

    Points seen in a mirror are mirrored back: those of the left eye lie on the right one. Rough
    meshes have no second look at lips and eyes, and no irises.
    """
    pixels = [cut_square(image, square, MESH_SIDE) for image, square, _ in views]
    pixels = [part.flip(3) if view[2] else part for part, view in zip(pixels, views, strict=True)]
    network = face_network("attention_mesh")
    place = network.surface if rough else network
    meshes, logits = place(torch.cat(pixels).to(memory_format=torch.channels_last))
    placed = []
    points_of_views = meshes.double().numpy() / MESH_SIDE
    for (_, square, mirrored), points in zip(views, points_of_views, strict=True):
        points[:, 0] = 1 - points[:, 0] if mirrored else points[:, 0]
        places = square.to_picture(points[:, :2])
        placed.append(np.concatenate([places, points[:, 2:] * square.side], 1))
    return list(zip(placed, logits.tolist(), strict=True))


def _different(found: list[Found]) -> list[Found]:
    """Keep the surest of the faces that overlap or lie within each other."""
    kept: list[Found] = []
    for face, logit in sorted(found, key=lambda pair: -pair[1]):
        if not any(_collides(face.box, other.box) for other, _ in kept):
            kept.append((face, logit))
    return kept


def _collides(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two boxes can't be two faces: they overlap, or one surrounds the other."""
    return _is_same(first, second) or overlap_of_smaller(first, second) > NESTED


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    return overlap(first, second) > SAME_FACE


def _tile_sides(image: Tensor) -> list[float]:
    """Return the sides of the tiles of a full search, largest first."""
    longest = max(image.shape[:2]) / 2
    count = max(0, math.ceil(math.log2(longest / SMALLEST_TILE)))
    return np.geomspace(longest, min(longest, SMALLEST_TILE), count + 1).tolist()


def _tiles(image: Tensor, side: float) -> list[Square]:
    """Return overlapping squares that cover a picture."""
    places = []
    for length in image.shape[:2]:
        count = max(1, math.ceil((length - side) / (TILE_STEP * side)) + 1)
        places.append(
            np.linspace(side / 2, length - side / 2, count) if count > 1 else [length / 2]
        )
    return [Square(float(x), float(y), side) for y in places[0] for x in places[1]]
