"""What moves where when a director's script is played."""

import pytest
import torch

from moda_core.editing.script.director import direct
from moda_core.editing.script.script import ScriptEvent
from moda_core.editing.script.script_parser import parse_script
from moda_core.editing.script.script_words import SCRIPT_WORDS
from moda_core.emotion.labels import EMOTIONS
from moda_core.motion.controls import CONTROLS, compose, read, rest_expression
from moda_core.motion.motion import (
    EXPRESSION,
    FPS,
    HEAD,
    PITCH,
    ROLL,
    SCALE,
    YAW,
    Motion,
    released_stats,
)

from .direct_cases import assert_same_motion


def still(seconds=8.0, fps=FPS):
    """A face at rest that looks ahead."""
    frame = released_stats().mean.clone()
    frame[EXPRESSION] = rest_expression()
    frame[67:] = 0
    return Motion(frame.repeat(round(seconds * fps), 1), rest_expression(), fps)


def talking(seconds=8.0):
    """Motion that moves in every dim, from a rest of its own, as the released model's does."""
    stats, generator = released_stats(), torch.Generator().manual_seed(0)
    normal = torch.randn(round(seconds * FPS), 70, generator=generator)
    values = stats.denormalize(torch.cumsum(0.1 * normal, dim=0))
    return Motion(values, stats.mean[EXPRESSION] + 0.01, FPS)


def play(script, motion=None):
    motion = still() if motion is None else motion
    return direct(motion, parse_script(script, motion.fps).events)


def control(motion, name):
    return read(motion.offset)[:, CONTROLS.index(name)]


def angle(motion, axis):
    return motion.values[:, axis].squeeze(1)


@pytest.mark.parametrize("phrase", SCRIPT_WORDS)
def test_every_word_can_be_written_and_moves_something(phrase):
    numbers = " 0.5 -0.5" if phrase == "look at" else ""
    motion = talking()

    directed = play(f"[2 {phrase}{numbers}]", motion)

    assert not torch.equal(directed.values, motion.values)
    assert directed.values.isfinite().all()
    assert torch.equal(directed.values[:50], motion.values[:50])
    assert torch.equal(directed.values[-75:], motion.values[-75:])
    assert torch.equal(motion.values, talking().values)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("smile 0.6", "smile", 0.6),
        ("smile", "smile", 0.8),
        ("frown 1", "frown", 1.0),
        ("raise brows 0.5 for 2", "brow", 0.5),
        ("open mouth 0.7 for 2", "jaw", 0.7),
        ("look left 0.6 for 2", "gaze", -0.6),  # of the picture
        ("look right 0.6 for 2", "gaze", 0.6),
        ("look at 0.3 0 for 2", "gaze", 0.3),
        ("wink left for 2", "blink_left", 1.0),
        ("wink right for 2", "blink_right", 1.0),
        ("close eyes for 2", "blink_left", 1.0),
        ("close eyes for 2", "blink_right", 1.0),
    ],
)
@pytest.mark.parametrize("motion", [still, talking])
def test_a_face_word_reaches_its_value(words, name, value, motion):
    before = motion()

    after = play(f"[2 {words}]", before)

    replaces = name == "gaze" or name.startswith("blink")
    own = value if replaces else control(before, name)[75].item()
    assert control(after, name)[75].item() == pytest.approx(max(own, value), abs=1e-3)


@pytest.mark.parametrize(
    ("words", "axis", "degrees"),
    [
        ("turn left 15", YAW, 15),  # + yaw turns the nose to the image's left
        ("turn right 15", YAW, -15),
        ("turn up 5", PITCH, -5),
        ("turn down 5", PITCH, 5),
        ("tilt left 6", ROLL, -6),  # + roll turns clockwise, the top of the head to the right
        ("tilt right 6", ROLL, 6),
    ],
)
@pytest.mark.parametrize("motion", [still, talking])
def test_a_head_word_turns_by_its_degrees_on_its_axis_only(words, axis, degrees, motion):
    before = motion()

    after = play(f"[2 {words}]", before)

    moved = after.values - before.values
    assert moved[75, axis].item() == pytest.approx(degrees, abs=1e-4)
    moved[:, axis] = 0
    assert not moved.any()


def test_a_wink_leaves_the_other_eye_open():
    after = play("[2 wink left for 2]")

    assert control(after, "blink_right").abs().max() < 1e-4


def test_a_blink_shuts_the_eyes_for_a_moment():
    shut = control(play("[2 blink]"), "blink_left") > 0.95

    assert 1 <= shut.sum() <= 6
    assert shut[50:60].any()


def test_an_upward_look_lifts_the_lids_and_a_downward_one_lowers_them():
    up, down = (control(play(f"[2 look {way} 1]"), "blink_left")[68] for way in ("up", "down"))

    assert up < -0.1
    assert down > 0.1


