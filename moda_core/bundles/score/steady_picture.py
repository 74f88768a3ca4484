"""What should stay the same in a video: the picture outside the face, and whose face it is.

Flicker follows VBench's temporal flickering (Huang et al. 2024), on pixels that should not move.
VBench tells a subject's identity by DINO's features, whose weights are not bundled; here the
luminance of the face is compared where the landmarks say it is the same skin. The figures are
comparable with neither of VBench's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import Delaunay
from torch import Tensor

from ...face.face_track import FaceTrack
from ...face.mesh_points import (
    CHIN,
    FACE_OVAL,
    LEFT_EYE_REGION,
    LEFT_IRIS,
    LIPS_REGION,
    NUM_POINTS,
    RIGHT_EYE_REGION,
    RIGHT_IRIS,
)
from ...face.square import Square
from ...video.footage import Clip

LONGEST_SIDE = 320  # pixels of a row or column that are compared for flicker
AROUND = 1.5  # side of the square that counts as the face, over that of the head's
LEAST_OUTSIDE = 0.03  # of the picture
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
BLUR = 0.03  # standard deviation before the face is sampled, in sides of the square of the head
LARGEST_TRIANGLE = 0.2  # side, in sides of that square; larger ones span the eyes or the mouth
AROUND_LIPS = 0.1  # in sides of that square; skin that is nearer moves with the mouth
# Skin that speech and blinks hardly move or change.
STEADY = sorted(
    set(range(NUM_POINTS))
    - {*LIPS_REGION, *LEFT_EYE_REGION, *RIGHT_EYE_REGION, *LEFT_IRIS, *RIGHT_IRIS}
    - {*FACE_OVAL, CHIN}
)


@dataclass(frozen=True, eq=False)
class SteadyPicture:
    """What changes in the M frames of a video though it should not.

    Parameters
    ----------
    flicker : array, shape (M - 1,)
        1 less the mean change outside the face from frame to frame; NaN at a cut, and where
        nothing is outside.
    identity : array, shape (M,)
        Correlation of the face's luminance with that in the frame of reference; NaN where the face
        is lost.
    """

    flicker: np.ndarray
    identity: np.ndarray

    @property
    def mean_flicker(self) -> float | None:
        """Mean over the frames, None if it is not known in any."""
        return _mean(self.flicker)

    @property
    def mean_identity(self) -> float | None:
        """Mean over the frames, None if it is not known in any."""
        return _mean(self.identity)


def see_steadiness(
    clip: Clip,
    track: FaceTrack,
    reference: int,
    on_frame: Callable[[], None] | None = None,
) -> SteadyPicture:
    """Compare the frames of a clip with each other; `reference` is one that shows the face.

    `on_frame` is called after each frame.
    """
    outside, step = outside_faces(clip.size, track.squares)
    [image] = clip.images_at([track.times[reference]])
    skin = Skin(_grey(image), track, reference)
    flicker, identity, before = [], [], None
    for index, (_, image) in enumerate(clip.frames()):
        if index >= len(track):
            break
        pixels = image[::step, ::step].numpy()[outside].astype(np.float32)
        if index > 0:
            cut = index in track.restarts or not len(pixels)
            flicker.append(np.nan if cut else 1 - float(np.abs(pixels - before).mean()) / 255)
        before = pixels
        identity.append(skin.likeness(_grey(image), index))
        if on_frame is not None:
            on_frame()
    return SteadyPicture(np.array(flicker), np.array(identity))


def outside_faces(size: tuple[int, int], squares: tuple[Square, ...]) -> tuple[np.ndarray, int]:
    """Return which pixels (h, w) of a picture are outside the face in all frames, and their step.

    `size` is width and height. None are if that is too little of the picture.
    """
    width, height = size
    step = max(1, -(-max(size) // LONGEST_SIDE))
    y, x = np.mgrid[0:height:step, 0:width:step] + 0.5
    outside = np.ones(x.shape, bool)
    for square in set(squares):
        across, down = x - square.x, y - square.y
        cosine, sine = np.cos(square.angle), np.sin(square.angle)
        reach = AROUND / 2 * square.side
        inside = np.abs(cosine * across + sine * down) <= reach
        outside &= ~(inside & (np.abs(cosine * down - sine * across) <= reach))
    return outside & (outside.mean() >= LEAST_OUTSIDE), step


class Skin:
    """The luminance of a face at places of its skin, in one frame of a track."""

    def __init__(self, grey: np.ndarray, track: FaceTrack, reference: int):
        self._track = track
        points, side = track.meshes[reference][:, :2], track.squares[reference].side
        steady, lips = np.array(STEADY), points[LIPS_REGION]
        away = np.linalg.norm(points[steady, None] - lips, axis=2).min(axis=1)
        self._points = steady[away > AROUND_LIPS * side]
        mesh = points[self._points]
        corners = Delaunay(mesh).simplices
        sides = np.linalg.norm(mesh[corners] - mesh[np.roll(corners, 1, axis=1)], axis=2)
        self._corners = corners[sides.max(axis=1) < LARGEST_TRIANGLE * side]
        self._expected = self._seen(grey, reference)

    def likeness(self, grey: np.ndarray, index: int) -> float:
        """Return the correlation of a frame's face (H, W) with it; NaN where the face is lost."""
        if self._track.is_lost[index]:
            return np.nan
        seen = self._seen(grey, index)
        spread = seen.std() * self._expected.std()
        if spread == 0:
            return 0.0
        product = (seen - seen.mean()) * (self._expected - self._expected.mean())
        return float(product.mean() / spread)

    def _seen(self, grey: np.ndarray, index: int) -> np.ndarray:
        mesh, side = self._track.meshes[index][self._points, :2], self._track.squares[index].side
        places = np.concatenate([mesh, mesh[self._corners].mean(axis=1)])
        reach = int(4 * BLUR * side) + 2
        last = np.array(grey.shape[::-1]) - 1
        low = (np.floor(places.min(axis=0)).astype(int) - reach).clip(0, last)
        high = (np.ceil(places.max(axis=0)).astype(int) + reach).clip(low + 1)
        part = gaussian_filter(grey[low[1] : high[1], low[0] : high[0]], BLUR * side)
        x, y = (places - low - 0.5).T
        return map_coordinates(part, [y, x], order=1, mode="nearest")


def _grey(image: Tensor) -> np.ndarray:
    return image.numpy() @ LUMINANCE


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
