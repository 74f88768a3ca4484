"""What `bench conversation` calls silent, and when it sees lips change over."""

import numpy as np
import pytest
import torch

from moda_core.bundles.scene.cast import Cast
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import EXPRESSION, Motion
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.bench_conversation import change_over, silent_frames
from tests.two_people import two_speakers


def mouth_open(frames) -> Motion:
    """Return nine seconds of motion with an open mouth in some frames."""
    controls = torch.zeros(225, len(CONTROLS))
    controls[frames, 0] = 0.5
    values = torch.zeros(225, 70)
    values[:, EXPRESSION] = rest_expression() + compose(controls)
    return Motion(values, rest_expression())


@pytest.mark.parametrize(
    ("stop", "start", "expected"), [(80, 80, 0.0), (85, 80, 0.2), (80, 72, 0.32)]
)
def test_lips_change_over_when_the_later_of_both_does(stop, start, expected):
    motions = mouth_open(slice(0, stop)), mouth_open(slice(start, None))
    cast: Cast = two_speakers(WarpRenderer(), motions)

    assert change_over(cast) == pytest.approx(expected, abs=1e-6)


def test_a_tenth_of_a_second_beside_speech_is_not_silent():
    quiet = silent_frames("Ben", 9.7, 242)

    assert np.flatnonzero(np.diff(quiet.astype(int))).tolist() == [77, 177]
