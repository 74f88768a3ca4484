"""Emotion timelines: what is written, what is shown when, and what is said about mistakes."""

import math

import pytest
import torch

from moda_core.emotion.labels import EMOTIONS
from moda_core.emotion.timeline import EmotionKey, EmotionTimeline, parse_timeline
from moda_core.emotion.words import SYNONYMS, find_emotion


def amount(curve, label):
    return curve[:, EMOTIONS.index(label)]


def written(text, fps=25.0):
    """What a timeline says: for each key its time, its emotions and its intensity."""
    return [
        (
            key.time_s,
            {EMOTIONS[i]: round(w, 4) for i, w in enumerate(key.weights.tolist()) if w > 0},
            pytest.approx(key.intensity),
        )
        for key in parse_timeline(text, fps).keys
    ]


@pytest.mark.parametrize(
    "text",
    [
        "0.0 neutral, 2.5 happiness 0.8, 4.0 surprise",
        "0 Neutral; 2.5s HAPPY .8\n4 surprised",
        "# a comment, 1 anger\n 0 neu,\n\n2.5 happ 8e-1 # more\n ; 4. sur 1,",
        "0f neutral, 62.5f joy 0.8, 100f SURP",
        "0 s neutral, 62.5 frames hap 0.8, 4 sec surprise.",
        "0 seconds neutral, 2.5 happy 0.8, 4 sur 1. # the end\n",
    ],
)
def test_ways_to_write_one_timeline(text):
    assert written(text) == [
        (0.0, {"neutral": 1}, 1.0),
        (2.5, {"happiness": 1}, 0.8),
        (4.0, {"surprise": 1}, 1.0),
    ]


@pytest.mark.parametrize(
    ("blend", "weights", "intensity"),
    [
        ("happiness 0.6 + surprise 0.4", {"happiness": 0.6, "surprise": 0.4}, 1.0),
        ("happiness 0.6 + surprise", {"happiness": 0.6, "surprise": 0.4}, 1.0),
        ("sad+fear", {"fear": 0.5, "sadness": 0.5}, 1.0),
        ("sad 0.3 + fear 0.1", {"fear": 0.25, "sadness": 0.75}, 0.4),
        ("sad 1 + fear 0.6", {"fear": 0.375, "sadness": 0.625}, 1.6),
        ("sad 0", {"sadness": 1}, 0.0),
        ("sad 0.2 + sad 0.3", {"sadness": 1}, 0.5),
    ],
)
def test_a_blend_has_weights_by_share_and_the_sum_as_its_intensity(blend, weights, intensity):
    assert written(f"0 {blend}") == [(0.0, weights, intensity)]


def test_frames_count_at_the_given_rate():
    assert written("15f fear", fps=30.0)[1][0] == 0.5


@pytest.mark.parametrize("name", [*EMOTIONS, *SYNONYMS])
def test_a_word_may_be_shortened_to_three_letters(name):
    label = SYNONYMS.get(name, name)

    assert find_emotion(name[:2]) is None
    assert all(find_emotion(name[:length].upper()) for length in range(3, len(name)))
    assert name in SYNONYMS or find_emotion(name[:3]) == label
    assert find_emotion(name) == label


def test_before_an_emotion_that_comes_later_there_is_none():
    amounts = parse_timeline("2.5 happiness").curve(100)

    expected = parse_timeline("0 none, 2.5 happiness").curve(100)
    assert torch.equal(amounts, expected)
    assert not amount(amounts, "happiness")[:57].any()


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("0 happiness 0, 1 sadness 2", 0.0, 2.0), ("0 sadness 2, 1 happiness 0", 2.0, 0.0)],
)
def test_an_emotion_of_no_strength_never_shows(text, before, after):
    amounts = parse_timeline(text).curve(50)

    sadness = amount(amounts, "sadness")
    assert not amount(amounts, "happiness").any()
    assert sadness[[0, 25, 49]].tolist() == pytest.approx([before, 1.0, after])
    assert (sadness.diff().sign() != (before - after)).all()  # there and never back


def test_nothing_but_comments_is_no_emotion():
    assert written(" \n # 1 sad\n") == [(0.0, {"none": 1}, 1.0)]


@pytest.mark.parametrize("fps", [10.0, 25.0, 30.0, 60.0])
def test_at_the_asked_time_the_mix_is_half_and_half(fps):
    timeline = parse_timeline("0 neutral, 2 happiness 0.5, 4 surprise")

    amounts = timeline.curve(int(6 * fps), fps)

    half = int(2 * fps)
    assert amount(amounts, "neutral")[half] == pytest.approx(0.5 * 1)
    assert amount(amounts, "happiness")[half] == pytest.approx(0.5 * 0.5)
    assert amount(amounts, "surprise")[int(4 * fps)] == pytest.approx(0.5 * 1)


