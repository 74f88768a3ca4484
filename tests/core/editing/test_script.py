"""What is read of a director's script, its emotions, and what is said about mistakes."""

import pytest
import torch

from moda_core.editing.script.script import ScriptEvent
from moda_core.editing.script.script_parser import parse_emotions, parse_script
from moda_core.editing.script.script_words import SCRIPT_WORDS
from moda_core.emotion.labels import EMOTIONS


def test_the_example_is_read():
    script = parse_script("[2.0 smile 0.6] [3.5 look left] [5.0 nod]")

    assert script.events == (
        ScriptEvent(2.0, "smile", (0.6,), 2.0),
        ScriptEvent(3.5, "look left", (0.8,), 1.5),
        ScriptEvent(5.0, "nod", (7.0, 2), 0.9),
    )
    assert script.emotions == ()


def test_lines_comments_frames_and_durations_are_read():
    script = """
    # the beginning
    [50f LOOK at -0.5 .25 for 1.5s]   # over there
    [1 wink   right][0.5s turn left 20]
    """

    assert parse_script(script, fps=50.0).events == (
        ScriptEvent(0.5, "turn left", (20.0,), 2.0),
        ScriptEvent(1.0, "look at", (-0.5, 0.25), 1.5),
        ScriptEvent(1.0, "wink right", (), 0.45),
    )


@pytest.mark.parametrize("word", ["nod", "shake"])
@pytest.mark.parametrize(
    ("said", "degrees", "repeats", "seconds"),
    [
        ("once", None, 1, 0.5),
        ("twice", None, 2, 1.0),
        ("3 times", None, 3, 1.5),
        ("5° 3 times for 4 sec", 5.0, 3, 4.0),
        ("5deg", 5.0, 2, 1.0),
    ],
)
def test_a_gesture_may_say_how_often(word, said, degrees, repeats, seconds):
    (event,) = parse_script(f"[1 {word} {said}]").events

    usual = SCRIPT_WORDS[word]
    given = degrees or usual.defaults[0]
    expected_s = seconds if "for" in said else seconds * usual.duration_s
    assert event.arguments == (given, repeats)
    assert event.duration_s == pytest.approx(expected_s)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("[1 nod], [2 smile];[3 blink],", "[1 nod] [2 smile] [3 blink]"),
        ("[1 look at 0.3, -0.5]", "[1 look at 0.3 -0.5]"),
        ("[62 f nod] [3 sec smile for 50 frames]", "[2.48 nod] [3 smile for 2]"),
        ("[1 seconds turn left 12 °] [25frames tilt left 5 deg]", "[1 turn left] [1 tilt left 5]"),
        ("[1 shake head] [2 Raise  EYEBROWS 0.5]", "[1 shake] [2 raise brows 0.5]"),
        ("[1 look forward] [2 look at camera]", "[1 look ahead] [2 look ahead]"),
        ("[1 nod twice]", "[1 nod]"),
    ],
)
def test_other_ways_to_write_the_same(written, plain):
    assert parse_script(written).events == parse_script(plain).events


def test_emotions_are_read_from_a_timeline_or_a_script():
    timeline = "0 none, 2 happiness 0.8, 4 sad"
    script = "# both\n [2 happiness 0.8] [3 nod] [4 sad]"

    one, other = (parse_emotions(text).curve(200) for text in (timeline, script))

    assert torch.equal(one, other)
    assert not parse_emotions("[3 nod]").curve(200)[:, :-1].any()
    with pytest.raises(ValueError, match="line 2, column 4: unknown word 'hapy'"):
        parse_emotions("[1 nod]\n[2 hapy]")


def shown_at(script, *times_s):
    """What a script shows at some times, far from its transitions."""
    amounts = parse_script(script).timeline().curve(400, 10.0)
    return [
        {EMOTIONS[i]: round(w, 3) for i, w in enumerate(amounts[round(10 * t)].tolist()) if w}
        for t in times_s
    ]


def test_emotions_become_a_timeline_that_starts_without_one():
    script = "[4 sadness 0.5] [2 happy 0.6 + surprised 0.4 for 1]"

    blend = {"happiness": 0.6, "surprise": 0.4}
    none = {"none": 1}
    assert shown_at(script, 0, 1.5, 2.5, 3.5, 5) == [none, none, blend, none, {"sadness": 0.5}]
    assert parse_script(script).events == ()


