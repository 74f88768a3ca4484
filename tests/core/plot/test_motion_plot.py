"""Pictures of a motion over time."""

from itertools import combinations

import numpy as np
import pytest
import torch

from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import Motion
from moda_core.plot import motion_plot
from moda_core.plot.motion_plot import plot_motion, preview_motion
from moda_core.plot.panels import PANEL
from moda_core.plot.ticks import nice_step, time_label, time_ticks, value_ticks

SIZES = [(1024, 640), (512, 320)]
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))


def motion(num_frames=100, rest=None, **controls):
    """Return a motion at rest but for controls, each a value or a tensor (num_frames,)."""
    rest = torch.zeros(63) if rest is None else rest
    table = torch.zeros(num_frames, len(CONTROLS))
    for name, value in controls.items():
        table[:, CONTROLS.index(name)] = value
    values = torch.zeros(num_frames, 70)
    values[:, :63] = rest + compose(table)
    return Motion(values, rest)


def at(frame, num_frames=100):
    pulse = torch.zeros(num_frames)
    pulse[frame] = 1
    return pulse


def panel_columns(picture):
    """Return the first and the last column of the panels."""
    inside = (picture == torch.tensor(PANEL)).all(2).sum(0) > 20
    columns = inside.nonzero().flatten()
    return int(columns[0]), int(columns[-1])


def has(picture, colour):
    """Return whether more pixels have a colour than blended edges would."""
    return int((picture == torch.tensor(colour)).all(2).sum()) > 20


def lab(colour, sight):
    """Return a colour in CIE Lab as somebody sees it."""
    rgb = np.array(colour) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(sight) @ linear, 0, 1)
    x, y, z = np.cbrt(np.array(XYZ) @ seen / (0.9505, 1, 1.089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("num_frames", [1, 2, 200])
def test_a_clip_of_any_length_gives_a_picture_of_the_size(size, num_frames):
    sound = torch.rand(1, 16000)

    picture = plot_motion(motion(num_frames), (sound, 16000), size)

    assert tuple(picture.shape) == (size[1], size[0], 3)
    assert picture.dtype == torch.uint8


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("control", "frame"), [("blink_left", 25), ("jaw", 50), ("brow", 80)])
def test_a_movement_is_drawn_at_its_time(size, control, frame):
    still = plot_motion(motion(smile=0.2), size=size)

    moved = plot_motion(motion(smile=0.2, **{control: at(frame)}), size=size)

    left, right = panel_columns(still)
    differs = (still.int() - moved.int()).abs().sum(2)[:, left : right + 1].sum(0) > 0
    if control == "blink_left":  # alone leaves the axes as they are
        columns = differs.nonzero().flatten().float()
        assert columns.mean() / (right - left) == pytest.approx(frame / 100, abs=0.01)
    assert differs[round(frame / 100 * (right - left))]


def test_only_the_movement_from_rest_counts():
    controls = {"jaw": torch.linspace(0, 1, 100), "smile": 0.5}
    rest = 0.1 * torch.arange(63) / 63

    from_zero, from_rest = (motion(rest=start, **controls) for start in (None, rest))
    wrong = Motion(from_rest.values, torch.zeros(63))

    expected = plot_motion(from_zero).int()
    shifted, confused = (
        float((plot_motion(other).int() - expected).abs().float().mean())
        for other in (from_rest, wrong)
    )
    assert shifted < 0.2 < 2 < confused  # lines may round to the next third of a pixel


def test_a_blink_of_one_frame_is_seen_in_ten_minutes():
    num_frames = 15000

    still, blinked = (
        plot_motion(motion(num_frames, blink_left=pulse))
        for pulse in (torch.zeros(num_frames), at(7500, num_frames))
    )

    left, right = panel_columns(still)
    differs = (still.int() - blinked.int()).abs().amax(2)
    column = (left + right) // 2
    assert (differs[:, column - 3 : column + 4].amax(1) > 30).sum() > 40  # rows of the panel
    assert differs[:, : column - 10].max() < 10


@pytest.mark.parametrize(
    ("control", "colour", "other"),
    [
        ("worry", motion_plot.GREEN, motion_plot.VIOLET),
        ("skew", motion_plot.VIOLET, motion_plot.GREEN),
    ],
)
def test_of_the_emotion_the_controls_that_move_most_are_shown(control, colour, other):
    picture = plot_motion(motion(**{control: 0.8}))

    assert has(picture, colour)
    assert not has(picture, other)


def test_the_gaze_is_drawn_to_either_side():
    rows = []
    for side in (-0.4, 0.4):
        gaze = plot_motion(motion(gaze=side * (at(50) + at(51) + at(52))))
        white = (gaze == torch.tensor(motion_plot.WHITE)).all(2)  # (640, 1024)
        eyes = white[335:435, 500:560]
        rows.append(float(eyes.nonzero()[:, 0].float().mean()))

    assert rows[0] > rows[1] + 20


def test_without_a_sound_no_level_is_drawn():
    sound = (torch.ones(64000), 16000)

    silent, loud = (plot_motion(motion(), audio) for audio in (None, sound))

    assert has(loud, motion_plot.GREY)
    assert not has(silent, motion_plot.GREY)


def test_values_that_are_no_numbers_count_as_zero():
    broken = motion()
    broken.values[3] = float("nan")
    broken.values[4, 68] = float("inf")

    picture = plot_motion(broken, (torch.full((64000,), float("nan")), 16000))

    assert torch.equal(picture, plot_motion(motion(), (torch.zeros(64000), 16000)))


def test_the_motion_stays_as_it_was():
    moving = motion(jaw=0.5)
    before = moving.values.clone()

    plot_motion(moving)

    assert torch.equal(moving.values, before)


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_of_a_panel_differ_for_colour_blind_people(sight):
    emotional = [colour for *_, colour in motion_plot.EMOTIONAL]
    pose = [colour for *_, colour in motion_plot.POSE]

    for group in (emotional, pose, [motion_plot.GREY, motion_plot.ORANGE]):
        for first, second in combinations([*group, PANEL], 2):
            distance = np.linalg.norm(lab(first, SIGHTS[sight]) - lab(second, SIGHTS[sight]))
            assert distance > (20 if motion_plot.GREY not in (first, second) else 15)


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ((torch.zeros(1, 1, 100), 16000), r"\(1, 1, 100\) and 16000"),
        ((torch.zeros(100), 0), "and 0"),
    ],
)
def test_unusable_sound_is_refused(audio, message):
    with pytest.raises(ValueError, match=message):
        plot_motion(motion(), audio)


