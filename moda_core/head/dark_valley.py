"""The course of a dark line through a picture, from left to right."""

import numpy as np

JUMP = 0.04  # cost of a step by one row, of steps by more rows its square


def best_path(score: np.ndarray) -> np.ndarray:
    """Return the row of each column with the best total score without jumps (Viterbi).

    `score` (rows, columns) is at most about 1.
    """
    rows, columns = score.shape
    jump = JUMP * (np.arange(rows)[:, None] - np.arange(rows)[None]) ** 2
    total, came_from = score[:, 0], []
    for column in range(1, columns):
        candidates = total[None] - jump
        came_from.append(candidates.argmax(axis=1))
        total = candidates.max(axis=1) + score[:, column]
    path = [int(total.argmax())]
    for choices in reversed(came_from):
        path.append(int(choices[path[-1]]))
    return np.array(path[::-1])
