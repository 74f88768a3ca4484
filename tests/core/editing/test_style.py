"""The style of a reference moved onto a motion."""

import numpy as np
import pytest
import torch

from moda_core.editing.fading import make_loop
from moda_core.editing.retiming import retime
from moda_core.editing.style.statistics import measure_style
from moda_core.editing.style.tempo import split
from moda_core.editing.style.transfer import (
    ANGLE_LIMITS_DEG,
    LARGEST_GAIN,
    PARTS,
    SURE_S,
    transfer_style,
)
from moda_core.motion.liveliness import random_walk
from moda_core.motion.motion import LIP_DIMS, PITCH, ROLL, YAW, Motion

from .direct_cases import acted_motion, control, random_motion

ANGLES = [PITCH.start, YAW.start, ROLL.start]
HEAD = [63, 64, 65, 67, 68, 69]
MINUTE = 1500


def wave(hertz, num_frames, fps=25, phase=0.0):
    """A sine and a slower one, so that no band of frequency is empty."""
    time_s = torch.arange(num_frames, dtype=torch.float64) / fps
    angle = 2 * np.pi * hertz * time_s + phase
    return (torch.sin(angle) + 0.5 * torch.sin(0.37 * angle + 1)).float()


def blinking(num_frames, *frames):
    """Lids that shut for five frames at each of some frames."""
    lids = torch.zeros(num_frames)
    for frame in frames:
        lids[frame - 2 : frame + 3] = torch.tensor([0.4, 0.9, 1.0, 0.8, 0.3])
    return lids


def speaker(num_frames=1000, fps=25, hertz=0.6, size=3.0, pose=(0.0, 0.0, 0.0), **controls):
    """A motion that nods, turns and talks, and blinks every eight seconds."""
    lids = blinking(num_frames, *range(round(4 * fps), num_frames - 20, round(8 * fps)))
    acted = {
        "jaw": 0.3 + 0.2 * wave(3.0, num_frames, fps),
        "brow": 0.2 * wave(0.8, num_frames, fps),
        "gaze": 0.1 * wave(0.5, num_frames, fps),
        "blink_left": lids,
        "blink_right": lids,
    }
    motion = acted_motion(num_frames, fps, **{**acted, **controls})
    for index, dim in enumerate(ANGLES):
        turn = size * wave(hertz, num_frames, fps, phase=float(index))
        motion.values[:, dim] = pose[index] + turn
        motion.values[:, 63 + index] += 0.002 * turn / size
    return motion


def blinks_of(motion):
    lids = (control(motion, "blink_left") + control(motion, "blink_right")) / 2
    shut = lids - lids.median() > 0.5 * (1 - lids.median())
    return int((shut[1:] & ~shut[:-1]).sum())


@pytest.fixture
def own():
    return speaker()


@pytest.fixture
def reference():
    lids = blinking(750, *range(40, 730, 70))
    return speaker(
        750,
        hertz=0.25,
        size=5.0,
        pose=(6.0, -10.0, 2.0),
        brow=0.5 + 0.1 * wave(0.8, 750),
        gaze=-0.2 + 0.2 * wave(0.5, 750),
        blink_left=0.2 + 0.8 * lids,
        blink_right=0.2 + 0.8 * lids,
    )


def test_mean_and_deviation_of_the_head_become_those_of_the_reference(own, reference):
    styled = transfer_style(own, reference).values.double()

    wanted = reference.values.double()
    unit = wanted[:, HEAD].std(0)
    assert ((styled[:, HEAD].mean(0) - wanted[:, HEAD].mean(0)) / unit).abs().max() < 1e-3
    assert (styled[:, HEAD].std(0) / unit - 1).abs().max() < 5e-3


@pytest.mark.parametrize("name", ["brow", "gaze"])
def test_mean_and_deviation_of_a_control_become_those_of_the_reference(own, reference, name):
    styled, wanted = (control(each, name) for each in (transfer_style(own, reference), reference))

    assert float(styled.mean()) == pytest.approx(float(wanted.mean()), abs=1e-3)
    assert float(styled.std()) == pytest.approx(float(wanted.std()), rel=5e-3)


def test_lids_open_as_wide_as_those_of_the_reference_and_blinks_still_shut_them(own, reference):
    lids = control(transfer_style(own, reference), "blink_left")

    assert float(lids.median()) == pytest.approx(0.2, abs=1e-3)
    assert float(lids.max()) == pytest.approx(1, abs=1e-2)


