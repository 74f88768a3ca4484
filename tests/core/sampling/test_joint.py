"""Sampling of all windows of a clip at once."""

import pytest
import torch

from moda_core.sampling.joint import overlap_weights
from moda_core.sampling.row_batch import CPU_ROWS
from moda_core.sampling.window_plan import count_windows

from .sampling_cases import features, rounding_of, sample, takes, tiny_network, torch_threads


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.mark.parametrize("num_frames", [1, 79, 80])
def test_a_single_window_is_the_chains(network, num_frames):
    audio = features(num_frames)

    joint = sample(network, audio, windows="joint", num_steps=1)

    chain, rounding = (run(network, audio, num_steps=1) for run in (sample, rounding_of))
    torch.testing.assert_close(joint, chain, atol=rounding, rtol=0)


@pytest.mark.parametrize("num_windows", [1, 2, 5])
@pytest.mark.parametrize("overlap", [1, 16, 40, 41, 64])
def test_overlapping_windows_share_the_weight_of_a_frame(num_windows, overlap):
    positions, weights = overlap_weights(num_windows, overlap)

    stride = 80 - overlap
    frames = torch.cat([torch.arange(80) + stride * window for window in range(num_windows)])
    assert len(weights) == int(frames.max()) + 1
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(weights)))
    # Every place that counts holds the frame, and all windows that have it do count.
    rows = torch.arange(len(weights))[:, None].expand_as(positions)
    assert torch.equal(frames[positions][weights > 0], rows[weights > 0])
    assert torch.equal((weights > 0).sum(dim=1), torch.bincount(frames))


def test_the_weight_of_a_window_rises_linearly_over_the_overlap():
    positions, weights = overlap_weights(2, 16)

    later = (weights * (positions >= 80)).sum(dim=1)
    expected = torch.arange(1, 17) / 17
    torch.testing.assert_close(later[64:80], expected)
    assert (later[:64] == 0).all()
    assert (later[80:] == 1).all()


def test_a_window_continues_the_clean_motion_before_it(network):
    before, run = [], network.velocity

    def seen(motion, *rest):
        before.append(motion[:, :, :70])
        return run(motion, *rest)

    network.velocity = seen
    try:
        sample(network, features(140), windows="joint", num_steps=2, cfg_scale=1.0)
    finally:
        del network.velocity

    # Both windows start from the model's first frame, then only the first one does.
    assert torch.equal(before[0][0], before[0][1])
    assert torch.equal(before[1][0], before[0][0])
    assert not torch.allclose(before[1][1], before[0][1])
    assert (before[1][1] == before[1][1][:1]).all()


@pytest.mark.parametrize("overlap", [8, 16, 50])
@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_progress_never_goes_back_and_ends_at_the_total(network, overlap, solver):
    audio, seen = features(500), []

    motion = sample(
        network,
        audio,
        windows="joint",
        overlap=overlap,
        solver=solver,
        progress=lambda *done: seen.append(done),
    )

    total = 2 * count_windows(500, overlap)
    assert motion.shape == (500, 70)
    assert {last for _, last in seen} == {total}
    done = [first for first, _ in seen]
    assert done == sorted(done)
    assert done[-1] == total
    assert len(set(done)) > 2


def test_progress_may_cancel_in_the_middle_of_a_step(network):
    def cancel(done, total):
        raise KeyboardInterrupt

    with torch_threads(2), pytest.raises(KeyboardInterrupt):
        sample(network, features(1000), windows="joint", progress=cancel)


def test_threads_change_nothing(network):
    audio = features(64 * CPU_ROWS)

    found = []
    for threads in (1, 2):
        with torch_threads(threads):
            found.append(sample(network, audio, windows="joint"))

    assert torch.equal(*found)


def test_takes_of_one_batch_are_those_of_single_runs(network):
    audio = features(150)

    batch = takes(network, audio, seeds=[5, 6], windows="joint")

    rounding = rounding_of(network, audio, seeds=[5, 6], windows="joint")
    for seed, take in zip([5, 6], batch, strict=True):
        alone = sample(network, audio, seeds=[seed], windows="joint")
        torch.testing.assert_close(take, alone, atol=rounding, rtol=0)


def test_a_change_of_the_speech_far_away_changes_nothing(network):
    audio = features(600)
    other = audio.clone()
    other[500:] = 1

    motions = [sample(network, values, windows="joint") for values in (audio, other)]

    rounding = rounding_of(network, audio, windows="joint")
    torch.testing.assert_close(motions[0][:300], motions[1][:300], atol=rounding, rtol=0)
    assert not torch.allclose(motions[0][520:], motions[1][520:], atol=0.1)
