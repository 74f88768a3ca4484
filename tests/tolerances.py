"""Tolerances in the unit of what is compared, from a model of rounding.

float32 keeps 24 bits, so that an operation moves its result by at most 2^-24 of it. A result that n
operations in a row lead to, each of values of one scale, is off by at most about n 2^-24 of that
scale (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1); a sum of n terms
counts as n. In which order a processor sums, and whether it rounds between a product and a sum, is
its own business: two ways to the same result differ by up to twice the bound, and in practice by
far less, since most errors cancel.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

ROUNDING = 2.0**-24
STD_FLOOR = 1e-5  # as in `MotionStats`: one dim of the released motion has no deviation


def assert_rounded(
    actual: Tensor | Sequence,
    expected: Tensor | Sequence,
    roundings: int,
    scale: float | Tensor | None = None,
) -> None:
    """Assert that two results differ by the rounding of float32 alone.

    Parameters
    ----------
    actual, expected : Tensor or array
        Of one shape.
    roundings : int
        Operations in a row that led to them, the terms of a sum counted.
    scale : float or Tensor, optional
        Size of the values on the way, which may be larger than the result; broadcasts. Default the
        largest of `expected`.
    """
    actual, expected = (torch.as_tensor(np.asarray(x)).double() for x in (actual, expected))
    scale = expected.abs().max() if scale is None else scale
    torch.testing.assert_close(
        actual / scale,
        expected / scale,
        atol=2 * roundings * ROUNDING,
        rtol=0,
        msg=lambda text: f"In units of the scale, after at most {roundings} roundings: {text}",
    )


def assert_rounded_motion(
    actual: Tensor | Sequence, expected: Tensor | Sequence, std: Tensor, roundings: int = 16
) -> None:
    """Assert the same of motion, whose 70 numbers have scales of their own.

    Parameters
    ----------
    actual, expected : Tensor or array, shape (N, k)
    std : Tensor, shape (k,)
        Standard deviations of the motion's numbers in the data set.
    roundings : int
        See `assert_rounded`; counted in the standard deviation, or in the largest value of a
        number where that is more.
    """
    expected = torch.as_tensor(np.asarray(expected))
    scale = torch.maximum(std + STD_FLOOR, expected.abs().amax(dim=0))
    assert_rounded(actual, expected, roundings, scale)