def test_the_lips_stay_bit_for_bit(own, reference):
    styled = transfer_style(own, reference)

    assert torch.equal(styled.values[:, LIP_DIMS], own.values[:, LIP_DIMS])
    assert torch.equal(control(styled, "jaw"), control(own, "jaw"))


def test_the_number_of_blinks_becomes_that_of_the_reference(own, reference):
    styled = transfer_style(own, reference)

    rate = blinks_of(reference) / len(reference)
    assert blinks_of(own) / len(own) < 0.6 * rate
    assert blinks_of(styled) == pytest.approx(rate * len(own), abs=1)


def test_blinks_are_removed_for_a_reference_that_seldom_blinks(own):
    seldom = speaker(MINUTE, blink_left=blinking(MINUTE, 700), blink_right=blinking(MINUTE, 700))

    assert blinks_of(transfer_style(own, seldom)) == 1 < blinks_of(own)


def walking(seed, speed=1.0, num_frames=1000):
    """A motion whose head walks at random, at a speed."""
    motion = speaker(num_frames)
    for index, dim in enumerate(ANGLES):
        walk = random_walk(np.random.default_rng([seed, index]), int(speed * num_frames) + 2, 1.2)
        played = np.interp(speed * np.arange(num_frames), np.arange(len(walk)), walk)
        motion.values[:, dim] = 3 * torch.from_numpy(played).float()
    return motion


def frequency(motion):
    """The frequency of a sine that would be as fast as the angles for their size, in Hz."""
    angles = motion.values[:, ANGLES].double()
    speed = angles.diff(dim=0).square().sum().sqrt() * motion.fps
    return float(speed / (angles - angles.mean(0)).square().sum().sqrt() / (2 * np.pi))


@pytest.mark.parametrize("speed", [0.3, 0.5, 2.0, 3.0])
def test_the_head_moves_as_fast_as_that_of_the_reference(speed):
    own, reference = walking(0), walking(1, speed)

    styled = transfer_style(own, reference)

    before, after = (abs(np.log2(frequency(m) / frequency(reference))) for m in (own, styled))
    assert after < before / 2


def test_the_rhythm_alone_changes_neither_pose_nor_spread(own, reference):
    parts = dict.fromkeys(PARTS, 0.0) | {"rhythm": 1.0}

    styled = transfer_style(own, reference, parts=parts).values[:, ANGLES].double()

    kept = own.values[:, ANGLES].double()
    assert (styled - kept).abs().max() > 0.3
    assert (styled.mean(0) - kept.mean(0)).abs().max() < 1e-4
    assert (styled.std(0) / kept.std(0) - 1).abs().max() < 1e-4


def test_movement_keeps_its_direction_and_its_time(own, reference):
    styled = transfer_style(own, reference, parts={"rhythm": 0.0})

    for dim in HEAD:
        curves = np.stack([each.values[:, dim].double() for each in (own, styled)])
        assert np.corrcoef(curves)[0, 1] > 0.999


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_changes_only_what_belongs_to_it(own, reference, part):
    parts = {name: float(name == part) for name in PARTS}

    styled = transfer_style(own, reference, parts=parts)

    changed = {
        name
        for name in ("brow", "gaze", "blink_left")
        if (control(styled, name) - control(own, name)).abs().max() > 1e-4
    }
    head_moved = not torch.equal(styled.values[:, 63:], own.values[:, 63:])
    expected = {"brows": {"brow"}, "eyes": {"gaze", "blink_left"}, "blinks": {"blink_left"}}
    assert changed == expected.get(part, set())
    assert head_moved == (part in ("head", "rhythm"))


def test_half_the_strength_goes_half_the_way(own, reference):
    half = transfer_style(own, reference, 0.5)

    means = [each.values[:, YAW.start].mean() for each in (own, half, reference)]
    assert float(means[1]) == pytest.approx(float(means[0] + means[2]) / 2, abs=1e-3)


@pytest.mark.parametrize("num_frames", [1, 2, 9, 60])
def test_a_short_reference_gives_its_pose_and_little_else(own, reference, num_frames):
    short = Motion(reference.values[:num_frames], reference.rest)

    styled = transfer_style(own, short)

    share = min(1, num_frames / 25 / SURE_S)
    stds = [float(each.values[:, YAW.start].std(correction=0)) for each in (own, styled, short)]
    assert styled.values.isfinite().all()
    assert float(styled.values[:, YAW.start].mean()) == pytest.approx(
        float(short.values[:, YAW.start].mean()), abs=1e-2
    )
    assert stds[1] == pytest.approx(stds[0] + share * (stds[2] - stds[0]), rel=1e-2)


