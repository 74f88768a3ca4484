"""Model files are fetched once, checked, and never put over another."""

import pytest

from moda_core.errors import DownloadError
from moda_core.model_files.digest import file_digest

from .fault_cases import NUM_BYTES, fetch, model_file, weights
from .hub_server import COMMIT, HubServer

# As `git hash-object` prints it.
HELLO, HELLO_GIT_SHA1 = b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"
HELLO_SHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


def test_result_tells_hash_commit_and_bytes(hub, tmp_path):
    fetched = fetch(hub, tmp_path, model_file())

    assert fetched.path == tmp_path / "moda" / "net-200.safetensors"
    assert (fetched.sha256, fetched.commit) == (hub.etag, COMMIT)
    assert fetched.num_received == NUM_BYTES


def test_transfer_is_pinned_to_the_commit_that_the_hub_named(hub, tmp_path):
    fetch(hub, tmp_path, model_file())

    paths = [request.path.split("/")[4] for request in hub.seen]
    assert paths == ["main", COMMIT]


def test_progress_counts_up_to_the_size(hub, tmp_path):
    seen = []

    fetch(hub, tmp_path, progress=lambda *figures: seen.append(figures))

    assert {total for _, total in seen} == {NUM_BYTES}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (NUM_BYTES, NUM_BYTES)
    assert len(seen) >= NUM_BYTES // 65536


def test_right_file_is_not_fetched_again_and_the_hub_not_asked(hub, tmp_path):
    fetch(hub, tmp_path)
    hub.mend()

    fetched = fetch(hub, tmp_path)

    assert not hub.seen
    assert (fetched.num_received, fetched.sha256, fetched.commit) == (0, hub.etag, COMMIT)


def test_file_of_unknown_hash_is_compared_with_the_hub(hub, tmp_path):
    fetch(hub, tmp_path)
    hub.mend()

    fetched = fetch(hub, tmp_path, model_file())

    assert [request.method for request in hub.seen] == ["HEAD"]
    assert fetched.num_received == 0


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("there", [b"notes of the user", weights(seed=1)], ids=["size", "hash"])
def test_another_file_in_the_place_is_left_alone(hub, tmp_path, target, there, is_known):
    target.write_bytes(there)

    with pytest.raises(DownloadError, match=rf"another file of {len(there)} bytes.*Move or rename"):
        fetch(hub, tmp_path, model_file(weights() if is_known else None))

    assert target.read_bytes() == there
    assert hub.num_sent() == 0


def test_folder_in_the_place_is_told(hub, tmp_path, target):
    target.mkdir()

    with pytest.raises(DownloadError, match="is a folder"):
        fetch(hub, tmp_path)


def test_file_put_there_meanwhile_is_not_overwritten(hub, tmp_path, target):
    def progress(done, total):
        if done == total:
            target.write_bytes(b"another")

    with pytest.raises(DownloadError, match="another file of 7 bytes"):
        fetch(hub, tmp_path, progress=progress)

    assert target.read_bytes() == b"another"


def test_small_file_is_checked_by_the_hash_of_git(tmp_path):
    file = model_file(path="config.json")

    with HubServer(HELLO, etag=HELLO_GIT_SHA1) as hub:
        fetched = fetch(hub, tmp_path, file)
        again = fetch(hub, tmp_path, file)

    assert fetched.sha256 == again.sha256 == HELLO_SHA256
    assert (fetched.num_received, again.num_received) == (6, 0)


def test_small_file_of_another_hash_is_refused(tmp_path):
    with (
        HubServer(b"hellO\n", etag=HELLO_GIT_SHA1) as hub,
        pytest.raises(DownloadError, match=f"expected {HELLO_GIT_SHA1}"),
    ):
        fetch(hub, tmp_path, model_file(path="config.json"))

    assert len(hub.ranges()) == 2  # the first may have gone on with a damaged part


def test_digest_is_known(tmp_path):
    (tmp_path / "hello").write_bytes(HELLO)

    assert file_digest(tmp_path / "hello") == HELLO_SHA256
