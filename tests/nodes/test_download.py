"""The download node: it looks, and fetches only what is missing, only when agreed."""

import sys
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save

from ..core.model_files.hub_server import COMMIT, Fault, HubServer
from .test_load import RENDERER_FILES

CONTENT = save({"weight": torch.randn(1 << 17)})
TARGETS = {
    "net-200": "moda/net-200.safetensors",
    "chinese-hubert-base": "audio_encoders/chinese-hubert-base/model.safetensors",
}
PARTS = {"net-200": "motion_model", "chinese-hubert-base": "encoder"}


@pytest.fixture
def hub():
    with HubServer(CONTENT) as server:
        yield server


@pytest.fixture
def node(host, hub, monkeypatch):
    """The node's module, with a table of two small files and the hub on loopback."""
    module = sys.modules[host.node_classes["MoDADownloadModels"].__module__]
    files = [
        module.ModelFile(
            *(name, PARTS[name], "owner/name", COMMIT, f"{name}.safetensors", "MIT"),
            **{"target": target, "size": len(CONTENT), "sha256": hub.etag},
        )
        for name, target in TARGETS.items()
    ]
    chosen = lambda names: [file for file in files if not names or file.name in names]  # noqa: E731
    monkeypatch.setattr(module, "named_files", chosen)
    fetch = partial(module.download_missing, endpoint=hub.endpoint)
    monkeypatch.setattr(module, "download_missing", fetch)
    return module


@pytest.fixture
def page(host, monkeypatch):
    """What is shown on nodes, by their id."""
    from server import PromptServer

    shown = {}
    show = lambda text, node_id: shown.update({node_id: text})  # noqa: E731
    stub = SimpleNamespace(send_progress_text=show)
    monkeypatch.setattr(PromptServer, "instance", stub, raising=False)
    return shown


def prompt(**inputs):
    inputs = {"files": "all", "agree": False, **inputs}
    return {"5": {"class_type": "MoDADownloadModels", "inputs": inputs}}


def places(host):
    return [host.models_folder / target for target in TARGETS.values()]


def test_without_agreement_nothing_is_fetched_and_all_is_told(host, node, hub, page):
    result = host.run(prompt())

    assert hub.seen == []
    assert not any(path.exists() for path in places(host))
    (report,) = result.outputs["5"]
    for path in places(host):
        assert f"to: {path}" in report
    assert "https://huggingface.co/owner/name: MIT" in page["5"]
    assert "switch on 'agree'" in page["5"]


def test_with_agreement_the_files_come_and_the_menus_see_them(host, node, hub, page):
    result = host.run(prompt(agree=True))

    assert result.error is None
    assert [path.read_bytes() == CONTENT for path in places(host)] == [True, True]
    assert "net-200.safetensors, model.safetensors. Press R" in page["5"]
    assert "found: " in result.outputs["5"][0]
    menu = host.object_info("MoDALoadMotionModel")["input"]["required"]["model"][1]["options"]
    assert "net-200.safetensors" in menu
    assert host.progress[-1] == (2 * len(CONTENT), 2 * len(CONTENT))


def test_what_is_there_is_not_fetched_again(host, node, hub):
    host.run(prompt(agree=True))
    hub.seen.clear()

    result = host.run(prompt(agree=True))

    assert result.ran == ["5"]
    assert hub.seen == []
    assert result.outputs["5"][0].startswith("All files")


def test_one_file_can_be_chosen(host, node):
    host.run(prompt(files="net-200", agree=True))

    assert [path.exists() for path in places(host)] == [True, False]


def test_cancel_keeps_what_came_and_the_next_run_goes_on(host, node, hub):
    hub.fault = Fault(delay_s=0.03)  # updates are shown at most every 50 ms
    host.cancel_after(2)

    cancelled = host.run(prompt(agree=True))

    assert cancelled.interrupted
    assert not any(path.exists() for path in places(host))
    (part,) = host.models_folder.rglob("*.part")
    there = part.stat().st_size
    assert there > 0
    hub.mend()
    assert host.run(prompt(agree=True)).error is None
    assert hub.num_sent() == 2 * len(CONTENT) - there


def test_a_file_that_is_not_there_is_named_with_its_address(host, node, hub):
    hub.fault = Fault(methods=("HEAD", "GET"), status=404)

    result = host.run(prompt(agree=True))

    assert result.error_type == "DownloadError"
    assert len(result.error.splitlines()) == 2
    assert f"{hub.endpoint}/owner/name/resolve/{COMMIT}/net-200.safetensors" in result.error
    assert "run.py" not in result.error


