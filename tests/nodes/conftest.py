"""The host of this process, and what the starter's nodes make."""

import pytest

from ..host.fixtures import (  # noqa: F401
    host,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
)
from .starter_graph import starter_parts


@pytest.fixture
def parts(host):  # noqa: F811
    """The values of the starter's graph."""
    return starter_parts(host)
