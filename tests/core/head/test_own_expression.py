"""The smile of a picture, on heads whose moves are known, and on the bundled portraits."""

from dataclasses import replace

import pytest

from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.head.head_model import head_model
from moda_core.head.own_expression import LARGEST, OWN, own_smile
from moda_core.motion.controls import CONTROLS
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import read_image
from tests.heads import rotation, seen_landmarks, synthetic_head

SMILE = CONTROLS.index("smile")


def smiling(amount, seed=0, yaw=0.0):
    head, names = synthetic_head(seed), head_model().move_names
    moves = head.moves.clone()
    for name in names:
        if "smile" in name.lower():
            moves[names.index(name)] = amount
    return own_smile(seen_landmarks(replace(head, moves=moves, rotation=rotation(yaw=yaw))))


@pytest.mark.parametrize("seed", range(4))
def test_a_face_at_rest_has_no_smile(seed):
    assert abs(float(smiling(0.0, seed)[SMILE])) < 0.1


@pytest.mark.parametrize("yaw", [0.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wider_smile_is_a_larger_one(seed, yaw):
    none, half, full = (float(smiling(amount, seed, yaw)[SMILE]) for amount in (0.0, 0.4, 0.8))

    assert none < half < full <= LARGEST
    assert full > 0.3


def test_only_the_smile_is_told():
    own = smiling(0.8)

    assert {CONTROLS[index] for index in own.nonzero().flatten().tolist()} == set(OWN)


def test_of_the_bundled_portraits_the_first_smiles():
    first, second = (
        float(own_smile(find_face(read_image(path)))[SMILE]) for path in (PORTRAIT, SECOND_PORTRAIT)
    )

    assert first > 0.3
    assert abs(second) < 0.1
