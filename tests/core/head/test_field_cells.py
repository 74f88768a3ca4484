import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moda_core.head.field_cells import covered_bands, interpolated, joined

SIZE, SIDES = (45, 62), (7, 5, 11, 3)  # of cells' pixels, and what of them lies outside the picture
PICTURE = (45 - 5 - 3, 62 - 7 - 11)


def some_cells() -> torch.Tensor:
    cells = torch.zeros(9, 10, dtype=torch.bool)
    cells[2:7, 3:6] = cells[4, 8] = True
    return cells


def pixels_of(cells: torch.Tensor) -> np.ndarray:
    """The pixels of the picture that end in a chosen cell, to the right and below."""
    rows, columns = (
        (np.arange(1, length + 1) * count - 1) // length
        for length, count in zip(SIZE, cells.shape, strict=True)
    )
    left, top, right, bottom = SIDES
    return cells.numpy()[rows][:, columns][top : SIZE[0] - bottom, left : SIZE[1] - right]


@pytest.mark.parametrize("num_pixels", [1, 200, sys.maxsize])
def test_bands_hold_all_pixels_of_the_cells_once(num_pixels):
    cells = some_cells()

    count = np.zeros(PICTURE, int)
    for rows, columns in covered_bands(cells, SIZE, SIDES, num_pixels):
        count[rows, columns] += 1

    assert count.max() == 1
    assert (count[pixels_of(cells)] == 1).all()


def test_bands_of_one_row_of_cells_are_no_wider_than_its_cells():
    cells = torch.zeros(9, 10, dtype=torch.bool)
    for row in range(9):
        cells[row, row : row + 2] = True

    covered = np.zeros(PICTURE, bool)
    for part in covered_bands(cells, SIZE, SIDES, 1):
        covered[part] = True

    beside = np.abs(np.diff(pixels_of(cells).sum(axis=1) - covered.sum(axis=1)))
    assert beside.max() <= 1
    assert covered.sum() < 0.5 * covered.size


def test_bands_keep_to_their_number_of_pixels():
    cells = torch.ones(45, 31, dtype=torch.bool)

    bands = covered_bands(cells, SIZE, SIDES, 300)

    sizes = [(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in bands]
    assert max(sizes) <= 300
    assert len(bands) == pytest.approx(np.prod(PICTURE) / 300, abs=2)


@pytest.mark.parametrize("column", [None, 0, 9])
def test_cells_out_of_the_picture_have_no_bands(column):
    cells = torch.zeros(9, 10, dtype=torch.bool)
    if column is not None:
        cells[4, column] = True

    assert covered_bands(cells, SIZE, SIDES, 100) == []


def some_bands() -> list[list]:
    """Parts of six frames that wander to the right; none in the third, two in the fifth."""
    bands = [[(slice(10, 20), slice(5 + index, 25 + index))] for index in range(6)]
    bands[2] = []
    bands[4] += [(slice(20, 30), slice(0, 4))]
    return bands


@pytest.mark.parametrize("num_pixels", [1, 420, sys.maxsize])
def test_joined_bands_hold_those_of_every_frame_once(num_pixels):
    bands, found = some_bands(), [[] for _ in range(6)]

    for first, own, (rows, columns) in joined(bands, num_pixels):
        for index, part in enumerate(own, first):
            found[index].append(part)
            assert rows.start <= part[0].start < part[0].stop <= rows.stop
            assert columns.start <= part[1].start < part[1].stop <= columns.stop

    assert found == bands


def test_bands_are_joined_as_far_as_they_fit():
    bands = [[(slice(10, 20), slice(5 + index, 25 + index))] for index in range(6)]

    assert [len(own) for _, own, _ in joined(bands, 2 * 10 * 21)] == [2, 2, 2]
    assert [len(own) for _, own, _ in joined(bands, 3 * 10 * 22)] == [3, 3]
    assert [len(own) for _, own, _ in joined(bands, 1)] == [1] * 6


@pytest.mark.parametrize("dim", [2, 3])
def test_interpolation_is_that_of_grid_sample(dim):
    field = torch.randn(2, 3, 8, 11, generator=torch.Generator().manual_seed(0))
    places = torch.linspace(-1.2, 1.2, 23)

    result = interpolated(field, dim, places)

    own = [(torch.arange(length) * 2 + 1) / length - 1 for length in field.shape[2:]]
    own[dim - 2] = places
    grid = torch.stack(torch.meshgrid(own[1], own[0], indexing="xy"), dim=-1)
    grid = grid.expand(2, -1, -1, -1)
    expected = F.grid_sample(field, grid, padding_mode="border", align_corners=False)
    assert torch.allclose(result, expected, atol=1e-5)
