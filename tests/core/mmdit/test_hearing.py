import pytest
import torch

from moda_core.mmdit import hearing
from moda_core.mmdit.hearing import CONTEXT, HearingEmbedder, HearingHead

BANDS, WIDTH = 6, 12


@pytest.fixture
def embedder():
    torch.manual_seed(0)
    return HearingEmbedder(4, BANDS, 20, WIDTH).double()


def contexts(frames: torch.Tensor) -> torch.Tensor:
    """Give each frame of (B, L + context - 1, 4, bands) its context: (B, L, context, 4, bands)."""
    return frames.unfold(1, CONTEXT, 1).movedim(-1, 2)


def recording(num_frames: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    size = (1, num_frames + CONTEXT - 1, 4, BANDS)
    return torch.rand(size, generator=generator, dtype=torch.float64)


def test_token_of_a_frame_is_the_same_alone_and_in_a_window(embedder):
    windows = contexts(recording(30))

    together = embedder(windows)

    alone = torch.cat([embedder(windows[:, i : i + 1]) for i in range(30)], dim=1)
    assert together.shape == (1, 30, WIDTH)
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(("offset", "heard"), [(-11, False), (-10, True), (10, True), (11, False)])
def test_token_hears_ten_frames_to_each_side(embedder, offset, heard):
    frames = recording(40)
    changed = frames.clone()
    middle = CONTEXT // 2 + 20
    changed[:, middle + offset] += 1

    before, after = (embedder(contexts(each))[:, 20] for each in (frames, changed))

    assert bool((before != after).any()) == heard


def test_first_layer_equals_a_sum_over_taps_and_bands(embedder):
    frames = recording(1).flatten(1, 2)[0]  # (84, bands)
    weight, bias = embedder.in_conv.weight, embedder.in_conv.bias

    found = embedder.in_conv(frames.T[None])[0, :, 3]

    expected = torch.einsum("ock,kc->o", weight, frames[3:8]) + bias
    torch.testing.assert_close(found, expected)


def test_long_recording_is_heard_as_its_frames_alone(embedder, monkeypatch):
    torch.manual_seed(1)
    head = HearingHead(WIDTH).double()
    features = recording(50)[0, :54]
    monkeypatch.setattr(hearing, "FRAMES_AT_ONCE", 20)

    heard = head.hear(embedder, features)

    padded = torch.nn.functional.pad(features, (0, 0, 0, 0, 10, 10))
    alone = [embedder(contexts(padded[None, i : i + CONTEXT])) for i in range(54)]
    tokens = torch.cat(alone, dim=1)[0]
    expected = head(tokens[None])
    torch.testing.assert_close(heard.lips, expected.lips[0])
    torch.testing.assert_close(heard.voice, expected.voice[0])


def test_closure_is_the_mean_of_a_movement_and_an_event():
    head = HearingHead(WIDTH).double()
    tokens = recording(1)[0, :5, 0] @ torch.ones(BANDS, WIDTH, dtype=torch.float64)

    heard = head(tokens[None])

    movement = tokens @ head.lips.weight.T + head.lips.bias
    hidden = (tokens @ head.touch.fc1.weight.T + head.touch.fc1.bias).clamp(min=0)
    odds = hidden @ head.touch.fc2.weight[0] + head.touch.fc2.bias
    torch.testing.assert_close(heard.lips[0, :, 0], movement[:, 0])
    torch.testing.assert_close(
        heard.lips[0, :, 1], (movement[:, 1] + 1 / (1 + torch.exp(-odds))) / 2
    )
