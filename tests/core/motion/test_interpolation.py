"""Motion between its frames."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline

from moda_core.motion.interpolation import sample_cubic, sample_linear

from ..editing.direct_cases import random_motion


def test_cubic_curves_are_hermites_with_central_slopes():
    values = random_motion(30).values.double()
    position = torch.rand(200, generator=torch.Generator().manual_seed(0)).double() * 29

    sampled = sample_cubic(values, position)

    slopes = np.gradient(values.numpy(), axis=0)
    slopes[[0, -1]] /= 2  # a held neighbour at the ends
    expected = CubicHermiteSpline(np.arange(30), values.numpy(), slopes)(position.numpy())
    np.testing.assert_allclose(sampled, expected, atol=1e-10)


@pytest.mark.parametrize("sample", [sample_linear, sample_cubic])
def test_frames_themselves_come_back_bit_for_bit(sample):
    values = random_motion(30).values

    sampled = sample(values, torch.arange(40).double())

    assert torch.equal(sampled[:30], values)
    assert torch.equal(sampled[30:], values[-1:].expand(10, 70))
