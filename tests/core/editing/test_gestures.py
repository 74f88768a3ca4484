"""Nods, shakes and looks aside."""

import math

import numpy as np
import pytest
import torch

from moda_core.editing.gestures import look, nod, shake
from moda_core.motion.motion import PITCH, YAW
from tests.tolerances import assert_rounded

from .direct_cases import acted_motion, changed_dims, random_motion

FINE = 240
GESTURES = {
    "nod": (nod, {"amplitude_deg": 8}, {PITCH.start}, 8),
    "one dip": (nod, {"amplitude_deg": -8, "repeats": 1}, {PITCH.start}, 8),
    "shake": (shake, {"amplitude_deg": 8}, {YAW.start}, 8),
    "one swing": (shake, {"amplitude_deg": 8, "repeats": 1}, {YAW.start}, 8),
    "look": (look, {"yaw_deg": 8, "pitch_deg": 4}, {PITCH.start, YAW.start}, 8),
}


@pytest.mark.parametrize(("gesture", "options", "dims", "size"), GESTURES.values(), ids=GESTURES)
def test_a_gesture_begins_and_ends_at_rest_and_reaches_its_size(gesture, options, dims, size):
    still = acted_motion(3 * FINE, fps=FINE)

    moved = gesture(still, 1.0, duration_s=1.0, **options)

    turn = (moved.values - still.values).double()
    assert changed_dims(moved, still) == dims
    assert not turn[: FINE + 1].any()
    assert not turn[2 * FINE :].any()
    assert float(turn.abs().max()) == pytest.approx(size, rel=0.02)
    speed = turn.diff(dim=0) * FINE
    assert speed[[FINE, 2 * FINE - 1]].abs().max() < 0.05 * speed.abs().max()


def test_a_nod_dips_as_its_formula_says():
    still = acted_motion(100)

    pitch = nod(still, 1.0, 6.0, 2.0, 3).values[:, PITCH].flatten().numpy()

    s = np.clip((np.arange(100) / 25 - 1) / 2, 0, 1)
    assert_rounded(pitch, 6 * np.sin(3 * math.pi * s) ** 2, 16)


def test_a_nod_goes_down_and_a_shake_first_to_the_left():
    still = acted_motion(100)

    pitch = nod(still, 0.0).values[:, PITCH]
    yaw = shake(still, 0.0).values[:, YAW].flatten()

    assert pitch.min() >= 0
    turns = yaw[yaw.abs() > 1].sign()
    swings = torch.cat([turns[:1], turns[1:][turns.diff() != 0]])
    assert swings.tolist() == [1, -1, 1, -1]


def test_a_look_stays_for_a_while():
    yaw = look(acted_motion(100), 1.0, yaw_deg=-10, duration_s=2.0).values[:, YAW].flatten()

    stays = yaw[40:61]
    torch.testing.assert_close(stays, torch.full_like(stays, -10.0))


def test_gestures_add_to_the_motion_and_past_its_end_are_cut():
    motion = random_motion(30)

    moved = nod(motion, 1.0, duration_s=1.0)
    whole = nod(random_motion(30, seed=1), 0.0, duration_s=1.0)

    assert torch.equal(moved.values[:26], motion.values[:26])
    added = moved.values[26:, PITCH] - motion.values[26:, PITCH]
    expected = whole.values[1:5, PITCH] - random_motion(30, seed=1).values[1:5, PITCH]
    assert_rounded(added, expected, 4, scale=motion.values[:, PITCH].abs().max() + 6)
