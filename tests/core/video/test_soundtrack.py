"""The length of a video: that of its motion, or of the sound that belongs to it."""

import pytest
import torch

from moda_core.motion.motion import Motion
from moda_core.video.soundtrack import num_video_frames


def motion_of(num_frames, fps):
    return Motion(torch.zeros(num_frames, 70), torch.zeros(63), fps)


@pytest.mark.parametrize(("fps", "expected"), [(25, 100), (24, 96), (30, 120), (60, 240)])
def test_without_sound_a_video_lasts_as_long_as_its_motion(fps, expected):
    assert num_video_frames(motion_of(100, 25), None, fps) == expected


@pytest.mark.parametrize("sound_s", [3.97, 4.0, 4.03])
def test_sound_within_a_frame_of_the_motion_sets_the_length(sound_s):
    assert num_video_frames(motion_of(100, 25), sound_s, 100) == round(100 * sound_s)


@pytest.mark.parametrize("sound_s", [0.5, 3.9, 4.1, 60.0])
def test_other_sound_leaves_the_length_to_the_motion(sound_s):
    assert num_video_frames(motion_of(100, 25), sound_s, 100) == 400
