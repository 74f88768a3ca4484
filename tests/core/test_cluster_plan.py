"""The simulation of a batch on a cluster, against what can be worked out by hand."""

from dataclasses import replace

import pytest

from tests.bench.cluster_simulation import Costs, Scene, simulate

CLIP = Costs(clip_s=10.0)


def test_workers_share_equal_clips_in_rounds():
    outcome = simulate(CLIP, Scene(num_jobs=25, num_workers=10))

    assert outcome.total_s == pytest.approx(30)
    assert outcome.of_ideal == pytest.approx(25 / 30)
    assert (outcome.done, outcome.failed) == (25, 0)


def test_planning_loading_and_start_come_before_the_first_clip():
    costs = replace(CLIP, line_s=0.1, job_s=0.2, start_s=3.0, load_s=4.0)

    outcome = simulate(costs, Scene(num_jobs=10, num_workers=10))

    assert outcome.planning_s == pytest.approx(3)
    assert outcome.total_s == pytest.approx(3 + 3 + 4 + 10)
    assert outcome.loading == pytest.approx(7 / 20)


def test_every_driver_reads_all_lines_and_makes_its_own_jobs():
    costs = replace(CLIP, line_s=0.1, job_s=0.2)

    outcome = simulate(costs, Scene(num_jobs=100, num_workers=10, num_drivers=5))

    assert outcome.planning_s == pytest.approx(100 * 0.1 + 20 * 0.2)


def test_models_are_read_one_after_another_from_the_storage():
    costs = replace(CLIP, model_bytes=2e9, bandwidth=1e9)

    outcome = simulate(costs, Scene(num_jobs=100, num_workers=100))

    assert outcome.total_s == pytest.approx(100 * 2 + 10)
    assert outcome.storage == pytest.approx(200 / 210)


def test_one_worker_reads_no_faster_than_its_own_connection():
    costs = replace(CLIP, model_bytes=2e9, bandwidth=1e12, worker_bandwidth=1e9)

    outcome = simulate(costs, Scene(num_jobs=1, num_workers=1))

    assert outcome.total_s == pytest.approx(2 + 10)


def test_a_slow_storage_limits_all_workers():
    costs = replace(CLIP, read_bytes=6e6, write_bytes=4e6, bandwidth=1e6)

    outcome = simulate(costs, Scene(num_jobs=1000, num_workers=100))

    assert outcome.total_s == pytest.approx(1000 * 10, rel=0.01)
    assert outcome.storage > 0.99


def test_a_slow_driver_limits_all_workers_and_two_take_half_as_long():
    costs = replace(CLIP, handle_s=0.5, watch_s=0.005)
    scene = Scene(num_jobs=1000, num_workers=100)

    one, two = (simulate(costs, replace(scene, num_drivers=drivers)) for drivers in (1, 2))

    assert one.total_s == pytest.approx(1000 * (0.5 + 0.5), rel=0.02)
    assert one.driver > 0.98
    assert two.total_s == pytest.approx(500 * (0.5 + 0.25), rel=0.03)


def test_slow_workers_take_fewer_jobs():
    scene = Scene(num_jobs=1000, num_workers=10, slow_share=0.5, slowness=4.0)

    outcome = simulate(CLIP, scene)

    rate = 5 / 10 + 5 / 40
    assert outcome.total_s == pytest.approx(1000 / rate, rel=0.03)
    assert outcome.tail_s <= 40


def test_the_mean_time_of_a_clip_is_kept_when_it_varies():
    outcome = simulate(CLIP, Scene(num_jobs=5000, num_workers=1, spread=0.5))

    assert outcome.total_s == pytest.approx(50_000, rel=0.03)


def test_jobs_of_workers_that_fail_are_done_once_by_others():
    scene = Scene(num_jobs=2000, num_workers=20, failures_per_hour=6.0, away_s=60.0)

    outcome = simulate(replace(CLIP, start_s=5.0), scene)

    expected = 2000 * 10 / 3600 * 6  # failures, each of which loses half a clip
    assert outcome.done == 2000
    assert outcome.lost * outcome.total_s * 20 == pytest.approx(expected * 5, rel=0.3)
    assert outcome.total_s == pytest.approx((2000 * 10 + expected * (5 + 60 + 5)) / 20, rel=0.05)


def test_a_job_that_ends_every_worker_is_given_up():
    outcome = simulate(CLIP, Scene(num_jobs=50, num_workers=5, deadly_jobs=3))

    assert (outcome.done, outcome.failed) == (47, 3)


def test_the_same_seed_gives_the_same_outcome():
    scene = Scene(200, 7, slow_share=0.3, slowness=2.0, spread=0.3, failures_per_hour=5.0)

    assert simulate(CLIP, scene, seed=1) == simulate(CLIP, scene, seed=1)
    assert simulate(CLIP, scene, seed=1) != simulate(CLIP, scene, seed=2)


@pytest.mark.parametrize("scene", [Scene(0, 1), Scene(10, 2, num_drivers=3)], ids=str)
def test_scenes_that_cannot_be_are_refused(scene):
    with pytest.raises(ValueError, match="got"):
        simulate(CLIP, scene)
