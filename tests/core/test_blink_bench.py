"""The measures of `bench blinks` on drawn eyes."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.bench.bench_blinks import (
    LOWER_LIDS,
    PAINT,
    UPPER_LIDS,
    lash_energy,
    lid_gap,
    lid_height,
    painted_gap,
)

UNIT = 100.0


def mesh(gap: float) -> np.ndarray:
    """Two eyes 40 pixels wide, whose lids are a gap in eye distances apart."""
    points = np.zeros((478, 2))
    for eye, left in enumerate((40, 140)):
        for lid, y in ((UPPER_LIDS[eye], 100), (LOWER_LIDS[eye], 100 + gap * UNIT)):
            points[list(lid)] = np.stack([np.linspace(left, left + 40, 7), np.full(7, y)], axis=1)
    points[[33, 133, 362, 263]] = [(40, 100), (80, 100), (140, 100), (180, 100)]
    return points


def test_the_gap_is_that_of_the_middle_of_the_lids():
    assert lid_gap(mesh(0.12), 0, UNIT) == pytest.approx(0.12)


def test_points_that_slide_along_meeting_lids_are_not_apart_in_height():
    slid = mesh(0.01)
    slid[list(LOWER_LIDS[0])] += (3, 0)

    assert lid_gap(slid, 0, UNIT) == pytest.approx(np.hypot(0.03, 0.01))
    assert lid_height(slid, 0, UNIT) == pytest.approx(0.01)


def test_a_blurred_lash_line_has_less_energy():
    image = np.full((200, 220), 180.0)
    image[98:102] = 40

    sharp, soft = (lash_energy(gaussian_filter(image, blur), mesh(0), 0, UNIT) for blur in (0, 3))

    assert soft < 0.5 * sharp


def test_paint_counts_by_its_mean_height_and_green_pictures_do_not():
    plain = np.full((200, 220, 3), (60, 90, 60), np.uint8)
    painted = plain.copy()
    painted[100:103, 40:80] = painted[100:103, 140:180] = PAINT

    shown = painted_gap(painted, plain, mesh(0), UNIT)

    assert shown == pytest.approx(0.03 * (1 - 30 / 255), abs=1e-6)
    assert painted_gap(plain, plain, mesh(0), UNIT) == 0
