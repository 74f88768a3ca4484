"""A Ray cluster that this process joins, and how it is divided among workers."""

import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from ...errors import MoDAError
from ...model_files.places import ENVIRONMENT, named_folder

PACKAGE = Path(__file__).resolve().parents[2]  # which the nodes get
AUTO = "auto"
REACH_S = 10.0  # in which a cluster's head must answer
# How a gRPC client begins, with an empty SETTINGS frame, which the server answers with its own.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
FRAME_TYPE, SETTINGS = 3, 4


@dataclass(frozen=True)
class Share:
    """What each worker gets, and how many there are.

    Parameters
    ----------
    num_workers, cores : int
        At least 1.
    gpus : {0, 1}
    """

    num_workers: int
    cores: int
    gpus: int = 0

    def __str__(self) -> str:
        cores = f"{self.cores} core{'s' * (self.cores > 1)}"
        return f"1 GPU and {cores}" if self.gpus else cores


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Belong to a cluster during the block; its nodes get this project's code.

    Parameters
    ----------
    address : str
        ``HOST:PORT``, or ``auto`` for the cluster that this machine belongs to.

    Raises
    ------
    MoDAError
        If Ray is not installed, or there is no such cluster.
    """
    ray = _import_ray()
    _check_reachable(address)
    try:
        ray.init(
            address=address,
            runtime_env={"py_modules": [str(PACKAGE)], "excludes": ["**/__pycache__/"]},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise MoDAError(
            f"The Ray cluster at '{address}' can't be joined: {reason[0].rstrip('.')}. 'ray start "
            "--head' starts one, 'ray status' tells whether it runs and lets you in."
        ) from error
    try:
        with redirect_stdout(sys.stderr):  # Ray prints what happens to its nodes
            yield
    except ray.exceptions.RayError as error:
        raise MoDAError(
            f"The Ray cluster at '{address}' was lost ({type(error).__name__}). Start it again, "
            "then run the same command: it goes on from here."
        ) from error
    finally:
        ray.shutdown()


def _import_ray():
    try:
        import ray
    except ImportError as error:
        raise MoDAError(
            f"Ray is not installed ({error}). Install it with '{Path(sys.executable).name} -m pip "
            "install -r requirements-cluster.txt', or leave out --ray."
        ) from error
    return ray


def _check_reachable(address: str) -> None:
    """Complain about an address soon; Ray itself tries a wrong one for minutes."""
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise MoDAError(
            f"Expected HOST:PORT or '{AUTO}' as --ray, got {address!r}. From outside of a cluster, "
            "use 'ray job submit'."
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), REACH_S) as connection:
            connection.sendall(PREFACE)
            answer = connection.recv(FRAME_TYPE + 1)
    except (OSError, OverflowError) as error:
        raise MoDAError(
            f"Nothing answers at '{address}' ({error}). 'ray start --head' starts a cluster and "
            "prints its address."
        ) from error
    if answer[FRAME_TYPE:] != bytes([SETTINGS]) and os.environ.get("RAY_USE_TLS") != "1":
        raise MoDAError(
            f"What answers at '{address}' is not the head of a Ray cluster. 'ray start --head' "
            "prints the address; the port is 6379 unless it was told another."
        )


def nodes() -> list[Mapping[str, float]]:
    """Return the resources of each node that is alive, such as ``{"CPU": 8.0, "GPU": 1.0}``."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def divide(
    resources: Sequence[Mapping[str, float]],
    on_gpu: bool = False,
    is_small: bool = True,
    num_workers: int | None = None,
    cores: int | None = None,
) -> Share:
    """Divide a cluster: a worker for each GPU, each core, or each node.

    Parameters
    ----------
    resources : sequence of mapping
        Of each node, see `nodes`.
    on_gpu : bool
        Whether a worker needs a GPU.
    is_small : bool
        Whether one core serves a worker; otherwise it gets all that the smallest node has.
    num_workers : int, optional
        How many instead of as many as there is room for; those without room wait for more nodes.
    cores : int, optional
        Of each worker, instead of its share.

    Raises
    ------
    MoDAError
        If the cluster has no room for any worker.
    """
    num_gpus = [int(node.get("GPU", 0)) if on_gpu else 1 for node in resources]
    num_cores = [int(node.get("CPU", 0)) for node in resources]
    usable = [pair for pair in zip(num_gpus, num_cores, strict=True) if all(pair)]
    if cores is None:
        shares = [num_cores // num_gpus for num_gpus, num_cores in usable]
        cores = 1 if is_small and not on_gpu else max(1, min(shares, default=1))
    room = sum(min(gpus, own // cores) if on_gpu else own // cores for gpus, own in usable)
    share = Share(num_workers or room, cores, int(on_gpu))
    if not room and num_workers is None:
        most = f"{max(num_cores, default=0)} cores and {max(num_gpus, default=0) * on_gpu} GPUs"
        raise MoDAError(
            f"A worker needs {share}, but no node of the cluster has so much: the most are {most}. "
            "Lower --threads, or start nodes that have it."
        )
    return share


def variables(threads: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the workers: their threads, and where the models are."""
    folder = named_folder()
    return {**threads} | ({ENVIRONMENT: os.path.abspath(folder)} if folder else {})