def test_without_a_connection_one_file_is_waited_for_and_not_each(host, node, hub, monkeypatch):
    fetch = sys.modules[f"{host.pack.__name__}.moda_core.model_files.fetch"]
    monkeypatch.setattr(fetch, "WAITS_S", (0.0,))
    hub.fault = Fault(methods=("HEAD", "GET"), status=503)

    result = host.run(prompt(agree=True))

    assert "status 503" in result.error
    assert len(result.error.splitlines()) == 1
    assert len({request.path for request in hub.seen}) == 1


def test_the_others_come_when_one_fails(host, node, hub):
    # Another file lies where the first belongs.
    first, second = places(host)
    first.parent.mkdir(parents=True, exist_ok=True)
    first.write_bytes(b"<html>")

    result = host.run(prompt(agree=True))

    assert str(first) in result.error
    assert second.read_bytes() == CONTENT


def test_a_loader_refuses_a_file_that_changed_after_it_was_fetched(host, node):
    host.run(prompt(agree=True))
    path = places(host)[0]
    path.write_bytes(CONTENT[:-1] + b"\xff")

    with pytest.raises(Exception, match="has changed since it was checked") as refused:
        host.call("MoDALoadMotionModel", model="net-200.safetensors")

    assert type(refused.value).__name__ == "InputFileError"
    assert len(list((host.base / "user" / "moda" / "checked_files").iterdir())) == 2


@pytest.mark.parametrize(
    ("loader", "inputs", "changed"),
    [
        ("MoDALoadAudioEncoder", {"encoder": "moda/hubert"}, "moda/hubert/pytorch_model.bin"),
        ("MoDALoadMotionModel", {"model": "net-200.pth"}, "moda/net-200.pth"),
        ("MoDALoadRenderer", {"renderer": "liveportrait"}, "liveportrait/spade_generator.pth"),
    ],
)
def test_every_loader_refuses_what_changed_since_it_was_checked(host, loader, inputs, changed):
    names = [f"liveportrait/{name}.pth" for name in RENDERER_FILES]
    for name in ["moda/net-200.pth", "moda/hubert/pytorch_model.bin", *names]:
        path = host.models_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (host.models_folder / "moda" / "hubert" / "config.json").write_text('{"model_type": "hubert"}')
    stamps = sys.modules[f"{host.pack.__name__}.moda_core.model_files.stamps"]
    notes = stamps.Stamps(host.base / "user" / "moda" / stamps.NAME)
    notes.record(host.models_folder / changed, stamps.Stamp(1, 1, "0" * 64, "2026-01-01"))

    with pytest.raises(Exception, match="has changed since it was checked") as refused:
        host.call(loader, **inputs)

    assert str(host.models_folder / changed) in str(refused.value)


def test_the_nodes_choices_are_names_of_files(host):
    module = sys.modules[host.node_classes["MoDADownloadModels"].__module__]
    catalog = sys.modules[f"{host.pack.__name__}.moda_core.model_files.catalog"]
    options = host.object_info("MoDADownloadModels")["input"]["required"]["files"][1]["options"]

    assert options[0] == module.ALL
    assert set(options[1:]) <= set(catalog.choices())


@pytest.mark.parametrize(
    ("loader", "inputs", "target"),
    [
        ("MoDALoadMotionModel", {"model": "a.pth"}, "moda/net-200.pth"),
        (
            "MoDALoadAudioEncoder",
            {"encoder": "a"},
            "audio_encoders/chinese-hubert-base/model.safetensors",
        ),
        ("MoDALoadRenderer", {"renderer": "a"}, "moda/liveportrait/warping_module.pth"),
    ],
)
def test_a_loaders_error_names_the_node_and_where_each_file_belongs(host, loader, inputs, target):
    with pytest.raises(ValueError, match="was not found in the model folders") as refused:
        host.call(loader, **inputs)

    text = str(refused.value)
    assert "the node MoDA Download Models" in text
    assert f"to: {host.models_folder / target}" in text
    assert "from: https://huggingface.co/" in text
    assert "licence" in text
    assert "run.py" not in text
    assert "--" not in text


def test_the_one_node_names_all_that_is_missing(host, parts):
    with pytest.raises(ValueError, match="MoDA Download Models") as refused:
        host.call("MoDATalkingPortrait", image=[], audio=[], bundle="MoDA (model files)")

    text = str(refused.value)
    assert text.count("from: https://") == 7
    assert "run.py" not in text
