"""The track of one face through a clip."""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .landmarks import FaceLandmarks
from .mesh_points import NUM_POINTS
from .square import Square

BLOCK = 64  # frames that are packed together
STEPS = 4095  # of a stored coordinate, to each side
UNPACKED = 8  # blocks, also of other tracks


class StoredMeshes:
    """The meshes of many frames, in about 1.6 kB each: exact to a 16,000th of the face.

    They are stored as differences from the frame before, and packed in blocks: a small piece of
    memory for each frame, between those of the networks' calls, would keep ten times its size from
    being used again.
    """

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._last = np.zeros((BLOCK, NUM_POINTS, 3), np.int16)  # steps, not packed yet
        self._frames: list[np.ndarray] = []  # blocks (BLOCK, 4): x, y, z of the middle, and a step
        self._length = 0

    def append(self, mesh: np.ndarray | None) -> None:
        """Store the mesh (478, 3) of the next frame; None where the face is lost."""
        index = self._length % BLOCK
        if index == 0:
            self._frames.append(np.zeros((BLOCK, 4)))
        self._length += 1
        self._last[index] = self._last[index - 1]
        if mesh is not None:
            low, high = mesh.min(0), mesh.max(0)
            middle, step = (low + high) / 2, float((high - low).max()) / 2 / STEPS
            self._frames[-1][index] = *middle, step
            self._last[index] = ((mesh - middle) / step).round()
        if index == BLOCK - 1:
            self._packed.append(_pack(self._last))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> np.ndarray | None:
        """Return the mesh (478, 3), float64, of a frame; None where the face is lost."""
        block, row = divmod(range(self._length)[index], BLOCK)
        *middle, step = self._frames[block][row]
        if not step:
            return None
        steps = _unpack(self._packed[block]) if block < len(self._packed) else self._last
        return steps[row] * step + middle


def _pack(steps: np.ndarray) -> bytes:
    """Compress steps (BLOCK, 478, 3), int16: all low bytes of their differences, then the high."""
    change = np.diff(steps, axis=0, prepend=np.int16(0))
    return zlib.compress(change.view(np.uint8).reshape(-1, 2).T.tobytes())


@lru_cache(UNPACKED)
def _unpack(packed: bytes) -> np.ndarray:
    change = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, -1).T
    change = np.ascontiguousarray(change).view(np.int16).reshape(BLOCK, NUM_POINTS, 3)
    return np.cumsum(change, axis=0, dtype=np.int16)


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """Where one face is in each frame of a clip.

    Parameters
    ----------
    times : array, shape (N,)
        Of the frames, in seconds.
    meshes : StoredMeshes
        Of N frames; see `landmarks`.
    confidence : array, shape (N,), in [0, 1]
        Probability that eyes and mouth are within 0.1 eye distances; 0 where the face is lost.
    restarts : tuple of int
        Frames at which the face is found anew, after a cut or after it was lost for long: neither
        its place nor its expression continues that of the frames before.
    squares : tuple of N Square
        Around the head, smooth in place, size and angle between restarts; held where the face is
        lost.
    """

    times: np.ndarray
    meshes: StoredMeshes
    confidence: np.ndarray
    restarts: tuple[int, ...]
    squares: tuple[Square, ...]

    def __len__(self) -> int:
        return len(self.times)

    def landmarks(self, index: int) -> FaceLandmarks | None:
        """Return the landmarks of a frame, not smoothed; None where the face is lost."""
        mesh = self.meshes[index]
        return None if mesh is None else FaceLandmarks(mesh, float(self.confidence[index]))

    @property
    def is_lost(self) -> np.ndarray:
        """Whether the face is lost in each frame, (N,), bool."""
        return self.confidence == 0
