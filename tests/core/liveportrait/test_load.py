"""Loading networks of the renderer: precision, acceleration, and the group of several."""

import pytest
import torch
from torch import nn

from moda_core.errors import InputFileError
from moda_core.liveportrait import load as loading
from moda_core.liveportrait.load import load_network, load_renderer
from moda_core.liveportrait.winograd import WinogradConv
from moda_core.model_files.model_folder import ModelFiles
from tests.parity.synthetic_weights import checkpoint_state

APPEARANCE = "appearance_feature_extractor"
STITCHING = "stitching_retargeting_module"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renderer")
    for name in (APPEARANCE, STITCHING):
        torch.save(checkpoint_state(name), folder / f"{name}.pth")
    return folder


def load(folder, name, **options):
    return load_network(folder / f"{name}.pth", name, **options)


def has_winograd(network):
    return any(isinstance(module, WinogradConv) for module in network.modules())


def test_a_network_is_accelerated_on_a_cpu(folder):
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    fast, plain = load(folder, APPEARANCE), load(folder, APPEARANCE, operations=nn)

    with torch.inference_mode():
        difference = (fast(image) - plain(image)).abs().max()

    assert has_winograd(fast)
    assert not has_winograd(plain)
    assert difference < 2e-5


@pytest.mark.parametrize("name", [APPEARANCE, STITCHING])
def test_networks_that_take_no_time_stay_in_float32(folder, name):
    network = load(folder, name, dtype=torch.bfloat16)

    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["warping_module", "spade_generator"])
def test_networks_that_run_for_every_frame_take_the_precision_asked_for(tmp_path, name):
    torch.save(checkpoint_state(name), tmp_path / f"{name}.pth")

    network = load(tmp_path, name, dtype=torch.bfloat16)

    weights = {*network.parameters(), *network.buffers()}
    assert {weight.dtype for weight in weights} == {torch.bfloat16}
    assert not has_winograd(network)


def test_of_three_groups_the_one_for_stitching_is_loaded(folder):
    network = load(folder, STITCHING)

    state = checkpoint_state(STITCHING)
    weight = state["retarget_shoulder.mlp.0.weight"]
    assert torch.equal(network.get_submodule("mlp.0").weight, weight)


def test_nothing_is_trained_or_left_to_chance(folder):
    network = load(folder, APPEARANCE)

    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_the_file_of_another_network_is_refused(folder):
    with pytest.raises(InputFileError, match=r"stitching_retargeting_module\.pth.*looks like"):
        load_network(folder / f"{STITCHING}.pth", APPEARANCE)


def test_frames_are_computed_where_the_caller_will_move_the_networks(monkeypatch):
    placed = []
    monkeypatch.setattr(
        loading,
        "load_network",
        lambda path, file, device, *_: placed.append(device) or nn.Identity(),
    )

    here = load_renderer(ModelFiles(), "cpu")
    there = load_renderer(ModelFiles(), "cpu", compute_device="meta", free_memory=print)

    assert set(placed) == {"cpu"}
    assert (here.device.type, here.free_memory) == ("cpu", None)
    assert (there.device.type, there.free_memory) == ("meta", print)
