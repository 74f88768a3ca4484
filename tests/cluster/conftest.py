"""Ray clusters of this machine, and files of a batch that take no time to animate."""

import pytest

from tests.core.cli.batch.conftest import inputs, job_fields  # noqa: F401 (fixtures)

from .local_cluster import local_cluster


@pytest.fixture(autouse=True, scope="session")
def private_ray():
    """Report nothing to anybody, and be no part of another cluster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_raylet_start_wait_time_s", "300")  # on a busy machine
        patch.setenv("RAY_AUTH_MODE", "disabled")  # all of it listens on this machine alone
        patch.delenv("RAY_ADDRESS", raising=False)
        yield


@pytest.fixture(scope="module")
def two_nodes(private_ray):
    """The address of two nodes, which tests leave as they are."""
    with local_cluster(2) as cluster:
        yield cluster.address


@pytest.fixture
def cluster(private_ray):
    """Two nodes of which tests may take one away."""
    with local_cluster(2) as cluster:
        yield cluster
