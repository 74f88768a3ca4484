"""Parts of the portrait networks: folded norms, sampling, and the convolutions made for CPUs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moda_core.liveportrait.acceleration import accelerate
from moda_core.liveportrait.depth_split import DepthSplitConv
from moda_core.liveportrait.folding import batch_norm_affine, fold_batch_norm, fold_spectral_norm
from moda_core.liveportrait.grid_sample import sample, sample_by_gather
from moda_core.liveportrait.layers import ChannelAffine
from moda_core.liveportrait.repeated_conv import RepeatedConv, repeated_weight
from moda_core.liveportrait.spade import UpsampledConv, instance_norm
from moda_core.liveportrait.winograd import WinogradConv, transforms, winograd_conv
from tests.tolerances import assert_rounded


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


def random_norm(num_channels):
    norm = nn.BatchNorm2d(num_channels).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        tensor.data.normal_()
    norm.running_var.uniform_(0.2, 3)
    return norm


def random_block(in_channels=5, out_channels=7):
    block = nn.ModuleDict(
        {"conv": nn.Conv2d(in_channels, out_channels, 3, padding=1), "norm": random_norm(7)}
    )
    return block, {f"a.{key}": tensor.clone() for key, tensor in block.state_dict().items()}


def test_folded_batch_norm_equals_the_convolution_and_its_norm():
    block, state = random_block()
    x = torch.randn(2, 5, 6, 6)

    folded = fold_batch_norm(state, "a.conv", "a.norm")

    actual = F.conv2d(x, folded["a.conv.weight"], folded["a.conv.bias"], padding=1)
    assert_rounded(actual, block["norm"](block["conv"](x)), 5 * 9 + 4)


def test_folding_keeps_the_dtype_of_the_weights():
    _, state = random_block()

    folded = fold_batch_norm({key: x.half() for key, x in state.items()}, "a.conv", "a.norm")

    assert {tensor.dtype for tensor in folded.values()} == {torch.float16}


def test_batch_norm_without_a_convolution_becomes_scale_and_shift():
    norm, x = random_norm(7), torch.randn(2, 7, 3, 4)
    affine = ChannelAffine(7)

    scale, shift = batch_norm_affine({f"n.{k}": v for k, v in norm.state_dict().items()}, "n")
    affine.load_state_dict({"weight": scale.float(), "bias": shift.float()})

    assert_rounded(affine(x), norm(x), 8)


def test_folded_spectral_norm_has_the_stored_vectors_singular_value():
    weight = torch.randn(4, 3, 3, 3)
    left, values, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    state = {
        "c.weight_orig": weight.clone(),
        "c.weight_u": left[:, 1],
        "c.weight_v": right[1],
        "c.bias": torch.ones(4),
    }

    folded = fold_spectral_norm(state, "c")

    # The second singular value, which power iteration would have left for the first.
    torch.testing.assert_close(folded["c.weight"], weight / values[1])
    assert folded["c.bias"] is state["c.bias"]


@pytest.mark.parametrize("sizes", [(7, 5), (4, 7, 5)])
def test_sampling_by_gathers_equals_the_operator(sizes):
    values = torch.randn(2, 3, *sizes)
    grid = 2.6 * torch.rand(2, 4, *sizes[1:], len(sizes)) - 1.3  # a part lies outside

    expected = F.grid_sample(values, grid, align_corners=False)

    assert_rounded(sample_by_gather(values, grid), expected, 32)
    assert torch.equal(sample(values, grid), expected)


def test_positions_that_are_no_numbers_are_outside():
    grid = torch.tensor([[[float("nan"), 0.0], [float("inf"), 0.0], [0.0, -float("inf")]]])

    assert (sample_by_gather(torch.ones(1, 2, 5, 5), grid[:, None]) == 0).all()


def test_volumes_are_sampled_by_gathers_where_the_operator_is_missing(monkeypatch):
    volume, grid = torch.randn(1, 2, 3, 4, 5), 2 * torch.rand(1, 2, 3, 4, 3) - 1
    expected = sample(volume, grid)
    monkeypatch.setattr("moda_core.liveportrait.grid_sample.DEVICES_WITHOUT_VOLUMES", ("cpu",))
    monkeypatch.delattr(F, "grid_sample")

    actual = sample(volume, grid)

    assert_rounded(actual, expected, 32)


def test_sampling_keeps_half_precision_but_computes_places_in_float32():
    volume = torch.arange(64.0).expand(1, 1, 1, 1, 64).bfloat16()
    x = (2 * torch.tensor([[40.25, 40.75]]) + 1) / 64 - 1
    grid = torch.stack([x, torch.zeros_like(x), torch.zeros_like(x)], dim=-1)[:, None, None]

    sampled = sample(volume, grid)

    assert sampled.dtype == torch.bfloat16
    assert sampled.flatten().tolist() == [40.25, 40.75]


@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_instance_norm_of_channels_last_memory(offset):
    x = (torch.randn(3, 8, 20, 30) + offset).contiguous(memory_format=torch.channels_last)

    expected = F.instance_norm(x.double()).float()

    assert_rounded(instance_norm(x), expected, 16, scale=expected.abs().max() + offset)


def test_instance_norm_has_float32_statistics_of_half_precision_values():
    x = (10 + torch.randn(1, 4, 64, 64)).bfloat16()  # whose sum bfloat16 can't hold

    normalized = instance_norm(x).float()

    assert normalized.mean(dim=(2, 3)).abs().max() < 0.02
    assert (normalized.std(dim=(2, 3)) - 1).abs().max() < 0.01


def test_winograd_transforms_are_exact():
    inputs, taps, outputs = transforms()
    x, kernel = torch.randn(6, dtype=torch.float64), torch.randn(3, dtype=torch.float64)

    actual = outputs @ ((taps @ kernel) * (inputs @ x))

    torch.testing.assert_close(actual, x.unfold(0, 3, 1) @ kernel, atol=1e-13, rtol=0)


@pytest.mark.parametrize("size", [(4, 4), (9, 14), (16, 3)])
@pytest.mark.parametrize("num_rows", [1, 3])
def test_winograd_convolution_of_pictures(size, num_rows, monkeypatch):
    monkeypatch.setattr("moda_core.liveportrait.winograd.MAX_TILES", num_rows * -(-size[1] // 4))
    conv, x = nn.Conv2d(11, 6, 3, padding=1), torch.randn(2, 11, *size)

    actual = WinogradConv(conv)(x)

    assert_rounded(actual, conv(x), 11 * 9)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_winograd_convolution_of_volumes(depth):
    conv, x = nn.Conv3d(4, 6, 3, padding=1), torch.randn(2, 4, depth, 6, 9)

    actual = WinogradConv(conv)(x)

    assert_rounded(actual, conv(x), 4 * 27)


def test_winograd_convolution_of_many_channels_is_exact_to_rounding():
    conv, x = nn.Conv2d(512, 64, 3, padding=1), torch.randn(1, 512, 12, 12).relu()
    exact = F.conv2d(x.double(), conv.weight.double(), conv.bias.double(), padding=1)

    error = (WinogradConv(conv)(x) - exact).square().mean().sqrt()

    assert error < 2e-6 * exact.std()  # the usual points have 2.8e-6, a direct one up to 0.8e-6


def test_winograd_convolution_without_bias_of_a_view():
    conv = nn.Conv2d(4, 6, 3, padding=1, bias=False)
    x = torch.randn(1, 12, 8, 8)[:, 4:8]

    assert_rounded(WinogradConv(conv)(x), conv(x), 4 * 9)


def test_winograd_convolution_leaves_its_input_alone():
    x = torch.randn(1, 1, 8, 8, 4)
    before = x.clone()

    winograd_conv(x, torch.randn(1, 36, 4, 4), torch.randn(4))

    assert torch.equal(x, before)


@pytest.mark.parametrize("scale", [2, 4])
def test_convolution_of_a_repeated_map_from_the_small_map(scale):
    module, x = UpsampledConv(5, 6, scale), torch.randn(2, 5, 4, 7)
    large = x.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)

    actual = RepeatedConv(module)(x)

    expected = module.conv(large)
    assert_rounded(module(x), expected, 5 * 9)
    assert_rounded(actual, expected, 5 * 9)


def test_kernel_of_a_repeated_map_keeps_the_sum_of_the_taps():
    weight = torch.randn(2, 3, 3, 3)

    kernel = repeated_weight(weight, 4)

    assert kernel.shape == (3, 2, 6, 6)
    expected = 16 * weight.sum(dim=(2, 3)).T
    assert_rounded(kernel.sum(dim=(2, 3)), expected, 6 * 6)


@pytest.mark.parametrize("depth", [2, 9])
@pytest.mark.parametrize("size", [5, 7])
def test_volume_convolution_split_along_the_depth(depth, size):
    conv, x = nn.Conv3d(4, 3, size, padding=size // 2), torch.randn(2, 4, depth, 6, 5)

    actual = DepthSplitConv(conv)(x)

    assert_rounded(actual, conv(x), 256)  # of up to 1372 terms most roundings cancel


def test_acceleration_replaces_only_what_gains():
    network = nn.Sequential(
        nn.Conv2d(128, 128, 3, padding=1),
        nn.Conv2d(128, 12, 3, padding=1),
        nn.Conv2d(128, 128, 3, stride=2, padding=1),
        nn.Conv2d(128, 128, 3, padding=1, groups=128),
        nn.Sequential(nn.Conv3d(8, 22, 7, padding=3), UpsampledConv(4, 4, 2)),
        nn.Conv2d(128, 128, 3, padding=1).bfloat16(),
    )

    kinds = [type(layer).__name__ for layer in accelerate(network).modules()]

    expected = ["Sequential", "WinogradConv", "Conv2d", "Conv2d", "Conv2d", "Sequential"]
    assert kinds == [*expected, "DepthSplitConv", "RepeatedConv", "Conv2d"]
