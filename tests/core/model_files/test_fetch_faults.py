"""Model files are fetched right, or a sentence says why not and what came is kept."""

import pytest

from moda_core.errors import DownloadError

from .fault_cases import broken_promises, fault_cases, fetch, model_file, weights
from .fault_processes import disk_full, finish, killed, refetched_after_cut, start, two_processes
from .hub_server import COMMIT, Fault, HubServer

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 400000\n"


@pytest.mark.parametrize("case", fault_cases(), ids=lambda case: case.name)
def test_fault_ends_in_the_file_or_in_a_sentence_and_a_resumable_part(case, tmp_path):
    assert broken_promises(case, tmp_path) == []


def test_a_full_disk_keeps_what_it_holds(tmp_path):
    pytest.importorskip("resource")

    assert disk_full(tmp_path) == []


def test_two_processes_share_one_transfer(tmp_path):
    assert two_processes(tmp_path) == []


def test_a_killed_process_leaves_a_part_to_go_on_with(tmp_path):
    assert killed(tmp_path) == []


def test_little_is_fetched_again_after_a_cut_at_90_percent(tmp_path):
    assert 0 <= refetched_after_cut(tmp_path) < 0.15


def test_offline_mode_names_the_address_and_the_place(tmp_path):
    with HubServer(weights()) as hub:
        status, text = finish(start(tmp_path, hub.endpoint, HF_HUB_OFFLINE="1"))

    assert status == 3
    assert f"{hub.endpoint}/owner/name/resolve/{COMMIT}/folder/net-200.safetensors" in text
    assert str(tmp_path / model_file().target) in text
    assert not hub.seen
    assert not list(tmp_path.iterdir())


def test_offline_mode_finds_what_is_there(tmp_path):
    target = tmp_path / model_file().target
    target.parent.mkdir()
    target.write_bytes(weights())

    assert finish(start(tmp_path, HF_HUB_OFFLINE="1")) == (0, "0")


def test_another_endpoint_is_respected(tmp_path):
    with HubServer(weights()) as hub:
        status, text = finish(start(tmp_path, HF_ENDPOINT=hub.endpoint))

    assert (status, text) == (0, str(len(weights())))


def test_token_goes_to_the_hub_only(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")

    with HubServer(weights(), Fault(redirect="cdn")) as hub:
        fetch(hub, tmp_path)

    tokens = {(f"http://{request.host}", request.authorization) for request in hub.seen}
    assert tokens == {(hub.endpoint, "Bearer hf_secret"), (hub.cdn, None)}


def test_token_stays_on_a_host_that_redirects_to_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")

    with HubServer(weights(), Fault(redirect="relative")) as hub:
        fetch(hub, tmp_path)

    assert {request.authorization for request in hub.seen} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 5}, "its size is 400000, expected 5"),
        ({"revision": "f" * 40}, f"its revision is {COMMIT}, expected {'f' * 40}"),
        ({"sha256": "0" * 64}, f"expected {'0' * 64}"),
    ],
)
def test_file_that_is_not_the_one_in_the_table_is_not_fetched(tmp_path, changes, words):
    with HubServer(weights()) as hub, pytest.raises(DownloadError, match=words):
        fetch(hub, tmp_path, model_file(weights(), **changes))

    assert hub.num_sent() == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (POINTER, "gave a Git LFS pointer, not 'net-200'"),
        (bytes(5000), "has no usable 'net-200'.*neither a safetensors"),
        (weights()[:100], "has no usable 'net-200'.*cut short"),
    ],
)
def test_hub_file_that_is_no_weights_is_refused_though_its_hash_is_right(tmp_path, content, words):
    with HubServer(content) as hub, pytest.raises(DownloadError, match=words):
        fetch(hub, tmp_path, model_file())

    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / model_file().target).exists()


def test_refusal_names_the_page_with_the_conditions(tmp_path):
    with (
        HubServer(weights(), Fault(("HEAD",), status=403)) as hub,
        pytest.raises(DownloadError, match=r"https://huggingface.co/owner/name"),
    ):
        fetch(hub, tmp_path)


def test_no_server_at_all_is_told(tmp_path):
    with HubServer(weights()) as hub:
        pass

    with pytest.raises(DownloadError, match=r"no answer came.*6 failures"):
        fetch(hub, tmp_path)


def test_disk_without_room_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    usage = type("usage", (), {"total": 10**9, "used": 10**9 - 300_000, "free": 300_000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)

    with HubServer(weights()) as hub, pytest.raises(DownloadError, match=r"needs 0.4 MB .* 0.3 MB"):
        fetch(hub, tmp_path)

    assert hub.num_sent() == 0


def test_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)

    with HubServer(weights()) as hub, pytest.raises(DownloadError, match="may not be written"):
        fetch(hub, tmp_path)


def test_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "moda").write_bytes(b"")

    with HubServer(weights()) as hub, pytest.raises(DownloadError, match="cannot be written"):
        fetch(hub, tmp_path)
