import numpy as np

from moda_core.head.rasterize import interpolate, rasterize, spread

SQUARE = np.array([(0, 0), (4, 0), (0, 4), (4, 4)], float)
HALVES = np.array([(0, 2, 1), (1, 2, 3)])


def test_cells_outside_of_all_triangles_are_empty():
    index, weights = rasterize(SQUARE, np.zeros(4), HALVES, (5, 6))

    assert (index[:4, :4] >= 0).all()
    assert (index[4] == -1).all()
    assert (index[:, 4:] == -1).all()
    assert (weights[4] == 0).all()
    assert np.allclose(weights[index >= 0].sum(axis=1), 1)


def test_the_back_of_a_triangle_is_not_seen():
    index, _ = rasterize(SQUARE, np.zeros(4), HALVES[:, ::-1], (4, 4))

    assert (index == -1).all()


def test_values_are_linear_over_a_triangle():
    index, weights = rasterize(SQUARE, np.zeros(4), HALVES, (4, 4))

    place = interpolate(SQUARE, HALVES, index, weights)

    assert np.allclose(place[..., 0], np.arange(4) + 0.5)
    assert np.allclose(place[..., 1], np.arange(4)[:, None] + 0.5)
    assert np.array_equal(place, spread(SQUARE[HALVES], index, weights))


def test_the_nearer_triangle_hides_the_other():
    points = np.concatenate([SQUARE, SQUARE])
    depth = np.array([0.0] * 4 + [1.0] * 4)

    for triangles in (np.concatenate([HALVES, HALVES + 4]), np.concatenate([HALVES + 4, HALVES])):
        index, _ = rasterize(points, depth, triangles, (4, 4))

        assert (triangles[index].min(axis=-1) >= 4).all()


def test_flat_triangles_and_those_beside_the_picture_are_ignored():
    points = np.array([(0, 0), (4, 4), (8, 8), (-9, 0), (-5, 4), (-5, 0)], float)

    index, _ = rasterize(points, np.zeros(6), np.array([(0, 1, 2), (3, 4, 5)]), (4, 4))

    assert (index == -1).all()
