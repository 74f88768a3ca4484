"""Perturbed attention, against maps that are written out."""

import math

import pytest
import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.mmdit.attention import attend, joint_attention, keep_own_values
from moda_core.mmdit.config import MMDiTConfig
from moda_core.mmdit.model import MotionMMDiT
from tests.tolerances import assert_rounded

CONFIG = MMDiTConfig(
    width=32,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=2,
    audio_layers=2,
    audio_width=6,
)
BLOCKS, HEADS = 4, 2
FRAMES = 5


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def attended_by_maps(query, key, value, share):
    """Return (1 - u) A + u I of the motion's queries, times the values, in float64."""
    query, key, value = (x.double().transpose(1, 2) for x in (query, key, value))  # (B, H, L, d)
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    weights = scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
    u = share[:, :, None, None].double()
    perturbed = weights[:, :, :FRAMES]
    identity = torch.eye(FRAMES, weights.shape[-1], dtype=torch.float64)
    mixed = torch.cat([(1 - u) * perturbed + u * identity, weights[:, :, FRAMES:]], dim=2)
    return (mixed @ value).transpose(1, 2).flatten(2)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MotionMMDiT(CONFIG).eval().requires_grad_(False)


def velocity(network, perturbation=None):
    """Return the velocity of two rows, (2, 5, 70)."""
    return network(
        draw(2, FRAMES, 140),
        torch.tensor([800.0, 300.0]),
        draw(2, FRAMES, 1, 2, 6, seed=1),
        draw(2, 63, seed=2),
        emotion_weights("happiness").expand(2, 9),
        perturbation,
    )


def test_the_output_is_that_of_maps_mixed_with_the_identity():
    query, key, value = (draw(2, 3 * FRAMES, HEADS, 8, seed=seed) for seed in range(3))
    share = torch.tensor([[0.0, 0.3], [1.0, 0.6]])

    found = keep_own_values(attend(query, key, value), value[:, :FRAMES], share)

    assert_rounded(found, attended_by_maps(query, key, value, share), 64)


def test_only_the_first_streams_queries_are_mixed():
    streams = [
        tuple(draw(1, FRAMES, HEADS, 8, seed=3 * stream + part) for part in range(3))
        for stream in range(4)
    ]
    share = torch.ones(1, HEADS)

    motion, *others = joint_attention(streams, share)

    _, *plain = joint_attention(streams)
    assert torch.equal(motion, streams[0][2].flatten(2))
    assert all(map(torch.equal, others, plain))


def test_no_share_changes_no_bit(network):
    assert torch.equal(velocity(network, torch.zeros(BLOCKS, 2, HEADS)), velocity(network))


@pytest.mark.parametrize("head", range(HEADS))
@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_head_of_every_block_can_be_perturbed_in_one_row(network, block, head):
    share = torch.zeros(BLOCKS, 2, HEADS)
    share[block, 1, head] = 1.0

    found, plain = velocity(network, share), velocity(network)

    assert torch.equal(found[0], plain[0])
    assert float((found[1] - plain[1]).abs().max()) > 1e-5


def test_blocks_are_counted():
    assert CONFIG.num_blocks == BLOCKS
