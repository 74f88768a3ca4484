import copy
import math

import numpy as np
import pytest
import torch

from moda_core.audio.speech_preparation import normalize_piece, pad_edges
from tests.bench import bench_audio_memory
from tests.bench.stand_in_encoder import TINY_SIZES, random_encoder
from tests.tolerances import ROUNDING, assert_rounded

MINUTE = 960_000
DEEPEST = 256  # roundings of the encoder's sums of up to 80 terms, most of which cancel


def noise(num_samples, level=0.2, seed=0):
    return level * torch.randn(num_samples, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def layers_one_by_one(network, piece):
    """Run the parts plainly: whole front end, NumPy's interpolation, layer after layer."""
    padded = pad_edges(normalize_piece(piece))
    vectors = network.feature_extractor(padded[None])[0].numpy()  # (channels, 2n)
    num_frames = vectors.shape[1] // 2
    step = np.float32(
        (vectors.shape[1] - 1) / max(num_frames - 1, 1)
    )  # rounded as by the reference
    positions = step * np.arange(num_frames, dtype=np.float32)
    resampled = [np.interp(positions, np.arange(len(row)), row) for row in vectors]
    x = network.feature_projection(torch.tensor(np.array(resampled).T[None]).float())
    x = x[0] if isinstance(x, tuple) else x
    x = network.encoder.layer_norm(x + network.encoder.pos_conv_embed(x))
    outputs = []
    for layer in network.encoder.layers:
        x = layer(x)
        x = x[0] if isinstance(x, tuple) else x
        outputs.append(x[0])
    return torch.stack(outputs, dim=1)


@pytest.mark.parametrize("model_type", ["hubert", "wav2vec2"])
@pytest.mark.parametrize("num_samples", [640, 1279, 40 * 640, 56000])
def test_features_are_the_layers_at_25_fps(model_type, num_samples):
    encoder = random_encoder(model_type=model_type)
    waveform = noise(num_samples)

    found = encoder.encode(waveform)

    expected = layers_one_by_one(encoder.network, waveform)
    assert found.shape == (num_samples // 640, encoder.num_layers, encoder.width)
    assert_rounded(found, expected, DEEPEST)


@pytest.mark.parametrize(
    "sizes", [{}, {"conv_bias": True}, {"conv_dim": [40, 8, 8, 8, 8, 8, 8]}], ids=str
)
@pytest.mark.parametrize("num_vectors", [2, 100, 102, 200, 230])
def test_front_end_in_blocks_is_the_front_end_of_the_whole_piece(num_vectors, sizes):
    encoder = random_encoder(TINY_SIZES | sizes)
    samples = 0.7 + noise(320 * num_vectors + 80, level=1.0)

    with torch.no_grad():
        found = encoder.convolve(samples)
        expected = encoder.network.feature_extractor(samples[None])[0]

    assert_rounded(found, expected, DEEPEST)


def test_wide_front_end_is_near_float64_on_every_processor():
    # Partial sums of n products of random signs end up off by about sqrt(n / 2) roundings of their
    # standard deviation, and six layers add as much each. n is 192; with all 1536 it is missed.
    bound = ROUNDING * math.sqrt(6 * 192 / 2)
    encoder = random_encoder(TINY_SIZES | {"conv_dim": [512] * 7})
    samples = noise(320 * 20 + 80, level=1.0)

    with torch.no_grad():
        found = encoder.convolve(samples)
        expected = copy.deepcopy(encoder.network.feature_extractor).double()(samples[None].double())

    error = (found - expected[0]).square().mean().sqrt()
    assert error < bound * expected.std()


def test_silence_gives_finite_features():
    assert random_encoder().encode(torch.zeros(6400)).isfinite().all()


def test_each_minute_is_encoded_by_itself():
    encoder = random_encoder()
    waveform = noise(MINUTE + 3200)

    found = encoder.encode(waveform)

    assert torch.equal(found[:1500], encoder.encode(waveform[:MINUTE]))
    assert torch.equal(found[1500:], encoder.encode(waveform[MINUTE:]))


def test_rest_of_less_than_a_frame_after_a_minute_is_dropped():
    encoder = random_encoder()
    waveform = noise(MINUTE + 300)

    found = encoder.encode(waveform)

    assert torch.equal(found, encoder.encode(waveform[:MINUTE]))


def test_random_generator_is_left_unchanged():
    encoder = random_encoder()
    # Some versions of transformers draw for their layer drop, as this does.
    encoder.network.encoder.layers[0].register_forward_pre_hook(lambda *a: torch.rand(1) and None)
    before = torch.get_rng_state()

    encoder.encode(noise(6400))

    assert torch.equal(torch.get_rng_state(), before)


def test_without_normalization_the_level_reaches_the_features():
    encoder = random_encoder()
    waveform = 0.1 + noise(6400)
    normalized = encoder.encode(waveform)

    encoder.normalize = False

    assert (encoder.encode(waveform) - normalized).abs().max() > 1e-4
    assert_rounded(encoder.encode(normalize_piece(waveform)), normalized, DEEPEST)


@pytest.mark.parametrize(("dtype", "error"), [(torch.bfloat16, 0.2), (torch.float16, 0.03)])
def test_half_precision_weights_give_float32_features_that_are_close(dtype, error):
    encoder = random_encoder()
    exact = encoder.encode(noise(32000))

    found = encoder.to(dtype).encode(noise(32000))

    assert found.dtype == torch.float32
    assert 0 < (found - exact).std() / exact.std() < error


def test_progress_counts_pieces():
    seen = []

    random_encoder().encode(noise(MINUTE + 6400), lambda done, total: seen.append((done, total)))

    assert seen == [(1, 2), (2, 2)]


def test_interrupted_encoder_works_again():
    encoder = random_encoder()
    expected = encoder.encode(noise(6400))
    failing = encoder.network.encoder.layers[1].register_forward_pre_hook(lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        encoder.encode(noise(6400))
    failing.remove()

    assert torch.equal(encoder.encode(noise(6400)), expected)
    assert not any(layer._forward_hooks for layer in encoder.network.encoder.layers)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 16000), r"shape \(T,\), got \(2, 16000\)"),
        ((639,), "at least 640 samples .40 ms., got 639"),
    ],
)
def test_wrong_waveforms_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        random_encoder().encode(torch.zeros(shape))


@pytest.mark.slow
def test_a_minute_takes_little_memory_above_the_weights():
    figures = bench_audio_memory.run()

    assert figures["above_weights_mb"] < bench_audio_memory.REQUIRED_MB
