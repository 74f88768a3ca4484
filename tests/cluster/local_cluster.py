"""A real Ray cluster whose nodes are processes of this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 << 20, "include_dashboard": False}


@contextmanager
def local_cluster(num_nodes: int = 2, keep_apart: bool = False) -> Iterator[Cluster]:
    """Start nodes of one core each; all but the first, the head, say that they have a GPU.

    Ray takes their word for it. With `keep_apart` the processes of each can use one core alone.
    """
    cluster = Cluster()
    try:
        for number in range(num_nodes):
            with _on_core(number) if keep_apart else nullcontext():
                cluster.add_node(**{**NODE, "num_gpus": min(number, 1)})
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


@contextmanager
def _on_core(number: int) -> Iterator[None]:
    """Let processes that are started in the block use one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