def test_a_nod_dips_and_a_shake_swings_to_both_sides():
    nod, shake = angle(play("[2 nod 10]"), PITCH), angle(play("[2 shake 10]"), YAW)

    assert 8 < nod.max() <= 10
    assert nod.min() > -0.5
    assert shake.max() > 5
    assert shake.min() < -5
    assert not nod[:50].any()
    assert not nod[73:].any()


def test_hold_keeps_the_head_where_it_is_and_lets_the_face_go_on():
    before = talking()

    after = play("[2 hold for 3]", before)

    inner = after.values[60:116, HEAD]
    assert_same_motion(inner, before.values[50:51, HEAD].expand_as(inner), HEAD)
    assert torch.equal(after.values[:, EXPRESSION], before.values[:, EXPRESSION])
    assert torch.equal(after.values[125:], before.values[125:])


def test_actions_ease_in_and_out():
    smile = control(play("[2 smile 1 for 3]"), "smile")

    assert smile.diff().abs().max() < 0.25  # a step would be 1
    assert smile[50] == pytest.approx(0, abs=1e-4)
    assert smile[54] == pytest.approx(0.5, abs=0.15)
    assert smile[60:115].min() == pytest.approx(1, abs=1e-3)
    assert smile[125:].abs().max() < 1e-4


def test_an_action_takes_the_place_of_an_earlier_one_of_its_kind_while_it_lasts():
    smile = control(play("[1 smile 1 for 5] [3 smile 0.4 for 2]"), "smile")

    assert smile.max() < 1.001
    assert smile[85:117] == pytest.approx(0.4, abs=1e-3)
    assert smile[126:142] == pytest.approx(1, abs=1e-3)
    assert smile[150:].abs().max() < 1e-4
    assert smile.diff().abs().max() < 0.25


def test_a_shorter_turn_gives_the_longer_one_its_place_back():
    yaw = angle(play("[1 turn left 10 for 6] [3 turn right 10 for 2]"), YAW)

    assert yaw[[70, 100, 140]].tolist() == pytest.approx([10, -10, 10], abs=1e-3)
    assert yaw.diff().abs().max() < 3  # degrees a frame; a jump would be 20


@pytest.mark.parametrize("first", ["nod 10 for 1", "shake 10 for 1", "turn left 9", "look away"])
def test_hold_keeps_the_speakers_own_movement_from_what_is_played_wherever_it_stands(first):
    before = talking()

    one, other = (
        play(script, before) for script in (f"[1 {first}] [1 hold for 1]", f"[1 hold] [1 {first}]")
    )
    alone = play("[1 hold]", before)
    moved = play(f"[1 {first}]", before).values - before.values

    assert torch.equal(one.values, other.values)
    assert_same_motion(one.values, alone.values + moved)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [("open mouth", "jaw", 0.4), ("smile", "smile", 0.8), ("raise brows", "brow", 0.8)],
)
def test_an_amount_is_reached_and_not_put_on_top(words, name, value):
    before = still()
    steps = torch.linspace(0, 1, len(before))[:, None]
    one = torch.zeros(len(CONTROLS))
    one[CONTROLS.index(name)] = 1
    before.values[:, EXPRESSION] += steps * compose(one)

    after = control(play(f"[0 {words} for 8]", before), name)

    expected = steps[:, 0].clamp(min=value)
    torch.testing.assert_close(after[10:-10], expected[10:-10], atol=1e-3, rtol=0)


def test_a_frown_brings_raised_corners_down_and_leaves_those_that_are_lower():
    glad, sad = still(), still()
    one = torch.zeros(len(CONTROLS))
    one[CONTROLS.index("smile")] = 1
    glad.values[:, EXPRESSION] += compose(0.7 * one)
    sad.values[:, EXPRESSION] -= compose(0.7 * one)

    corners = [control(play("[2 frown 1]", motion), "smile")[75].item() for motion in (glad, sad)]

    assert corners == pytest.approx([-0.4, -0.7], abs=1e-3)


def test_frown_and_raised_brows_go_on_at_once():
    both = play("[1 raise brows 0.8 for 4] [1 frown for 4]")

    assert control(both, "brow")[75] == pytest.approx(0.8, abs=1e-3)
    assert control(both, "frown")[75] == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(("amount", "corner"), [(0, 0.7), (0.1, 0.59), (0.5, 0.15), (1.5, -0.4)])
def test_a_small_frown_lowers_the_corners_a_little(amount, corner):
    glad, one = still(), torch.zeros(len(CONTROLS))
    one[CONTROLS.index("smile")] = 1
    glad.values[:, EXPRESSION] += compose(0.7 * one)

    frowning = play(f"[2 frown {amount}]", glad)

    assert control(frowning, "smile")[75] == pytest.approx(corner, abs=1e-3)