@pytest.mark.parametrize(
    ("script", "shown"),
    [  # at 0.5, 1.5, 2.5 and so on
        ("[1 happiness for 3] [2 sadness for 5]", "-hsssss--"),
        ("[1 happiness for 5] [2 sadness for 1]", "-hshhh---"),
        ("[1 happiness] [2 sadness for 1] [4 anger for 1]", "-hshahhhh"),
        ("[1 happiness for 7] [2 sadness for 4] [3 anger for 1]", "-hsasshh-"),
        ("[1 happiness for 2] [2 sadness for 4] [3 anger for 1]", "-hsass---"),
        ("[1 happiness for 1] [2 sadness for 1]", "-hs------"),
        ("[3 sadness for 2] [1 happiness for 4]", "-hhss----"),
        ("[1 happiness] [2 neutral for 2]", "-hnn-----"),
        ("[1 happiness] [2 calm for 2]", "-hnn-----"),
        ("[1 happiness] [1 sadness for 2]", "-sshhhhhh"),
    ],
)
def test_after_an_emotion_the_latest_that_goes_on_returns(script, shown):
    letters = {"-": "none", "h": "happiness", "s": "sadness", "a": "anger", "n": "neutral"}

    found = shown_at(script, *(second + 0.5 for second in range(9)))

    assert found == [{letters[letter]: 1} for letter in shown]


def test_emotions_that_meet_change_softly_however_their_times_round():
    timeline = parse_script("[0.3 happiness for 0.6] [0.9 sadness]").timeline()

    assert len(timeline.keys) == 3
    assert timeline.curve(50).diff(dim=0).abs().max() < 0.25


def test_comments_alone_show_nothing():
    assert shown_at("# [1 happy]", 0, 5) == [{"none": 1}, {"none": 1}]


@pytest.mark.parametrize(
    "script",
    ["[1 look at 0.3,5]", "[1.5,2 smile]", "[1 smile 0.8,0.2]"],
)
def test_two_numbers_with_a_comma_between_are_not_taken_for_one(script):
    with pytest.raises(ValueError, match="line 1") as caught:
        parse_script(script)

    assert "with a point" not in str(caught.value)


@pytest.mark.parametrize("written", ["1 time", "1 times", "once"])
def test_once_can_be_written_in_several_ways(written):
    assert parse_script(f"[1 nod {written}]").events[0].arguments == (7.0, 1)


def test_an_emotion_at_the_beginning_is_there_from_the_first_frame():
    amounts = parse_script("[0 anger]").timeline().curve(5)

    assert (amounts[:, EMOTIONS.index("anger")] == 1).all()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("", "is empty"),
        ("1 nod", r"line 1, column 1: expected an action in brackets, got '1'"),
        (
            "[1 nod]\n[2 smlie]",
            r"line 2, column 4: unknown word 'smlie' \(did you mean 'smile'\?\)\. Use one of: sm",
        ),
        ("[62 f]", r"line 1, column 6: unknown word '\]'"),
        ("[2.5 h]", r"line 1, column 6: unknown word 'h'"),
        ("[1 no]", r"line 1, column 4: unknown word 'no' \(did you mean 'nod'\?\)"),
        ("[1 look lefft]", r"column 9: 'look' can't be followed by 'lefft' \(did you mean 'left'"),
        ("[1 smile 0,6]", r"column 11: expected '\]', got ','.*\. Write 0\.6 with a point\.$"),
        ("[2,5 smile]", r"line 1, column 3: unknown word ','.*\. Write 2\.5 with a point\.$"),
        ("[00:01 smile]", r"column 2: the time is written as 00:01. Write seconds: 1\.$"),
        ("[1 smile and nod]", r"got 'and'\. Write one action per pair"),
        ("[1 nod 0 times]", r"line 1, column 8: the number of times is 0. Use a number from 1 to"),
        ("[1 ]", r"line 1, column 4: unknown word '\]'"),
        ("[nod]", r"line 1, column 2: expected a time, got 'nod'"),
        ("[1 look]", r"line 1, column 8: 'look' can't be followed by '\]'. Use one of: look left"),
        ("[1 look at 0.5]", r"line 1, column 15: expected y, got '\]'"),
        ("[1 look at 0.5 2]", r"line 1, column 16: y is 2\. Use a number from -1 to 1"),
        ("[1 smile 7]", r"line 1, column 10: the amount is 7"),
        ("[1 turn left 90]", r"line 1, column 14: the angle is 90"),
        ("[1 nod for 61]", r"line 1, column 12: the duration is 61"),
        ("[1 smile 1 2]", r"line 1, column 12: expected '\]', got '2'"),
        ("[1 smile forever]", r"line 1, column 10: expected 'for' or '\]', got 'forever'"),
        ("[1 smile\n]", r"line 1, column 9: expected '\]', got the end of the line"),
        ("[1 smile", r"line 1, column 9: expected '\]', got the end of the text"),
    ],
)
def test_mistakes_are_named_with_line_and_column(script, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_script(script)

    assert "\n" not in str(caught.value)
