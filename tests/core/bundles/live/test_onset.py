"""Where speech begins in what arrives."""

import numpy as np
import pytest
import torch

from moda_core.bundles.live.onset import QUIET_FRAMES, SpeechOnset


def begun(onset, levels, ahead=2):
    """Return the frames with which speech begins, as they are heard one by one."""
    features, frames = torch.tensor(levels)[:, None, None].expand(-1, 4, 64) * 2, []
    for frame in range(len(levels) - ahead):
        if onset.is_beginning:
            frames.append(frame)
        onset.hear(features[frame : frame + 1 + ahead], 1)
    return frames


def spoken(begins, level=0.7, quiet=0.0, count=40):
    return [quiet] * begins + [level] * (count - begins)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_it_begins_with_the_first_loud_frames(frames):
    assert begun(SpeechOnset(frames), spoken(14)) == list(range(14, 14 + frames))


def test_never_is_never():
    assert begun(SpeechOnset(0), spoken(20)) == []


def test_steady_noise_is_no_beginning_but_a_word_in_it_is():
    frames = begun(SpeechOnset(2), spoken(20, 1.0, quiet=0.5))

    assert [frame for frame in frames if frame > QUIET_FRAMES] == [20, 21]


@pytest.mark.parametrize(("gap", "expected"), [(QUIET_FRAMES - 1, 0), (QUIET_FRAMES, 2)])
def test_only_pauses_are_followed_by_a_beginning(gap, expected):
    levels = np.full(60, 0.7)
    levels[30 : 30 + gap] = 0.0

    frames = begun(SpeechOnset(2), levels.tolist())

    assert len([frame for frame in frames if frame > QUIET_FRAMES]) == expected


def test_windows_of_several_frames_hear_the_same():
    features = torch.tensor(spoken(13))[:, None, None].expand(-1, 4, 64) * 2
    single, double = SpeechOnset(2), SpeechOnset(2)

    for frame in range(0, 14, 2):
        double.hear(features[frame : frame + 4], 2)
        single.hear(features[frame : frame + 3], 1)
        single.hear(features[frame + 1 : frame + 4], 1)
        assert double.is_beginning == single.is_beginning == (frame >= 12)


def test_the_next_frame_is_forgotten_with_what_was_heard_ahead():
    onset = SpeechOnset(2)
    begun(onset, spoken(12, count=14))
    before = onset.is_beginning

    onset.forget_ahead()

    assert (before, onset.is_beginning) == (True, False)


def test_a_copy_goes_its_own_way():
    onset = SpeechOnset(2)
    begun(onset, [0.0] * 8)

    other = onset.copy()
    begun(other, spoken(1, count=3))

    assert (onset.is_beginning, other.is_beginning) == (False, True)
