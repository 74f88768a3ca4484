"""A cluster divided among workers, and sentences where there is none. See `tests/cluster`, too."""

import socket
import sys
import threading
from contextlib import suppress

import pytest

from moda_core.cli.batch.ray_cluster import Share, divide, joined, variables
from moda_core.cli.main import main
from moda_core.errors import MoDAError

NODES = [{"CPU": 8.0, "GPU": 2.0, "memory": 1e9}, {"CPU": 3.0}, {"CPU": 20.0, "GPU": 4.0}, {}]


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({}, Share(31, 1)),
        ({"cores": 2}, Share(4 + 1 + 10, 2)),
        ({"cores": 4}, Share(2 + 5, 4)),
        ({"is_small": False}, Share(2 + 1 + 6, 3)),
        ({"on_gpu": True}, Share(6, 4, 1)),
        ({"on_gpu": True, "cores": 6}, Share(1 + 3, 6, 1)),
        ({"num_workers": 5}, Share(5, 1)),
        ({"num_workers": 100, "cores": 64}, Share(100, 64)),
    ],
    ids=str,
)
def test_there_is_a_worker_for_each_gpu_each_core_or_each_node(options, share):
    assert divide(NODES, **options) == share


@pytest.mark.parametrize(
    ("nodes", "options", "said"),
    [
        (NODES, {"cores": 32}, "32 cores"),
        (NODES[1:2], {"on_gpu": True}, "1 GPU"),
        ([], {}, "1 core"),
    ],
)
def test_a_cluster_without_room_is_refused(nodes, options, said):
    with pytest.raises(MoDAError, match=f"needs.* {said}"):
        divide(nodes, **options)


def test_workers_get_their_threads_and_the_models(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODA_MODELS", "weights")

    assert variables({"OMP_NUM_THREADS": "2"}) == {
        "OMP_NUM_THREADS": "2",
        "MODA_MODELS": str(tmp_path / "weights"),
    }


@pytest.fixture
def batch(inputs, tmp_path, capsys):
    def run(*options):
        (inputs / "jobs.jsonl").write_text("{}")
        status = main(["batch", str(inputs / "jobs.jsonl"), "-o", str(tmp_path / "o"), *options])
        return status, capsys.readouterr().err

    return run


def test_what_to_install_is_told_where_ray_is_missing(batch, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)

    status, said = batch("--ray", "auto")

    assert status == 2
    assert "requirements-cluster.txt" in said
    assert not (tmp_path / "o").exists()


@pytest.fixture
def installed(monkeypatch):
    """Lets the address be looked at, whether Ray is installed or not."""
    monkeypatch.setattr("moda_core.cli.batch.ray_cluster._import_ray", lambda: None)


@pytest.mark.parametrize("address", ["ray://head:10001", "head", ":6379", "head:port"])
def test_an_address_of_another_form_is_refused(installed, address):
    with pytest.raises(MoDAError, match="HOST:PORT") as error, joined(address):
        pass

    assert address in str(error.value)


def test_an_address_at_which_nothing_answers_is_told_at_once(installed):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(MoDAError, match=address), joined(address):
        pass


@pytest.mark.parametrize(("answer", "said"), [(b"HTTP/1.0 400", "not the head"), (b"", "Nothing")])
def test_another_server_or_a_mute_one_is_not_taken_for_a_cluster(
    installed, monkeypatch, answer, said
):
    monkeypatch.setattr("moda_core.cli.batch.ray_cluster.REACH_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=reply, args=(server, answer), daemon=True).start()

        with (
            pytest.raises(MoDAError, match=f"{said}.*{address}|{address}.*{said}"),
            joined(address),
        ):
            pass


def reply(server, answer):
    """Answer one connection, or keep it open in silence."""
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.sendall(answer)
        while connection.recv(100):
            pass
