"""What nodes must not do to a host, and how they report progress."""

import ast
import importlib
from types import SimpleNamespace

import pytest
import torch

from ..host.host import ROOT

NODE_FILES = sorted((ROOT / "nodes").glob("*.py"))
FORBIDDEN = {"cuda", "empty_cache", "manual_seed", "set_default_dtype", "unload_all_models"}


def called(tree):
    return {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


@pytest.mark.parametrize("path", NODE_FILES, ids=lambda path: path.name)
def test_nodes_leave_the_device_and_the_seed_to_the_host(path):
    assert not FORBIDDEN & called(ast.parse(path.read_text("utf-8")))


@pytest.fixture
def progress(host, monkeypatch):
    """Progress of a node, and a clock that the test moves."""
    module = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock.now)
    return module.Progress(), clock


def black():
    return torch.zeros(6, 8, 3, dtype=torch.uint8)


def test_at_most_four_previews_come_in_a_second(host, progress):
    shown, clock = progress
    for step in range(1000):
        clock.now += 0.01
        shown(step + 1, 1000, black)

    assert 36 <= len(host.previews) <= 41
    assert host.previews[0][1].size == (8, 6)


def test_updates_are_at_least_a_twentieth_of_a_second_apart(host, progress):
    shown, clock = progress
    for step in range(1000):
        clock.now += 0.001
        shown(step + 1, 1000)

    assert len(host.progress) <= 22
    assert host.progress[-1] == (1000, 1000)


def test_cancel_is_noticed_without_an_update(host, progress):
    shown, _ = progress
    shown(1, 1000)
    host.management.interrupt_current_processing(True)

    with pytest.raises(host.management.InterruptProcessingException):
        shown(2, 1000)


def test_pictures_that_nobody_sees_are_not_made(host, progress):
    shown, _ = progress
    made = []
    for step in range(10):
        shown(step + 1, 1000, lambda: made.append(1) or black())

    assert len(made) == 1
