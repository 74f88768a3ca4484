"""The motion transformer: shapes, fast paths against plain ones, and kernels."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moda_core.emotion.labels import emotion_weights
from moda_core.mmdit.config import MMDiTConfig
from moda_core.mmdit.linear import (
    CPUOperations,
    Linear,
    choose_kernels,
    kernel_for,
    linear_gelu,
    onednn_linear,
    processor,
)
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.rope import apply_rope, rope_tables
from moda_core.runtime.layers import Layers
from tests.tolerances import assert_rounded

CONFIG = MMDiTConfig(
    width=32,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=2,
    audio_layers=2,
    audio_width=6,
    audio_context=3,
)
DEEPEST = 256  # roundings of its six blocks of sums of up to 128 terms, most of which cancel


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MotionMMDiT(CONFIG).eval().requires_grad_(False)


def inputs(batch=2, num_frames=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "motion": torch.randn(batch, num_frames, 140, generator=generator),
        "timesteps": torch.linspace(1000, 1, batch),
        "audio": torch.randn(batch, num_frames, 3, 2, 6, generator=generator),
        "identity": torch.randn(batch, 63, generator=generator),
        "emotion": emotion_weights("happiness").expand(batch, 9),
    }


def test_output_is_one_velocity_for_each_frame(network):
    assert network(**inputs()).shape == (2, 5, 70)


@pytest.mark.parametrize("num_frames", [1, 2, 5])
def test_one_token_of_emotion_and_identity_stands_for_equal_ones(network, num_frames):
    given = inputs(num_frames=num_frames)
    audio = network.audio_embedder(given["audio"])
    single = network.condition_tokens(audio, given["identity"], given["emotion"])
    modulations = network.modulations(given["timesteps"], given["emotion"])

    velocity = network.velocity(given["motion"], single, modulations)

    whole = [tokens.expand(-1, num_frames, -1) for tokens in single]
    expected = network.velocity(given["motion"], whole, modulations)
    assert [tokens.shape[1] for tokens in single] == [num_frames, 1, 1]
    assert_rounded(velocity, expected, DEEPEST)


def test_a_row_does_not_depend_on_the_rest_of_the_batch(network):
    both = inputs()

    alone = network(**{name: value[1:] for name, value in both.items()})

    assert_rounded(network(**both)[1:], alone, DEEPEST)


@pytest.mark.parametrize("name", ["motion", "timesteps", "audio", "identity", "emotion"])
def test_every_input_matters(network, name):
    changed = inputs()
    if name == "emotion":
        changed[name] = emotion_weights("fear").expand(2, 9)
    else:
        changed[name] = changed[name] * 0.5 + 0.1

    difference = (network(**changed) - network(**inputs())).abs().max()

    assert difference > 1e-4


def test_a_blend_of_emotions_embeds_as_the_blend_of_their_rows(network):
    embed = network.emotion_embedder

    blend = embed(emotion_weights({"anger": 0.3, "fear": 0.7}))

    expected = 0.3 * embed(emotion_weights("anger")) + 0.7 * embed(emotion_weights("fear"))
    torch.testing.assert_close(blend, expected)


def test_the_last_block_gives_the_same_tokens_when_it_computes_only_those_read(network):
    block = network.single_stream_blocks[-1]
    tokens, modulation = torch.randn(1, 20, 32), torch.randn(1, 96)
    rope = rope_tables(5, 16)

    narrow = block(tokens, modulation, rope, num_read=5)

    whole = block(tokens, modulation, rope, num_read=20)
    assert_rounded(narrow, whole[:, :5], DEEPEST)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("audio", (2, 5, 3, 2, 7)),
        ("identity", (2, 62)),
        ("emotion", (2, 8)),
        ("motion", (2, 5, 70)),
    ],
)
def test_inputs_of_other_shapes_are_named(network, name, shape):
    wrong = inputs() | {name: torch.zeros(shape)}

    with pytest.raises(ValueError, match=name):
        network(**wrong)


def test_layer_classes_come_from_the_host():
    made = []

    class Operations:
        RMSNorm = nn.RMSNorm

        class Linear(nn.Linear):
            def __init__(self, *args, **kwargs):
                made.append(self)
                super().__init__(*args, **kwargs)

    network = MotionMMDiT(CONFIG, Layers(Operations, torch.bfloat16, "meta"))

    linears = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert linears == made or set(linears) == set(made)
    assert all(weight.dtype == torch.bfloat16 for weight in network.parameters())


def test_half_precision_runs_and_stays_close(network):
    reference = network(**inputs())
    cast = {
        name: value if name == "timesteps" else value.bfloat16() for name, value in inputs().items()
    }

    half = network.bfloat16()(**cast)

    assert (half.float() - reference).abs().mean() < 0.05 * reference.abs().mean()


@pytest.mark.parametrize("complex_devices", [("cpu",), ()], ids=["complex", "real"])
def test_rotation_is_multiplication_by_complex_phases(complex_devices, monkeypatch):
    monkeypatch.setitem(apply_rope.__globals__, "COMPLEX_DEVICES", complex_devices)
    x = torch.randn(1, 6, 2, 8, generator=torch.Generator().manual_seed(0))

    rotated = apply_rope(x, rope_tables(3, 8))  # two streams of three tokens

    position = torch.arange(6) % 3
    angle = position[:, None] * 256.0 ** (-torch.arange(0, 8, 2) / 8)
    phases = torch.polar(torch.ones_like(angle), angle)[None, :, None]
    expected = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * phases)
    assert_rounded(rotated, expected.flatten(-2), 8)


@pytest.mark.parametrize("bias", [True, False])
def test_onednn_agrees_with_the_plain_kernel(bias):
    x, weight = torch.randn(2, 7, 12), torch.randn(5, 12)
    offset = torch.randn(5) if bias else None

    found = onednn_linear(x, weight, offset)

    expected = F.linear(x.double(), weight.double(), offset if offset is None else offset.double())
    sizes = F.linear(x.abs(), weight.abs(), offset if offset is None else offset.abs())
    assert_rounded(found, expected, 13, scale=sizes)


@pytest.mark.parametrize("kernel", [F.linear, onednn_linear])
def test_gelu_after_a_layer_is_its_tanh_form_by_every_kernel(kernel):
    layer = Linear(12, 50).requires_grad_(False)
    layer.kernel = kernel
    x = 3 * torch.randn(2, 7, 12)

    found = linear_gelu(layer, x)

    y = F.linear(x.double(), layer.weight.double(), layer.bias.double())
    expected = 0.5 * y * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (y + 0.044715 * y**3)))
    sizes = F.linear(x.abs(), layer.weight.abs(), layer.bias.abs()) + 1
    assert_rounded(found, expected, 13 + 10, scale=sizes)


@pytest.mark.parametrize(
    ("level", "vendor", "num_weights", "dtype", "expected"),
    [
        ("AVX512", "AuthenticAMD", 1 << 19, torch.float32, onednn_linear),
        (
            "AVX512",
            "AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD",
            1 << 19,
            torch.float32,
            onednn_linear,
        ),
        ("AVX512", "GenuineIntel", 1 << 19, torch.float32, F.linear),
        ("AVX2", "AuthenticAMD", 1 << 19, torch.float32, F.linear),
        ("AVX512", "AuthenticAMD", 1 << 18, torch.float32, F.linear),
        ("AVX512", "AuthenticAMD", 1 << 19, torch.bfloat16, F.linear),
    ],
)
def test_a_rule_chooses_the_kernel(monkeypatch, level, vendor, num_weights, dtype, expected):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: level)
    monkeypatch.setitem(kernel_for.__globals__, "processor", lambda: vendor)

    assert kernel_for(torch.empty(1024, num_weights // 1024, dtype=dtype)) is expected


def test_a_build_of_torch_without_onednn_keeps_the_plain_kernel(monkeypatch):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    monkeypatch.setitem(kernel_for.__globals__, "processor", lambda: "AuthenticAMD")

    assert kernel_for(torch.empty(1024, 1024)) is F.linear


def test_a_weight_that_is_a_view_of_columns_keeps_the_plain_kernel(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setitem(kernel_for.__globals__, "processor", lambda: "AuthenticAMD")
    fused = torch.empty(768, 3840)

    kernels = [kernel_for(weight) for weight in fused.split([768, 3072], dim=1)]

    assert kernels == [F.linear, F.linear]
    assert kernel_for(fused) is onednn_linear


@pytest.mark.parametrize(
    ("content", "expected"),
    [("processor : 0\nvendor_id\t: GenuineIntel\n", "GenuineIntel"), ("flags : avx\n", "")],
)
def test_the_processors_vendor_is_what_linux_says(monkeypatch, tmp_path, content, expected):
    (tmp_path / "cpuinfo").write_text(content)
    monkeypatch.setitem(kernel_for.__globals__, "CPU_INFO", tmp_path / "cpuinfo")

    assert processor.__wrapped__() == expected


def test_elsewhere_the_vendor_is_what_python_says(monkeypatch, tmp_path):
    monkeypatch.setitem(kernel_for.__globals__, "CPU_INFO", tmp_path / "missing")
    monkeypatch.setattr("platform.processor", lambda: "Intel64 Family 6, GenuineIntel")

    assert "Intel" in processor.__wrapped__()


def test_every_layer_gets_its_kernel_and_results_stay(monkeypatch):
    torch.manual_seed(0)
    network = MotionMMDiT(CONFIG, Layers(CPUOperations)).eval().requires_grad_(False)
    before = network(**inputs())
    choice = {True: onednn_linear, False: F.linear}
    monkeypatch.setitem(
        choose_kernels.__globals__, "kernel_for", lambda weight: choice[weight.numel() >= 1024]
    )

    choose_kernels(network)

    layers = [layer for layer in network.modules() if isinstance(layer, Linear)]
    assert {layer.kernel for layer in layers if layer.weight.numel() >= 1024} == {onednn_linear}
    assert {layer.kernel for layer in layers if layer.weight.numel() < 1024} == {F.linear}
    assert_rounded(network(**inputs()), before, DEEPEST)


def test_a_deeper_network_is_the_same_class_with_another_value():
    deeper = MotionMMDiT(replace(CONFIG, num_double_stream=3), Layers(device="meta"))

    assert len(deeper.double_stream_blocks) == 3
