"""Times at which the lips must close."""

import pytest
import torch

from moda_core.bundles.score.closures import Closure, closed_share, parse_closures
from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import Motion


def opening_motion(shut_frames, fps=25, num_frames=50):
    """Return motion whose lips are open but in some frames."""
    controls = torch.zeros(num_frames, len(CONTROLS))
    controls[:, CONTROLS.index("jaw")] = 0.5
    controls[shut_frames, CONTROLS.index("jaw")] = 0
    values = torch.zeros(num_frames, 70)
    values[:, :63] = compose(controls)
    return Motion(values, torch.zeros(63), fps)


@pytest.mark.parametrize(
    "line", ["p 1.2", "1.2 p", "p\t1.16\t1.24", "1.16,1.24,p", '"P"; 1.20', "  p   1.2  "]
)
def test_a_line_holds_a_phone_and_its_time_or_its_ends(line):
    [closure] = parse_closures(line)

    assert closure.phone == "p"
    assert closure.time_s == pytest.approx(1.2)


def test_other_phones_and_empty_lines_are_left_out():
    text = "p 0.1\n\na 0.2\nb 0.3\nsil 0.4\nm 0.5\n"

    assert [each.phone for each in parse_closures(text)] == ["p", "b", "m"]
    assert parse_closures("") == ()


@pytest.mark.parametrize("line", ["p", "1.2", "p b 1.2", "p 1 2 3", "p -1", "p 1.2.3"])
def test_a_line_of_another_form_is_named(line):
    with pytest.raises(ValueError, match=r"Line 2 .*p 1\.20"):
        parse_closures(f"m 1.0\n{line}")


def test_the_share_counts_lips_that_shut_within_two_frames():
    motion = opening_motion([10, 30])
    times = (0.4, 1.12, 1.32)  # frame 10; two frames before 30; three frames after it

    share = closed_share(motion, tuple(Closure("p", time_s) for time_s in times))

    assert share == pytest.approx(2 / 3)


def test_times_are_seconds_at_any_rate():
    motion = opening_motion(slice(60, 64), fps=60, num_frames=120)

    assert closed_share(motion, (Closure("m", 1.0),)) == 1
    assert closed_share(motion, (Closure("m", 0.5),)) == 0


def test_nothing_is_known_without_a_closure_inside_the_motion():
    motion = opening_motion([10])

    assert closed_share(motion, ()) is None
    assert closed_share(motion, (Closure("p", 2.0),)) is None
