"""Blinks that are counted, added and removed."""

import numpy as np
import pytest

from moda_core.editing.style.lids import BORDER_S, Lids, crowded, gaps
from moda_core.motion.liveliness import SHORTEST_INTERVAL_S

from .direct_cases import acted_motion
from .test_style import blinking

FRAMES = 500


def lids_of(*frames, level=0.0, num_frames=FRAMES):
    shown = level + (1 - level) * blinking(num_frames, *frames)
    return Lids.of(acted_motion(num_frames, blink_left=shown, blink_right=shown))


@pytest.mark.parametrize("level", [-0.6, 0.0, 0.4])
def test_blinks_are_found_however_wide_the_eyes_are_open(level):
    lids = lids_of(50, 200, 210, level=level)

    assert [(blink.start + blink.stop) // 2 for blink in lids.blinks] == [50, 200, 210]
    assert np.allclose(lids.open, level, atol=1e-5)


def test_half_a_blink_and_long_shut_eyes_are_no_blinks():
    shown = np.zeros(FRAMES)
    shown[100:104], shown[250:400] = 0.4, 1.0

    lids = Lids.of(acted_motion(FRAMES, blink_left=_tensor(shown), blink_right=_tensor(shown)))

    assert lids.blinks == []
    assert np.isfinite(lids.shown).all()


def _tensor(values):
    return acted_motion(1).values.new_tensor(values)


def test_the_parts_give_the_lids_again():
    lids = lids_of(50, 200, level=0.3)

    assert np.allclose(lids.shown[:, 0], 0.3 + 0.7 * blinking(FRAMES, 50, 200).numpy(), atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_removed_blinks_leave_the_others_and_the_open_lids(count):
    lids = lids_of(50, 200, 215)

    fewer = lids.with_blinks(count)

    assert len(fewer.blinks) == count
    assert set(map(str, fewer.blinks)) <= set(map(str, lids.blinks))
    for blink in lids.blinks:
        if blink not in fewer.blinks:
            assert np.abs(fewer.shown[blink]).max() < 1e-6
    for blink in fewer.blinks:
        assert np.array_equal(fewer.shown[blink], lids.shown[blink])


def test_of_crowded_blinks_one_goes_first():
    blinks = [slice(frame - 2, frame + 3) for frame in (50, 200, 215, 400)]

    assert crowded(blinks, 1)[0] in blinks[1:3]


@pytest.mark.parametrize("seed", range(5))
def test_added_blinks_are_whole_and_leave_the_others(seed):
    lids = lids_of(50, 200)

    more = lids.with_blinks(6, seed)

    assert len(more.blinks) == 6
    assert set(map(str, lids.blinks)) <= set(map(str, more.blinks))
    for blink in more.blinks:
        assert more.shown[blink].max() > 0.99
        assert 4 <= blink.stop - blink.start <= 8


@pytest.mark.parametrize("seed", range(5))
def test_added_blinks_keep_their_distance(seed):
    times_s = gaps([3.0, 11.0], 20.0, 100, seed)

    sorted_s = sorted([3.0, 11.0, *times_s])
    assert 8 <= len(times_s) < 20
    assert min(np.diff(sorted_s)) >= SHORTEST_INTERVAL_S
    assert sorted_s[0] >= BORDER_S
    assert sorted_s[-1] <= 20 - BORDER_S


def test_no_blink_is_added_where_there_is_no_room():
    lids = lids_of(num_frames=12)

    assert lids.with_blinks(3) is lids


def test_the_seed_draws_the_places():
    drawn = [gaps([], 20.0, 4, seed) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]