def test_a_picture_too_small_to_be_read_is_refused():
    with pytest.raises(ValueError, match="got 512 x 63"):
        plot_motion(motion(), size=(512, 63))


@pytest.mark.parametrize("given_rest", [False, True])
def test_a_growing_motion_leaves_the_rest_empty(given_rest):
    grown = motion(60, jaw=torch.linspace(0, 1, 60).sin())
    rest = grown.rest if given_rest else None

    empty = preview_motion(grown.values[:0], 120)
    half = preview_motion(grown.values, 120, rest=rest)

    left, right = panel_columns(empty)
    middle = (left + right) // 2
    assert tuple(half.shape) == (192, 384, 3)
    assert has(half[:, left:middle], motion_plot.ORANGE)
    for top, bottom in ((25, 70), (115, 155)):  # inside the panels
        later = slice(top, bottom), slice(middle + 4, right)
        assert not (half[later] == torch.tensor(motion_plot.ORANGE)).all(2).any()
        assert (half[later].int().amax(2) < 110).all()


def test_a_growing_motion_without_rest_takes_its_least_opening_as_shut():
    jaw = torch.linspace(0, 0.5, 50)
    shifted = motion(50, rest=torch.full((63,), 0.05), jaw=jaw)

    guessed = preview_motion(shifted.values, 50)
    told = preview_motion(shifted.values, 50, rest=shifted.rest)

    assert (guessed.int() - told.int()).abs().float().mean() < 0.05


def test_more_frames_than_there_will_be_are_refused():
    with pytest.raises(ValueError, match=r"at most 5 frames.*\(6, 70\)"):
        preview_motion(torch.zeros(6, 70), 5)


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [(10, 10, 1), (10, 9, 2), (0.04, 8, 0.005), (1.1, 3, 0.5), (47, 3, 20)],
)
def test_steps_are_round_and_few_enough(span, most, step):
    assert nice_step(span, most) == pytest.approx(step)


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [(0, 1, 2, [0, 0.5, 1]), (-11.2, 8, 4, [-10, -5, 0, 5]), (-0.5, 1.6, 3, [0, 1])],
)
def test_values_with_labels_are_round_and_on_the_axis(low, high, most, ticks):
    assert value_ticks(low, high, most) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("duration_s", "labels"),
    [
        (0.04, ["0", "0.005", "0.01", "0.015", "0.02", "0.025", "0.03", "0.035", "0.04"]),
        (8, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]),
        (600, ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]),
        (5400, ["0:00:00", "0:15:00", "0:30:00", "0:45:00", "1:00:00", "1:15:00", "1:30:00"]),
    ],
)
def test_times_are_written_as_is_usual_for_their_length(duration_s, labels):
    ticks = time_ticks(duration_s, 8)

    assert [time_label(tick, duration_s) for tick in ticks] == labels
