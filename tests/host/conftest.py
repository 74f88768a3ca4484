"""The host of this process, with tiny nodes where a test asks for them."""

import pytest

from .fixtures import host, pytest_collection_modifyitems, pytest_terminal_summary  # noqa: F401


@pytest.fixture
def tiny(host):  # noqa: F811
    """The host with the tiny nodes."""
    from .tiny_nodes import LOG, TINY_NODES

    host.add(*TINY_NODES)
    LOG.clear()
    return host


@pytest.fixture
def log():
    """What the tiny nodes logged."""
    from .tiny_nodes import LOG

    return LOG


@pytest.fixture
def latest(host):  # noqa: F811
    """The host's `comfy_api.latest`."""
    import comfy_api.latest

    return comfy_api.latest
