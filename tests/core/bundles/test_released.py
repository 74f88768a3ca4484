"""What the released motion model does before and after sampling."""

from types import SimpleNamespace

import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.released import finish_speech, start_in_picture, use_silence
from moda_core.motion.motion import LIP_KEYPOINTS, released_stats

LIPS = [3 * keypoint + axis for keypoint in LIP_KEYPOINTS for axis in range(3)]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_silence_is_cut_at_the_end_it_was_added_to():
    frames = torch.arange(200.0)[:, None].expand(200, 70)

    assert use_silence(frames, 0, 50)[:, 69].tolist() == list(range(150))
    assert use_silence(frames, 50, 0)[:, 69].tolist() == list(range(50, 200))
    assert use_silence(frames, 50, 50)[:, 69].tolist() == list(range(50, 150))


def test_without_silence_nothing_changes():
    frames = normal(60, 70)

    assert torch.equal(use_silence(frames, 0, 0), frames)


@pytest.mark.parametrize(("before", "after", "reference"), [(0, 50, 83), (50, 0, 12), (50, 50, 83)])
def test_lips_depart_further_from_a_frame_of_the_silence(before, after, reference):
    frames = normal(120, 70)

    result = use_silence(frames, before, after)

    kept = frames[before : 120 - after]
    rest = [dim for dim in range(70) if dim not in LIPS]
    departure, original = (x[:, LIPS] - frames[reference, LIPS] for x in (result, kept))
    gain = departure / original
    moved = original.norm(dim=1) > 1e-3
    assert torch.equal(result[:, rest], kept[:, rest])
    assert (gain[moved] > 1).all()
    torch.testing.assert_close(gain[moved].amin(dim=1), gain[moved].amax(dim=1), rtol=1e-3, atol=0)


def test_the_finished_motion_is_that_of_the_recording_and_de_normalised():
    features = AudioFeatures(torch.zeros(70, 12, 768), "any", 0.8, (0, 50))
    normalized, stats = normal(70, 70), released_stats()

    values = finish_speech(stats, normalized, features, seed=0)

    assert values.shape == (20, 70)
    expected = normalized[:20, 63:] * (stats.std[63:] + 1e-5) + stats.mean[63:]
    torch.testing.assert_close(values[:, 63:], expected)


def test_the_start_is_the_portraits_own_pose_and_expression():
    stats = released_stats()
    info = {
        "exp": 0.01 * normal(1, 21, 3),
        "scale": 2 * stats.mean[63].reshape(1, 1),
        "t": torch.tensor([[0.02, 0.04, 9.0]]),
        "pitch": torch.tensor([[1.0]]),
        "yaw": torch.tensor([[2.0]]),
        "roll": torch.tensor([[3.0]]),
    }
    portrait = SimpleNamespace(prepared=SimpleNamespace(face=SimpleNamespace(info=info)))

    previous, rest = start_in_picture(portrait)

    values = stats.denormalize(previous[0, 0])
    assert torch.equal(rest, info["exp"].flatten())
    torch.testing.assert_close(values[63], stats.mean[63], rtol=1e-4, atol=0)
    torch.testing.assert_close(values[64:66], torch.tensor([0.01, 0.02]), rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(values[67:], torch.tensor([1.0, 2.0, 3.0]), rtol=1e-4, atol=1e-4)
