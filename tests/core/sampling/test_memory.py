"""What the host is asked to make room for."""

import pytest
import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.memory import CALL, ROW, TABLE, sampling_bytes
from moda_core.sampling.options import SamplingOptions


@pytest.mark.parametrize(
    ("options", "others", "rows", "tables"),
    [
        ({}, {}, 3, 20),
        ({"num_steps": 200}, {}, 3, 400),
        ({"sigmas": torch.tensor([1.0, 0.5, 0.0])}, {}, 3, 4),
        ({}, {"num_takes": 4}, 12, 20),
        ({}, {"num_takes": 64}, 64, 20),
        ({"windows": "joint"}, {}, 6, 20),
        ({"windows": "joint"}, {"num_frames": 15_000}, 64, 20),
        ({}, {"num_windows": 16}, 48, 20),
    ],
)
def test_rows_and_tables_are_counted(options, others, rows, tables):
    arguments = {"num_frames": 100, **others}

    found = sampling_bytes(SamplingOptions(**options), **arguments)

    assert found == pytest.approx(CALL + rows * ROW + tables * TABLE)


def test_every_emotion_that_is_shown_is_a_row():
    amounts = torch.zeros(100, 9)
    amounts[:50, 1], amounts[50:, 2] = 1, 1

    found = sampling_bytes(SamplingOptions(), 100, EmotionCurve(amounts))
    blend = sampling_bytes(
        SamplingOptions(), 100, EmotionCurve.constant(emotion_weights({"fear": 0.3, "anger": 0.3}))
    )

    assert found == pytest.approx(CALL + 4 * ROW + 30 * TABLE)
    assert blend == found
