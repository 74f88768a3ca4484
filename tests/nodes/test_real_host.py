"""What only a real ComfyUI can show."""

from pathlib import Path

import pytest

from ..host.test_loading import NODES
from .starter_graph import starter_prompt

pytestmark = pytest.mark.real_host


def test_the_web_folder_is_served(host):
    import nodes

    folders = [Path(folder) for folder in nodes.EXTENSION_WEB_DIRS.values()]

    assert Path(host.pack.__path__[0], "web") in folders


def test_no_node_takes_the_place_of_another(host):
    ours = {name: cls for name, cls in host.node_classes.items() if name.startswith("MoDA")}

    assert set(ours) == set(NODES)
    assert all(host.pack.__name__ in cls.__module__ for cls in ours.values())


def test_networks_stay_loaded_and_can_be_unloaded_and_used_again(host):
    import comfy.model_management as management

    first = host.run(starter_prompt())
    (patcher,) = first.outputs["model"][0].patchers
    assert patcher.model in [each.model.model for each in management.current_loaded_models]
    management.unload_all_models()
    assert management.current_loaded_models == []

    again = host.run(starter_prompt(motion={"seed": 1}))

    assert again.error is None


def test_parameters_are_left_without_gradients(host):
    result = host.run(starter_prompt())
    network = result.outputs["model"][0].model.network

    assert not network.training
    assert all(weight.grad is None for weight in network.parameters())
