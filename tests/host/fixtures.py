"""Fixtures that the tests of the host and of the nodes share."""

from pathlib import Path

import pytest

from .host import REAL, Host, start_host

if REAL and not Path(REAL, "execution.py").is_file():
    pytest.exit(f"COMFYUI_PATH={REAL} is not a checkout of ComfyUI.", returncode=2)

LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture
def host() -> Host:
    """The host of this process with empty folders, an empty cache, and nothing heard yet."""
    host = start_host()
    host.reset()
    return host


def pytest_collection_modifyitems(config, items) -> None:
    """Leave the tests marked `real_host` to a real ComfyUI."""
    left_out = [each for each in items if each.get_closest_marker("real_host") and not REAL]
    if left_out:
        items[:] = [each for each in items if each not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = len(left_out)


def pytest_terminal_summary(terminalreporter, config) -> None:
    """Say, once, how many were left out, and which host the others had."""
    count = config.stash.get(LEFT_OUT, 0)
    config.stash[LEFT_OUT] = 0
    if count:
        terminalreporter.write_line(
            f"{count} tests need a real ComfyUI (COMFYUI_PATH) and were left out."
        )
