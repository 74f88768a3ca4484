"""A real Ray cluster whose nodes are processes of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 << 20, "include_dashboard": False}


@contextmanager
def local_cluster(num_nodes: int = 2) -> Iterator[Cluster]:
    """Start nodes of one core each; all but the first, the head, say that they have a GPU."""
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        for _ in range(num_nodes - 1):
            cluster.add_node(**{**NODE, "num_gpus": 1})
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()
