"""Chains that return to the start pose where the speech pauses."""

import pytest
import torch

from moda_core.sampling.anchor import PauseAnchor
from moda_core.sampling.hold import Hold

from .sampling_cases import PREVIOUS, features, sample, takes, tiny_network

FRAMES = 208  # three windows, which begin at 0, 64 and 128


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def speaking(*pauses):
    """Return in which frames somebody speaks, but for pauses (first, last)."""
    voiced = torch.ones(FRAMES, dtype=torch.bool)
    for first, last in pauses:
        voiced[first:last] = False
    return voiced


def anchored(network, voiced, **arguments):
    audio = features(FRAMES)
    return sample(network, audio, windows="anchored", voiced=voiced, **arguments)


def continued(network, voiced, **arguments):
    """Return the motion that each window of a clip continues, (windows, 70)."""
    before, run = [], network.velocity

    def seen(motion, *rest):
        before.append(motion[0, 0, :70])
        return run(motion, *rest)

    network.velocity = seen
    try:
        anchored(network, voiced, num_steps=1, cfg_scale=1.0, **arguments)
    finally:
        del network.velocity
    return torch.stack(before)


@pytest.mark.parametrize("pauses", [[], [(5, 60)], [(80, 128), (144, 208)]])
def test_without_a_pause_in_an_overlap_it_is_the_chain(network, pauses):
    motion = anchored(network, speaking(*pauses))

    assert torch.equal(motion, sample(network, features(FRAMES)))


@pytest.mark.parametrize(("pause", "share"), [((70, 90), 1.0), ((62, 66), 0.4), ((79, 99), 0.2)])
def test_a_window_in_a_pause_continues_the_start(network, pause, share):
    free, own = (continued(network, speaking(*pauses)) for pauses in ([], [pause]))

    assert torch.equal(own[0], PREVIOUS[0, 0])
    torch.testing.assert_close(own[1], free[1] + share * (PREVIOUS[0, 0] - free[1]))
    assert not torch.allclose(own[2], PREVIOUS[0, 0], atol=0.1)


def test_nothing_changes_before_the_window_that_starts_anew(network):
    motion, chain = anchored(network, speaking((130, 140))), sample(network, features(FRAMES))

    assert torch.equal(motion[:126], chain[:126])  # the pose is averaged over two frames more
    assert not torch.allclose(motion[150:], chain[150:], atol=0.01)


def test_the_cross_fade_over_the_overlap_begins_at_the_chain(network):
    motion, chain = anchored(network, speaking((64, 80))), sample(network, features(FRAMES))

    apart = (motion - chain)[:, :63].abs().amax(dim=1)
    assert float(apart[64]) == 0
    assert float(apart[65]) <= float(apart[72]) + 1e-6


def test_held_motion_is_continued_as_it_is_held(network):
    held, mask = torch.full((FRAMES, 70), 3.0), torch.zeros(FRAMES, 70, dtype=torch.bool)
    mask[:, 63:] = True

    own = continued(network, speaking((64, 80)), hold=Hold(held, mask))

    assert torch.equal(own[1, 63:], held[0, 63:])
    assert torch.equal(own[1, :63], PREVIOUS[0, 0, :63])


@pytest.mark.parametrize("overlap", [1, 3, 16, 64])
def test_the_whole_overlap_is_looked_at(overlap):
    anchor = PauseAnchor(PREVIOUS, speaking((100, 101)), overlap)

    shares = [anchor.share(first) for first in range(101)]

    alone = 1 / min(5, overlap)
    assert shares == [alone if first > 100 - overlap else 0.0 for first in range(101)]


def test_takes_are_anchored_alike(network):
    voiced, audio = speaking((64, 80)), features(FRAMES)

    batch = takes(network, audio, seeds=[5, 6], windows="anchored", voiced=voiced)

    chain = takes(network, audio, seeds=[5, 6])
    assert torch.equal(batch[:, :62], chain[:, :62])
    assert all(not torch.allclose(*pair, atol=0.01) for pair in zip(batch, chain, strict=True))


def test_a_single_window_needs_no_pauses(network):
    audio = features(50)

    motion = sample(network, audio, windows="anchored")

    assert torch.equal(motion, sample(network, audio))


@pytest.mark.parametrize("voiced", [None, torch.ones(FRAMES - 1, dtype=torch.bool)])
def test_features_that_do_not_tell_the_pauses_are_refused(network, voiced):
    with pytest.raises(ValueError, match=r"pauses.*Encode the speech again"):
        anchored(network, voiced)
