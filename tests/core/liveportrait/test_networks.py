"""The portrait networks against plain ones, at small sizes and, marked slow, whole."""

import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moda_core.liveportrait.acceleration import accelerate
from moda_core.liveportrait.appearance import AppearanceExtractor, convert_appearance
from moda_core.liveportrait.convnext import ConvNeXtBlock
from moda_core.liveportrait.hourglass import halve
from moda_core.liveportrait.motion_extractor import MotionExtractor
from moda_core.liveportrait.motion_grid import heat_maps, identity_grid, sample_translated
from moda_core.liveportrait.networks import NETWORKS
from moda_core.liveportrait.spade import SPADEBlock, SPADEDecoder, convert_spade
from moda_core.liveportrait.stitching import EYE_WIDTHS, KeypointMLP, convert_keypoint_mlp
from moda_core.liveportrait.warping import WarpingNetwork, convert_warping
from moda_core.motion.keypoints import refine_motion_info
from moda_core.runtime.layers import Layers
from tests.bench import plain_renderer as plain
from tests.parity.renderer_cases import copied
from tests.parity.synthetic_weights import checkpoint_state
from tests.tolerances import assert_rounded


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


def randomized(network):
    """Give batch norms something to do, as in a trained network."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 2)
            module.weight.data.uniform_(0.7, 1.3)
            module.bias.data.normal_(0, 0.3)
    return network.eval()


def loaded(network, state):
    network.load_state_dict(state)
    return network.eval()


def rms(difference):
    return difference.square().mean().sqrt()


def keypoints(batch=1):
    return 0.3 * torch.randn(1, 21, 3) + 0.05 * torch.randn(batch, 21, 3)


def test_appearance_extractor_equals_the_plain_one():
    reference = randomized(plain.PlainAppearance())
    network = loaded(AppearanceExtractor(), convert_appearance(copied(reference.state_dict())))
    image = torch.rand(1, 3, 256, 256)

    volume = network(image)

    assert volume.shape == (1, 32, 16, 64, 64)
    assert_rounded(volume, reference(image), 256)


@pytest.mark.parametrize("make", [AppearanceExtractor, MotionExtractor])
def test_extractors_refuse_other_sizes(make):
    network = make(Layers(device="meta"))

    with pytest.raises(ValueError, match=r"\(1, 3, 512, 512\).*Crop and resize"):
        network(torch.zeros(1, 3, 512, 512, device="meta"))


def test_convnext_block_follows_its_formula():
    block, x = ConvNeXtBlock(6), torch.randn(2, 8, 8, 6)
    block.grn.gamma.normal_()
    block.grn.beta.normal_()

    actual = block(x)

    y = F.conv2d(x.permute(0, 3, 1, 2), block.dwconv.weight, block.dwconv.bias, padding=3, groups=6)
    y = F.layer_norm(y.permute(0, 2, 3, 1), (6,), block.norm.weight, block.norm.bias, 1e-6)
    y = F.gelu(F.linear(y, block.pwconv1.weight, block.pwconv1.bias))
    energy = y.square().sum(dim=(1, 2), keepdim=True).sqrt()
    y = block.grn.gamma * (y * energy / (energy.mean(-1, keepdim=True) + 1e-6)) + block.grn.beta + y
    expected = x + F.linear(y, block.pwconv2.weight, block.pwconv2.bias)
    assert_rounded(actual, expected, 64)


def test_motion_extractor_gives_what_refinement_expects():
    info = refine_motion_info(MotionExtractor().eval()(torch.rand(2, 3, 256, 256)))

    shapes = {name: tuple(value.shape) for name, value in info.items()}
    angles = dict.fromkeys(("pitch", "yaw", "roll", "scale"), (2, 1))
    assert shapes == {"kp": (2, 21, 3), "exp": (2, 21, 3), "t": (2, 3), **angles}


def test_keypoint_mlp_reads_keys_with_and_without_the_data_parallel_prefix():
    linears = [nn.Linear(*pair) for pair in itertools.pairwise(EYE_WIDTHS)]
    layers = [layer for linear in linears for layer in (linear, nn.ReLU())][:-1]
    reference, x = nn.Sequential(*layers), torch.randn(3, 66)
    state = {f"module.mlp.{key}": tensor for key, tensor in reference.state_dict().items()}

    network = loaded(KeypointMLP(EYE_WIDTHS), convert_keypoint_mlp(state))
    again = loaded(KeypointMLP(EYE_WIDTHS), convert_keypoint_mlp(network.state_dict()))

    torch.testing.assert_close(network(x), reference(x))
    torch.testing.assert_close(again(x), network(x))


def test_heat_maps_are_gaussians_around_keypoints():
    points = 2 * torch.rand(2, 21, 3) - 1

    actual = heat_maps(points)

    expected = plain.heat_maps(points, plain.identity_grid())
    assert_rounded(actual, expected, 16)


def test_differences_of_heat_maps_are_no_denormal_numbers():
    differences = heat_maps(keypoints()) - heat_maps(keypoints())

    sizes = differences.abs()
    assert (sizes >= torch.finfo(torch.float32).tiny).logical_or(sizes == 0).all()


def test_translated_sampling_equals_the_operator_with_edges_and_zeros():
    volume, offsets = torch.randn(1, 4, 16, 64, 64), 0.8 * torch.randn(2, 3, 3)
    offsets[0, 0] = 0
    grids = identity_grid(volume.device) + offsets.flatten(0, 1)[:, None, None, None]

    actual = sample_translated(volume, offsets)

    expected = F.grid_sample(volume.expand(6, -1, -1, -1, -1), grids, align_corners=False)
    assert_rounded(actual.flatten(0, 1), expected, 64)  # places in 64 steps have 6 bits less


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_halving_averages_slices(dtype):
    x = torch.randint(0, 8, (2, 3, 4, 6, 8)).to(dtype)

    expected = F.avg_pool3d(x.float(), (1, 2, 2))

    torch.testing.assert_close(halve(x).float(), expected)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("widths", "scale"), [((16, 16), 1), ((16, 8), 2), ((8, 4), 4), ((64, 64), 1)]
)
def test_spade_block_equals_the_plain_one(widths, scale, fast):
    reference = randomized(plain.PlainSPADEBlock(*widths))
    state = {f"block.{key}": tensor for key, tensor in reference.state_dict().items()}
    enlarge = 1 if scale == 1 else 2
    network = SPADEBlock(*widths, enlarge=enlarge, scale=scale)
    converted = convert_spade(copied(state))
    loaded(network, {key.removeprefix("block."): value for key, value in converted.items()})
    size = 8 * scale // enlarge
    x, segmentation = torch.randn(2, widths[0], size, size), torch.randn(2, 256, 8, 8)

    actual = (accelerate(network) if fast else network)(x, segmentation)

    plain_inputs = F.interpolate(x, scale_factor=enlarge), segmentation
    rounded = reference(*plain_inputs)
    exact = reference.double()(*(each.double() for each in plain_inputs))
    assert rms(actual - exact) < 8 * rms(rounded - exact)


def test_spade_block_leaves_its_inputs_alone():
    network = SPADEBlock(4, 4).eval()
    x, segmentation = torch.randn(1, 4, 8, 8), torch.randn(1, 256, 8, 8)
    before = x.clone(), segmentation.clone()

    network(x, segmentation)

    assert torch.equal(x, before[0])
    assert torch.equal(segmentation, before[1])


def test_decoder_and_warp_say_what_shape_they_want():
    with pytest.raises(ValueError, match=r"\(B, 256, 64, 64\), got \(1, 256, 32, 32\)"):
        SPADEDecoder(Layers(device="meta"))(torch.zeros(1, 256, 32, 32))
    warping = WarpingNetwork(Layers(device="meta"))
    with pytest.raises(ValueError, match="one portrait at a time"):
        warping.prepare(torch.zeros(2, 32, 16, 64, 64), torch.zeros(1, 21, 3))
    with pytest.raises(ValueError, match="one portrait at a time"):
        warping.prepare(torch.zeros(1, 32, 16, 64, 64), torch.zeros(2, 21, 3))
    with pytest.raises(ValueError, match=r"kp_driving of shape \(B, 21, 3\), got \(1, 63\)"):
        warping.deformation(None, torch.zeros(1, 63))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_take_layers_from_the_given_operations(name):
    made = []

    def recording(kind):
        class Recorded(kind):
            def __init__(self, *args, **kwargs):
                made.append(self)
                super().__init__(*args, **kwargs)

        return Recorded

    kinds = (nn.Conv2d, nn.Conv3d, nn.Linear, nn.LayerNorm)
    operations = SimpleNamespace(**{kind.__name__: recording(kind) for kind in kinds})

    network = NETWORKS[name][0](Layers(operations, torch.bfloat16, "meta"))

    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    assert {id(layer) for layer in layers} <= {id(layer) for layer in made}
    assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
    assert not any(
        isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in network.modules()
    )


@pytest.mark.slow
def test_whole_warp_of_two_frames_equals_the_plain_one():
    reference = randomized(plain.PlainWarping())
    network = loaded(WarpingNetwork(), convert_warping(copied(reference.state_dict())))
    volume, kp_source, kp_driving = torch.randn(1, 32, 16, 64, 64), keypoints(), keypoints(2)
    expected = reference(volume.expand(2, -1, -1, -1, -1), kp_source, kp_driving)["out"]

    actual = network(network.prepare(volume, kp_source), kp_driving)
    fast = accelerate(network)  # in place
    faster = fast(fast.prepare(volume, kp_source), kp_driving)

    torch.testing.assert_close(actual, expected, atol=5e-5, rtol=0)
    torch.testing.assert_close(faster, expected, atol=5e-5, rtol=0)


@pytest.mark.slow
def test_whole_decoder_equals_the_plain_one_in_float32_and_nearly_in_bfloat16():
    state = checkpoint_state("spade_generator", salt="decoder")
    reference = loaded(plain.PlainSPADEDecoder(), state)
    network = loaded(SPADEDecoder(), convert_spade(copied(state)))
    half = accelerate(loaded(SPADEDecoder(), network.state_dict()).bfloat16())
    feature = torch.randn(1, 256, 64, 64)
    expected = reference(feature)

    plainly = network(feature)
    faster = accelerate(network)(feature)  # in place
    frames = half(feature.bfloat16())

    torch.testing.assert_close(plainly, expected, atol=2e-5, rtol=0)
    torch.testing.assert_close(faster, expected, atol=2e-5, rtol=0)
    assert 255 * (frames.float() - expected).abs().mean() < 2
