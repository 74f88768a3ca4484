"""The time left of a batch, and its table."""

import pytest

from moda_core.cli.batch.job import DONE, FAILED, Result
from moda_core.cli.batch.progress import Estimate, failures, table

from .batch_cases import job


def ended(name, seconds, status=DONE):
    return Result(name, 1, f"{name}.mp4", status, seconds)


def estimate(*sounds, num_workers=1):
    return Estimate([job(str(n), sound_s=s) for n, s in enumerate(sounds)], num_workers)


def test_nothing_is_known_before_a_clip_is_done():
    unknown = estimate(1, 1)
    unknown.end(ended("0", 0.1, FAILED))

    assert unknown.seconds_left([5.0]) is None


def test_the_time_left_follows_the_length_of_the_recordings():
    left = estimate(10, 20, 70)
    left.end(ended("0", 5.0))

    assert left.seconds_left() == pytest.approx(45)
    assert left.seconds_left([4.0]) == pytest.approx(41)


def test_workers_share_what_is_left():
    left = estimate(*[10] * 5, num_workers=2)
    left.end(ended("0", 8.0))

    assert left.seconds_left([4.0, 2.0]) == pytest.approx((4 * 8 - 6) / 2)
    for name in ("1", "2", "3"):
        left.end(ended(name, 8.0))
    assert left.seconds_left([2.0]) == pytest.approx(6)


def test_failures_say_nothing_about_the_speed():
    left = estimate(10, 10, 10)
    left.end(ended("0", 8.0))
    left.end(ended("1", 0.1, FAILED))

    assert left.seconds_left() == pytest.approx(8)


def test_unknown_lengths_count_as_the_mean_of_the_others():
    left = estimate(10, None, 30)
    left.end(ended("0", 5.0))

    assert left.seconds_left() == pytest.approx(5 / 10 * (20 + 30))


def test_the_table_counts_and_tells_the_speed():
    results = [ended("0", 5.0), ended("1", 1.0, FAILED)]

    shown = table(results, 3, [job("0", sound_s=90.0), job("1", sound_s=10.0)], 45.0)

    rows = dict(
        line.split(maxsplit=1) for line in shown.replace("done before", "before").split("\n")
    )
    assert rows["done"] == "1"
    assert rows["before"] == "3"
    assert rows["failed"] == "1"
    assert rows["time"] == "0:45"
    assert rows["speech"] == "1:30, 2.00 of real time"


def test_failures_are_told_by_line_and_long_lists_are_cut():
    many = [Result(str(line), line, None, FAILED, 0.0, f"why {line}") for line in range(40, 0, -1)]

    sentences = failures([*many, ended("x", 1.0)], "results.jsonl")

    assert sentences[0] == "Line 1: why 1"
    assert len(sentences) == 21
    assert "20 more" in sentences[-1]
    assert "results.jsonl" in sentences[-1]