def test_a_hold_in_a_hold_holds_on():
    turning = still()
    turning.values[:, YAW] = 10 * torch.sin(torch.arange(200.0) / 12.5)[:, None]

    held = angle(play("[1 hold for 3] [2 hold for 3]", turning), YAW)

    assert held[33:117].sub(held[33]).abs().max() < 1e-4  # from 1.3 s to 4.7 s


@pytest.mark.parametrize("word", ["nod", "shake"])
def test_of_two_gestures_at_one_time_the_last_counts(word):
    both = play(f"[1 {word} 20] [1 {word} 10]")

    assert torch.equal(both.values, play(f"[1 {word} 10]").values)


def test_neutral_ends_what_is_going_on_and_is_an_emotion():
    script = "[1 smile 1 for 6] [1 turn left 10 for 6] [1 happy] [3 neutral]"
    after = play(script)

    assert control(after, "smile")[90:].abs().max() < 1e-4
    assert angle(after, YAW)[90:].abs().max() < 1e-4
    assert control(after, "smile")[70] == pytest.approx(1, abs=1e-3)
    amounts = parse_script(script).timeline().curve(200)
    assert amounts[100, EMOTIONS.index("neutral")] == 1


@pytest.mark.parametrize(("word", "axis"), [("nod", PITCH), ("shake", YAW)])
@pytest.mark.parametrize("ending", ["neutral", "calm", "neut"])
def test_neutral_ends_a_gesture_softly(word, axis, ending):
    turn = angle(play(f"[1 {word} 10 for 5] [2.1 {ending}]"), axis)

    whole = angle(play(f"[1 {word} 10 for 5]"), axis)
    assert torch.equal(turn[:53], whole[:53])
    assert not turn[58:].any()
    assert turn.diff().abs().max() < 4


@pytest.mark.parametrize(("word", "axis"), [("nod", PITCH), ("shake", YAW)])
def test_a_gesture_ends_where_the_next_of_its_kind_begins(word, axis):
    both = angle(play(f"[1 {word} 10 for 4] [2.2 {word} 10 for 1]"), axis)

    second = angle(play(f"[2.2 {word} 10 for 1]"), axis)
    assert both.abs().max() < 11
    torch.testing.assert_close(both[60:], second[60:])
    assert both.diff().abs().max() < 8


def test_three_nods_are_three_dips():
    pitch = angle(play("[1 nod 3 times for 3]"), PITCH)

    peaks = (pitch[1:-1] > pitch[:-2]) & (pitch[1:-1] >= pitch[2:]) & (pitch[1:-1] > 3)
    assert peaks.sum() == 3


def test_nothing_but_comments_does_nothing():
    motion = talking()

    after = play("# [1 nod]\n  # [2 happy]", motion)

    assert torch.equal(after.values, motion.values)


@pytest.mark.parametrize("fps", [5.0, 24.0, 60.0])
def test_times_are_the_same_at_any_frame_rate(fps):
    smile = control(play("[2 smile 1 for 3]", still(8.0, fps)), "smile")

    time_s = torch.arange(len(smile)) / fps
    assert smile[(time_s > 2.3) & (time_s < 4.7)].min() == pytest.approx(1, abs=1e-3)
    assert smile[(time_s < 2) | (time_s > 5)].abs().max() < 1e-4


@pytest.mark.parametrize("num_frames", [1, 2, 30])
def test_short_motion_takes_what_fits(num_frames):
    motion = Motion(talking().values[:num_frames], talking().rest, FPS)
    script = " ".join(
        f"[0 {phrase}{' 0 0' if phrase == 'look at' else ''}]" for phrase in SCRIPT_WORDS
    )

    after = play(f"{script} [100 smile] [0.02 hold]", motion)

    assert len(after) == num_frames
    assert after.values.isfinite().all()


def test_size_and_translation_are_never_touched_but_by_hold():
    words = [word for word in SCRIPT_WORDS if word not in ("hold", "look at")]
    motion = talking()

    after = play(" ".join(f"[2 {word}]" for word in words), motion)

    kept = slice(SCALE.start, PITCH.start)
    assert torch.equal(after.values[:, kept], motion.values[:, kept])


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (ScriptEvent(1.0, "dance", (), 1.0), "Unknown action 'dance'"),
        (ScriptEvent(-1.0, "hold", (), 1.0), "time_s, got -1"),
        (ScriptEvent(1.0, "hold", (), 0.0), "duration_s, got 0"),
        (ScriptEvent(1.0, "smile", (float("nan"),), 1.0), "not finite"),
        (ScriptEvent(1.0, "smile", (), 1.0), "takes 1 numbers, got 0"),
    ],
)
def test_events_that_no_script_makes_are_refused(event, message):
    with pytest.raises(ValueError, match=message):
        direct(still(), [event])
