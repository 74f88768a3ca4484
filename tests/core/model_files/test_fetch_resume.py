"""A fetch that was stopped goes on where it was, and waits as it should."""

import threading
from email.utils import formatdate

import pytest

from moda_core.errors import DownloadError

from .fault_cases import NUM_BYTES, fetch, judge_file, parts_in, weights
from .hub_server import HTML, Fault

ERRORS = [OSError(28, "mine"), TimeoutError(), DownloadError("mine"), KeyboardInterrupt()]


class CancelError(BaseException):
    """As a host may raise to cancel."""


def part_of(hub, target):
    return target.with_name(f"{target.name}.{hub.etag[:8]}.part")


def test_cancel_in_the_middle_keeps_the_part(hub, tmp_path, target):
    def cancel(done, total):
        if done > NUM_BYTES // 2:
            raise CancelError

    with pytest.raises(CancelError):
        fetch(hub, tmp_path, progress=cancel)

    kept = part_of(hub, target).stat().st_size
    assert kept > NUM_BYTES // 2
    assert not target.exists()
    hub.mend()
    assert fetch(hub, tmp_path).num_received == NUM_BYTES - kept
    assert hub.ranges() == [f"bytes={kept}-"]
    assert judge_file(tmp_path, weights()) == []


@pytest.mark.parametrize("error", ERRORS)
def test_errors_of_the_progress_pass_through_unchanged(hub, tmp_path, error):
    def progress(done, total):
        raise error

    with pytest.raises(type(error)) as caught:
        fetch(hub, tmp_path, progress=progress)

    assert caught.value is error


def test_cancel_in_a_wait_that_the_hub_asked_for_is_noticed_soon(hub, tmp_path, target):
    hub.fault = Fault(wall=NUM_BYTES // 2, times=1)
    slept = []

    def sleep(seconds):
        hub.fault = Fault(status=429, headers={"Retry-After": "100"})
        slept.append(seconds)

    def cancel(done, total):
        if sum(slept) > 1.5:
            raise CancelError

    with pytest.raises(CancelError):
        fetch(hub, tmp_path, progress=cancel, sleep=sleep)

    assert 1.5 < sum(slept) < 3
    kept = part_of(hub, target).stat().st_size
    assert kept >= NUM_BYTES // 2
    hub.mend()
    assert fetch(hub, tmp_path).num_received == NUM_BYTES - kept


def test_cancel_is_noticed_while_another_fetches_the_file(hub, tmp_path, target):
    from huggingface_hub.utils import WeakFileLock

    locked, done = threading.Event(), threading.Event()

    def hold():
        with WeakFileLock(target.with_name(f".{target.name}.lock")):
            locked.set()
            done.wait(60)

    def cancel(done, total):
        raise CancelError

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(60)
    try:
        with pytest.raises(CancelError):
            fetch(hub, tmp_path, progress=cancel)
    finally:
        done.set()
        holder.join()

    assert hub.num_sent() == 0


def test_waits_grow_and_start_again_when_something_came(hub, tmp_path):
    slept = []
    hub.fault = Fault(status=503)

    with pytest.raises(DownloadError, match="6 failures"):
        fetch(hub, tmp_path, sleep=slept.append)

    assert sum(slept) == pytest.approx(1 + 2 + 4 + 8 + 8)
    slept.clear()
    hub.fault = Fault(cut_after=NUM_BYTES // 8)
    fetch(hub, tmp_path, sleep=slept.append)
    assert sum(slept) == pytest.approx(7 * 1)


def test_hub_is_given_the_time_that_it_asks_for(hub, tmp_path):
    slept = []
    hub.fault = Fault(("HEAD",), 1, status=429, headers={"Retry-After": "7"})

    fetch(hub, tmp_path, sleep=slept.append)

    assert sum(slept) == pytest.approx(7)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 1),
        ({"Retry-After": " 30 "}, 30),
        ({"Retry-After": formatdate(0, usegmt=True)}, 0),
        ({"Retry-After": "soon"}, 1),
        ({"RateLimit": '"resolvers";r=0;t=45'}, 45),
    ],
)
def test_wait_is_read_from_the_headers(hub, tmp_path, headers, seconds):
    slept = []
    hub.fault = Fault(times=1, status=429, headers=headers)

    fetch(hub, tmp_path, sleep=slept.append)

    assert sum(slept) == pytest.approx(seconds)


