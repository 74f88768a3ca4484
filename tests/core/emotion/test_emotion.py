"""Emotion weights."""

import pytest
import torch

from moda_core.emotion.labels import EMOTIONS, emotion_weights


@pytest.mark.parametrize("label", EMOTIONS)
def test_a_label_is_one_row_of_the_table(label):
    weights = emotion_weights(label)

    assert weights[EMOTIONS.index(label)] == 1
    assert weights.sum() == 1


def test_default_is_none():
    assert torch.equal(emotion_weights(), emotion_weights("none"))


def test_a_weak_blend_is_completed_with_none():
    weights = emotion_weights({"anger": 0.25, "fear": 0.25})

    assert weights[[0, 3, 8]].tolist() == [0.25, 0.25, 0.5]


def test_a_strong_blend_is_scaled_to_one():
    weights = emotion_weights({"anger": 3, "fear": 1})

    assert weights[[0, 3, 8]].tolist() == [0.75, 0.25, 0]


@pytest.mark.parametrize(
    ("blend", "message"),
    [("joy", "happiness"), ({"anger": -1}, "-1"), ({"anger": float("nan")}, "nan")],
)
def test_unknown_labels_and_bad_weights_are_refused(blend, message):
    with pytest.raises(ValueError, match=message):
        emotion_weights(blend)