def test_a_still_reference_stills_the_head_and_the_blinks(own):
    still = acted_motion(1000, brow=0.3)

    styled = transfer_style(own, still)

    assert styled.values.isfinite().all()
    assert styled.values[:, ANGLES].std(0).max() < 1e-4
    assert blinks_of(styled) == 0
    assert float(control(styled, "brow").mean()) == pytest.approx(0.3, abs=1e-4)


def test_a_still_motion_takes_the_pose_and_the_blinks_and_no_noise_is_enlarged(reference):
    still = acted_motion(1000)
    still.values[:, YAW] += 0.01 * torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))

    styled = transfer_style(still, reference)

    yaw = styled.values[:, YAW.start]
    assert float(yaw.mean()) == pytest.approx(
        float(reference.values[:, YAW.start].mean()), abs=1e-2
    )
    assert yaw.std() <= 1.01 * LARGEST_GAIN * still.values[:, YAW].std()
    assert blinks_of(styled) > 5


def test_the_head_stays_within_what_a_head_does():
    own = speaker(size=10.0)
    own.values[500:520, YAW] += 20.0  # a rare glance aside, far from the mean
    wild = speaker(size=30.0)

    yaw = transfer_style(own, wild).values[:, YAW.start].abs().max()
    widest = max(wild.values[:, YAW.start].abs().max(), own.values[:, YAW.start].abs().max())

    assert widest > 30
    assert yaw < max(ANGLE_LIMITS_DEG[1], widest / 0.7)


def test_angles_that_neither_motion_shows_are_held_back():
    own, reference = speaker(size=2.0), speaker(size=11.0)
    own.values[500:505, YAW] += 14.0

    wide = transfer_style(own, reference).values[:, YAW.start].abs().max()

    gain = float(reference.values[:, YAW.start].std() / own.values[:, YAW.start].std())
    unbounded = gain * float(own.values[:, YAW.start].abs().max())
    assert unbounded > 1.2 * ANGLE_LIMITS_DEG[1]
    assert wide < ANGLE_LIMITS_DEG[1]


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_the_rate_of_the_reference_does_not_matter(own, reference, fps):
    same = transfer_style(own, reference).values[:, ANGLES]
    other = transfer_style(own, retime(reference, fps=fps)).values[:, ANGLES]

    spread = same.std(0)
    assert ((same.mean(0) - other.mean(0)) / spread).abs().max() < 0.02
    assert ((same - other) / spread).abs().max() < 0.2


def test_a_loop_stays_a_loop(reference):
    loop = make_loop(speaker(1000))
    step = loop.values[:, ANGLES].diff(dim=0).abs().max(0).values

    styled = transfer_style(loop, reference).values[:, ANGLES]

    gain = reference.values[:, ANGLES].std(0) / loop.values[:, ANGLES].std(0)
    assert ((styled[0] - styled[-1]).abs() <= 1.5 * gain * step).all()


@pytest.mark.parametrize("num_frames", [1, 2, 7, 300])
def test_bands_of_movement_add_up_to_it(num_frames):
    curves = random_motion(num_frames).values[:, ANGLES].double().numpy()

    assert np.allclose(split(curves, 25).sum(0), curves, atol=1e-9)


def test_a_slow_and_a_fast_movement_lie_in_different_bands():
    slow, fast = (wave(hertz, MINUTE).numpy()[:, None] for hertz in (0.1, 3.0))

    shares = [split(curve, 25).std(1)[:, 0] / curve.std() for curve in (slow, fast)]

    assert shares[0][-2:].max() > 0.6 > 0.1 > shares[0][:2].max()
    assert shares[1][0] > 0.6


def test_measured_blinks_are_those_that_were_made():
    style = measure_style(speaker(MINUTE))

    assert style.blinks_per_minute == pytest.approx(len(range(100, MINUTE - 20, 200)))


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"strength": 1.5}, "strength.*1.5"),
        ({"parts": {"mouth": 1.0}}, "mouth.*head"),
        ({"parts": {"head": -1}}, "head.*-1"),
        ({"seed": -1}, "seed.*-1"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(own, reference, inputs, named):
    with pytest.raises(ValueError, match=named):
        transfer_style(own, reference, **inputs)