def test_wait_until_a_date_is_counted_from_now(hub, tmp_path, monkeypatch):
    slept, now = [], 1_700_000_000
    monkeypatch.setattr("time.time", lambda: float(now))
    headers = {"Retry-After": formatdate(now + 60, usegmt=True)}
    hub.fault = Fault(times=1, status=429, headers=headers)

    fetch(hub, tmp_path, sleep=slept.append)

    assert sum(slept) == pytest.approx(60)


def test_part_longer_than_the_file_is_thrown_away(hub, tmp_path, target):
    part_of(hub, target).write_bytes(weights() + b"more")

    assert fetch(hub, tmp_path).num_received == NUM_BYTES
    assert hub.ranges() == [None]
    assert judge_file(tmp_path, weights()) == []


def test_damaged_part_is_found_out_and_fetched_anew(hub, tmp_path, target):
    part_of(hub, target).write_bytes(weights(seed=1)[: NUM_BYTES // 2])

    fetch(hub, tmp_path)

    assert hub.ranges() == [f"bytes={NUM_BYTES // 2}-", None]
    assert judge_file(tmp_path, weights()) == []


def test_complete_part_is_only_checked(hub, tmp_path, target):
    part_of(hub, target).write_bytes(weights())

    assert fetch(hub, tmp_path).num_received == 0
    assert hub.ranges() == []
    assert judge_file(tmp_path, weights()) == []


def test_part_of_another_version_is_not_gone_on_with(hub, tmp_path, target):
    other = target.with_name(f"{target.name}.ffffffff.part")
    other.write_bytes(b"of another version")

    fetch(hub, tmp_path)

    assert hub.ranges() == [None]
    assert target.read_bytes() == weights()
    assert parts_in(tmp_path) == [other]


@pytest.mark.parametrize("answer", [{"status": 416}, {"wrong_range": True}], ids=str)
def test_range_that_the_server_does_not_give_starts_anew(hub, tmp_path, target, answer):
    part_of(hub, target).write_bytes(weights()[:5000])
    hub.fault = Fault(times=1, **answer)

    assert fetch(hub, tmp_path).num_received == NUM_BYTES
    assert judge_file(tmp_path, weights()) == []


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("text/html", "gave a web page"),
        ("binary/octet-stream", f"the answer had {len(HTML)} bytes"),
    ],
)
def test_web_page_does_not_take_the_place_of_a_part(hub, tmp_path, target, content_type, words):
    part_of(hub, target).write_bytes(weights()[:1000])
    hub.fault = Fault(html=True, content_type=content_type)

    with pytest.raises(DownloadError, match=rf"{words}.* 1000 of {NUM_BYTES} bytes are kept"):
        fetch(hub, tmp_path)

    assert part_of(hub, target).read_bytes() == weights()[:1000]


def test_server_without_ranges_leaves_nothing_of_the_old_part(hub, tmp_path, target):
    part_of(hub, target).write_bytes(bytes(NUM_BYTES // 2))
    hub.fault = Fault(ranges=False, wall=NUM_BYTES // 4)

    with pytest.raises(DownloadError, match="the connection"):
        fetch(hub, tmp_path)

    assert part_of(hub, target).read_bytes() == weights()[: NUM_BYTES // 4]


def test_what_is_reported_is_on_the_disk(hub, tmp_path, target):
    def progress(done, total):
        if part_of(hub, target).exists():
            assert part_of(hub, target).stat().st_size == done

    fetch(hub, tmp_path, progress=progress)

    assert judge_file(tmp_path, weights()) == []
