"""Lost frames of a followed face."""

import numpy as np
import pytest
import torch

from moda_core.clip.face_clip import FaceClip, carried
from moda_core.face.face_track import FaceTrack, StoredMeshes
from moda_core.face.square import Square
from tests.heads import seen_landmarks, synthetic_head

MESH = seen_landmarks(synthetic_head()).mesh
FITS = [synthetic_head()]


def face_clip(found, restarts=(), fps=25):
    """A face at rest that is found in some frames; its square moves by a pixel a frame."""
    meshes = StoredMeshes()
    for seen in found:
        meshes.append(MESH if seen else None)
    times, squares = (
        np.arange(len(found)) / fps,
        [Square(260 + k, 250, 200) for k in range(len(found))],
    )
    track = FaceTrack(times, meshes, np.array(found, float), restarts, tuple(squares))
    fits = [FITS[0] if seen else None for seen in found]
    seen, rest = torch.zeros(len(found), 70), torch.zeros(63)
    return FaceClip(None, track, seen, rest, 0, "lower face", "loop", fits, None)


def test_a_lost_face_moves_with_its_square():
    face = face_clip([True, False, False])

    shift = face.landmarks(2).mesh - face.landmarks(0).mesh

    assert shift[:, 0] == pytest.approx(2, abs=1e-3)
    assert shift[:, 1:] == pytest.approx(0, abs=1e-3)
    assert face.fit(2).centre - face.fit(0).centre == pytest.approx([2, 0])


def test_a_lost_face_is_held_then_faded():
    face = face_clip([True] * 3 + [False] * 16 + [True])

    presence = face.presence

    assert presence[:6] == pytest.approx(1)
    assert 0 < presence[6] < 1
    assert presence[8] == 0
    assert presence[-4:] == pytest.approx(1)


def test_a_face_is_not_held_across_a_cut():
    face = face_clip([True, True, False, False, True], restarts=(2,))

    assert face.landmarks(2).mesh[0, 0] < face.landmarks(1).mesh[0, 0] + 1
    assert face.fit(3) is not None


def test_points_are_carried_as_the_squares_lie():
    start, end = Square(10, 20, 4, 0.0), Square(100, 50, 8, np.pi / 2)

    assert carried(np.array([12.0, 20.0]), start, end) == pytest.approx([100, 54])
    assert carried(np.array([10.0, 18.0]), start, end) == pytest.approx([104, 50])
