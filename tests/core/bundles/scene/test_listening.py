"""How people listen."""

import pytest
import torch

from moda_core.bundles.scene.listening import Listening, envelope, listen, nods
from moda_core.editing.idling import idle
from moda_core.motion.controls import CONTROLS, read
from moda_core.motion.motion import PITCH, YAW

PHRASES = [(4.0 * k, 4.0 * k + 2.5) for k in range(30)]
LONG_S = 122.0


def gaze(motion):
    return read(motion.offset)[:, CONTROLS.index("gaze")]


def test_alone_it_idles():
    motion = listen(5, [], [], [], seed=3)

    assert torch.equal(motion.values, idle(5, seed=3).values)


def test_most_phrases_of_another_end_in_a_small_nod():
    drawn = nods([], [PHRASES], seed=1)

    assert 0.5 * len(PHRASES) < len(drawn) < len(PHRASES)
    assert all(2 <= each.size_deg <= 4 for each in drawn)
    since = [
        min(each.time_s - stop for _, stop in PHRASES if stop <= each.time_s) for each in drawn
    ]
    assert all(0.1 <= each <= 0.35 for each in since)


def test_nods_move_the_pitch_down_and_back_and_nothing_else():
    motion, still = listen(LONG_S, [], [PHRASES], [0.0]), idle(LONG_S)

    change = motion.values - still.values
    dips = change[:, PITCH]
    assert dips.min() >= 0
    assert dips.max() == pytest.approx(
        max(each.size_deg for each in nods([], [PHRASES], 0)), rel=0.1
    )
    change[:, PITCH] = 0
    assert change.abs().max() == 0


def test_nobody_nods_while_speaking_and_after_a_short_word():
    own = [(stop + 0.2, stop + 1.0) for _, stop in PHRASES]

    assert nods(own, [PHRASES], seed=1) == []
    assert nods([], [[(1.0, 1.5)]], seed=1) == []


def test_a_shorter_conversation_has_the_same_nods():
    drawn = nods([], [PHRASES], seed=5)

    shorter = nods([], [PHRASES[:10]], seed=5)
    assert shorter == drawn[: len(shorter)]


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_gaze_goes_to_the_one_who_speaks_and_back(side):
    looks = Listening(nods=0, gaze=1.0)
    motion, ahead = listen(10, [], [[(2.0, 6.0)]], [side], listening=looks), idle(10)

    turned = gaze(motion) - gaze(ahead)
    assert side * turned[75:150].min() > 0.5 * side * turned.mean()
    assert (side * turned)[75:150].min() > 0.5
    assert turned[:50].abs().max() < 1e-4
    assert turned[225:].abs().max() < 1e-4
    yaw = (motion.values - ahead.values)[:, YAW].flatten()
    assert (-side * yaw)[100:150].min() > 5  # + yaw is the image's left


def test_between_two_who_speak_at_once_it_looks_ahead():
    looks = Listening(nods=0, gaze=1.0)
    motion = listen(6, [], [[(1.0, 5.0)], [(1.0, 5.0)]], [-1.0, 1.0], listening=looks)

    assert (gaze(motion) - gaze(idle(6))).abs().max() < 1e-4


def test_an_envelope_is_one_inside_and_none_away():
    time_s = torch.arange(0, 5, 0.01, dtype=torch.float64)

    weight = envelope(time_s, [(1.0, 2.0), (3.0, 4.0)], 0.2, 0.5)

    assert weight[100:200].min() == 1
    assert weight[:80].max() == weight[255:280].max() == weight[451:].max() == 0
    assert 0 < weight[90] < 1
    assert 0 < weight[225] < 1


@pytest.mark.parametrize("amount", [-0.1, 2.1, float("nan")])
def test_amounts_out_of_range_are_refused(amount):
    with pytest.raises(ValueError, match="from 0 to 2"):
        Listening(nods=amount)
