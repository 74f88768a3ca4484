import numpy as np

from moda_core.head.dark_valley import best_path


def test_best_path_follows_the_highest_scores_without_jumps():
    rows = np.round(5 + 4 * np.sin(np.arange(40) / 6)).astype(int)
    score = np.zeros((11, 40))
    score[rows, np.arange(40)] = 1
    score[10, 20] = 1.2  # far from the path

    assert np.array_equal(best_path(score), rows)
