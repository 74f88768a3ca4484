"""Which frame of a clip is shown when."""

import logging
from fractions import Fraction

import numpy as np
import pytest
import torch

from moda_core.clip.clip_time import clip_timeline, frames_of_clip, note_lengths
from moda_core.motion.motion import Motion
from moda_core.video.image_sequence import ImageSequence


def clip(count=5, rate=10):
    return ImageSequence(lambda index: torch.zeros(2, 2, 3).byte(), count, Fraction(rate))


def motion(count, fps=10.0):
    return Motion(torch.zeros(count, 70), torch.zeros(63), fps)


@pytest.mark.parametrize(
    ("after_end", "expected"),
    [
        ("loop", [0, 1, 2, 3, 4, 4, 4, 3, 2, 1, 0, 1]),
        ("hold", [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4]),
        ("cut", [0, 1, 2, 3, 4]),
    ],
)
def test_a_longer_motion_loops_holds_or_is_cut(after_end, expected):
    shown = frames_of_clip(clip(), clip().times, motion(12), after_end)

    assert shown.tolist() == expected


def test_frames_are_those_shown_at_the_times_of_the_motion():
    shown = frames_of_clip(clip(4, 30), clip(4, 30).times, motion(4, 25.0), "hold")

    assert shown.tolist() == [0, 1, 2, 3]
    assert frames_of_clip(clip(4, 5), clip(4, 5).times, motion(6, 25.0), "hold").tolist() == [
        *([0] * 5),
        1,
    ]


@pytest.mark.parametrize(
    ("after_end", "duration_s", "expected"),
    [
        ("loop", 0.3, [0, 1, 2]),
        ("loop", 0.5, [0, 1, 2, 3, 4]),
        ("loop", 1.2, [0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 1]),
        ("hold", 0.7, [0, 1, 2, 3, 4, 4, 4]),
        ("cut", 0.7, [0, 1, 2, 3, 4]),
        ("cut", 0.01, [0]),
    ],
)
def test_a_timeline_has_the_clips_frames_up_to_a_length(after_end, duration_s, expected):
    order, starts = clip_timeline(clip(), clip().times, duration_s, after_end)

    assert order.tolist() == expected
    assert starts == pytest.approx(np.arange(len(expected) + 1) / 10)


def test_a_timeline_keeps_the_lengths_of_uneven_frames():
    times = np.array([0.0, 0.1, 0.15, 0.45])

    order, starts = clip_timeline(clip(), times, 0.9, "loop")

    assert order.tolist() == [0, 1, 2, 3, 3, 2, 1]
    assert np.diff(starts) == pytest.approx([0.1, 0.05, 0.3, 0.05, 0.05, 0.3, 0.05])


@pytest.mark.parametrize("count", [5, 3, 9])
def test_other_lengths_are_told(caplog, count):
    with caplog.at_level(logging.WARNING):
        note_lengths(clip(), motion(count), "hold")

    assert (f"{count / 10:.2f} s" in caplog.text) == (count != 5)


def test_unknown_ends_are_refused():
    with pytest.raises(ValueError, match="bounce"):
        frames_of_clip(clip(), clip().times, motion(3), "bounce")