def test_a_transition_is_a_smooth_step_of_its_length():
    timeline = parse_timeline("0 neutral, 2 anger")

    anger = amount(timeline.curve(100, 25.0, transition_s=0.8), "anger")

    for frame, value in enumerate(anger.tolist()):
        s = min(1.0, max(0.0, (frame / 25 - 1.6) / 0.8))
        assert value == pytest.approx(0.5 - 0.5 * math.cos(math.pi * s), abs=0.012)
    assert anger[40] == 0
    assert anger[60] == 1
    assert 0 < anger[41] < 0.01


def test_before_the_first_key_and_after_the_last_nothing_changes():
    keys = parse_timeline("1 fear 0.5, 2 anger 1.5").keys[1:]

    amounts = EmotionTimeline(keys).curve(100)

    assert (amount(amounts, "fear")[:40] == 0.5).all()
    assert (amount(amounts, "anger")[60:] == 1.5).all()
    assert (amounts[60:].sum(dim=1) == 1.5).all()


def test_keys_that_are_near_each_other_are_both_reached():
    timeline = parse_timeline("0 neutral, 1 anger, 1.2 fear")

    amounts = timeline.curve(200, 100.0)

    assert amount(amounts, "anger")[110] == pytest.approx(1.0)
    assert amount(amounts, "anger")[100] == pytest.approx(0.5)
    assert amount(amounts, "fear")[120] == pytest.approx(0.5)


def test_of_several_emotions_at_one_time_the_last_counts():
    shown = parse_timeline("0 neutral, 1 anger, 1 fear").curve(50)

    expected = parse_timeline("0 neutral, 1 fear").curve(50)
    assert torch.equal(shown, expected)


def test_without_a_transition_the_emotion_changes_at_its_frame():
    anger = amount(parse_timeline("0 neutral, 1 anger").curve(30, 25.0, 0.0), "anger")

    assert anger.tolist() == [0.0] * 25 + [1.0] * 5


def test_many_emotions_have_amounts_within_their_range():
    text = ", ".join(f"{0.07 * i:.2f} {EMOTIONS[i % 9]} {i % 3}" for i in range(2000))

    amounts = parse_timeline(text).curve(15_000, 25.0)

    assert amounts.shape == (15_000, 9)
    assert amounts.min() >= 0
    assert amounts.sum(dim=1).max() <= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 neutral,\n2.5 hapy", r"line 2, column 5: unknown emotion 'hapy' \(did you mean"),
        ("0 xyz", r"line 1, column 3: unknown emotion 'xyz'\. Use one of: anger"),
        ("0 n", r"line 1, column 3: unknown emotion 'n'"),
        ("62 f", r"line 1, column 5: expected an emotion"),
        ("2,5 sad", r"column 2: expected an emotion, got ','.*\. Write 2\.5 with a point\.$"),
        ("0 sad 0,8", r"column 10: expected an emotion.*\. Write 0\.8 with a point\.$"),
        ("01:15 sad", r"column 1: the time is written as 01:15\. Write seconds: 75\.$"),
        ("0 sad. 1 joy", r"column 6: expected a comma or the end of the line, got '\.'"),
        ("2 sad, 1 joy", r"line 1, column 8: the time 1 s is before 2 s"),
        ("sad", r"line 1, column 1: expected a time, got 'sad'"),
        ("1", r"line 1, column 2: expected an emotion, got the end of the text"),
        ("1 sad 2.5", r"line 1, column 7: the intensity is 2.5"),
        ("1 sad -1", r"line 1, column 7: the intensity is -1"),
        ("-1 sad", r"line 1, column 1: the time is -1 s"),
        ("1e999 sad", r"line 1, column 1: the time is inf s"),
        ("1m sad", r"line 1, column 2: unknown unit 'm'"),
        ("1 sad joy", r"line 1, column 7: expected a comma"),
        (
            "1 sad 0.5 for 2",
            r"column 11: .* got 'for'\. Write when it ends instead, as in 2\.0 none",
        ),
        ("-1 sad", r"Use a time from 0 to 1000000 s"),
        ("1 sad 1.5 + joy 0.6", r"line 1, column 3: the intensities of the blend sum to 2\.1"),
        ("", "is empty"),
        (" \n ", "is empty"),
    ],
)
def test_mistakes_are_named_with_line_and_column(text, message):
    with pytest.raises(ValueError, match=message):
        parse_timeline(text)


def test_a_timeline_needs_keys_in_order():
    key = parse_timeline("1 sad").keys[1]

    with pytest.raises(ValueError, match="has no key"):
        EmotionTimeline(())
    with pytest.raises(ValueError, match="Sort the keys"):
        EmotionTimeline((key, EmotionKey(0.5, key.weights)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 25.0), "at least one frame"),
        ((5, 0.0), "frame rate above 0"),
        ((5, math.nan), "frame rate above 0"),
        ((5, 25.0, -0.1), "transition is -0.1"),
    ],
)
def test_wrong_arguments_of_a_curve_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        parse_timeline("1 sad").curve(*arguments)
