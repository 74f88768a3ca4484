"""From lines to jobs: names of outputs, identities, shards, and lines that can't be jobs."""

import os
import re
import shutil

import numpy as np
import pytest

from moda_core.cli.batch.job_file import Line
from moda_core.cli.batch.plan import Shard, plan
from tests.sound_files import write_sound, write_tracks

from .batch_cases import lines


@pytest.fixture
def planned(inputs, tmp_path):
    def run(*fields, **options):
        return plan(lines(*fields), tmp_path / "out", inputs, **options)

    return run


@pytest.fixture
def one(planned, job_fields):
    """Return the only job of some fields."""

    def run(**fields):
        (job,), failed = planned({**job_fields, **fields})
        assert not failed
        return job

    return run


def test_a_job_has_absolute_paths_and_the_length_of_its_recording(one, inputs):
    job = one()

    assert job.arguments[:2] == (str(inputs / "face.png"), str(inputs / "tone.wav"))
    assert job.sound_s == pytest.approx(0.2)
    assert one(seconds=0.1).sound_s == pytest.approx(0.1)
    assert one(start=0.15).sound_s == pytest.approx(0.05)
    assert job.output == "face-tone.mp4"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".mkv", ".mp4"])
def test_the_length_of_a_recording_is_known_in_every_format(one, inputs, suffix):
    rate, tone = 16000, 0.1 * np.sin(np.arange(16000 * 60) / 20)
    path = inputs / f"long{suffix}"
    if suffix in (".mkv", ".mp4"):
        write_tracks(path, {"English": tone}, rate)
    else:
        write_sound(path, np.stack([tone, tone], 1), rate)  # Vorbis has two channels

    assert one(audio=path.name).sound_s == pytest.approx(60, abs=0.2)


def test_options_of_the_whole_batch_give_way_to_those_of_a_line(planned, job_fields, one):
    jobs, _ = planned(job_fields, {**job_fields, "seed": 7}, common={"seed": "5", "steps": "2"})

    assert jobs[0].id == one(seed=5, steps=2).id
    assert jobs[1].id == one(seed=7, steps=2).id


def test_the_identity_is_that_of_contents_and_options_and_not_of_names(one, inputs):
    first = one()
    shutil.copy(inputs / "face.png", inputs / "copy.png")
    os.utime(inputs / "face.png", (1, 1))

    assert one().id == first.id
    assert one(portrait="copy.png").id == first.id
    assert one(seed=42, emotion="none", quality="standard", transparent=False).id == first.id


def test_another_content_or_option_is_another_job(one, inputs):
    (inputs / "motion.json").write_text("{}")
    ids = [one().id, one(audio="low.wav").id, one(portrait="other.png").id]
    for fields in (
        *({"seed": 1}, {"emotion": "fear"}, {"fps": 30}, {"seconds": 0.1}, {"quality": "high"}),
        *({"background": "red"}, {"background": "other.png"}, {"points": None}, {"face": 0}),
        *({"output": "a.mp4"}, {"save_motion": "a.json"}, {"motion": "motion.json"}),
    ):
        ids.append(one(**fields).id)
    (inputs / "motion.json").write_text("{ }")
    ids.append(one(motion="motion.json").id)

    assert len(set(ids)) == len(ids) - 1  # `face: 0` is the default
    assert ids[0] == one(face=0).id


def test_the_recordings_of_people_count(planned):
    def people(second):
        speaker = [["Anna", "left", "tone.wav"], ["Ben", "right", second]]
        (job,), _ = planned({"portrait": "face.png", "speaker": speaker})
        return job

    assert people("low.wav").id != people("tone.wav").id
    assert people("low.wav").output == "face-scene.mp4"


def test_outputs_without_a_name_of_their_own_get_distinct_ones(planned, job_fields, inputs):
    (inputs / "sub").mkdir()
    shutil.copy(inputs / "other.png", inputs / "sub" / "FACE.png")
    jobs, _ = planned(
        job_fields,
        {**job_fields, "seed": 1},
        {**job_fields, "portrait": "sub/FACE.png"},
        {**job_fields, "seed": 2, "output": "face-low.mp4"},
        {**job_fields, "audio": "low.wav"},
        {**job_fields, "portrait": "other.png", "background": "other.png", "emotion": "fear"},
    )

    assert [job.output for job in jobs] == [
        "face-tone.mp4",
        f"face-tone-{jobs[1].id[:8]}.mp4",
        f"FACE-tone-{jobs[2].id[:8]}.mp4",
        "face-low.mp4",
        f"face-low-{jobs[4].id[:8]}.mp4",
        "other-tone.mp4",
    ]


def test_shards_share_the_lines_and_agree_about_names(planned, job_fields):
    fields = [{**job_fields, "seed": seed} for seed in range(7)]
    whole, _ = planned(*fields)

    parts = [planned(*fields, shard=Shard(index, 3))[0] for index in (1, 2, 3)]

    assert [len(part) for part in parts] == [3, 2, 2]
    assert sorted((job for part in parts for job in part), key=lambda job: job.line) == whole


BAD = {
    "missing file": ({"portrait": "gone.png"}, r"gone\.png' does not exist"),
    "missing sound": ({"audio": "gone.wav"}, r"gone\.wav' does not exist"),
    "missing motion": ({"motion": "gone.json"}, r"gone\.json' does not exist"),
    "a folder": ({"portrait": "."}, "does not exist"),
    "unknown option": ({"sead": 1}, "sead"),
    "wrong value": ({"emotion": "joy"}, "joy"),
    "no effect": ({"audio": None}, "nothing to play"),
    "outside": ({"output": "../a.mp4"}, r"\.\./a\.mp4' is outside"),
    "absolute": ({"output": "/elsewhere/a.mp4"}, "/elsewhere/a.mp4' is outside"),
    "the folder itself": ({"output": "a/.."}, "outside"),
    "motion outside": ({"save-motion": "../a.json"}, "outside"),
    "unfinished": ({"output": ".unfinished/a.mp4"}, "outside"),
    "kind": ({"output": "a.gif"}, r"a\.gif.*\.mp4"),
    "kind of motion": ({"save_motion": "a.txt"}, r"a\.txt"),
    "no name": ({"output": " "}, "output"),
    "number as a name": ({"output": 5}, "output"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_told_and_the_others_are_jobs(planned, job_fields, case):
    fields, said = BAD[case]
    jobs, failed = planned(job_fields, {**job_fields, **fields}, {**job_fields, "seed": 9})

    assert [job.line for job in jobs] == [1, 3]
    assert [(each.line, each.status) for each in failed] == [(2, "failed")]
    assert re.search(said, failed[0].sentence)


def test_a_link_out_of_the_folder_is_outside(planned, job_fields, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)

    _, failed = planned({**job_fields, "output": "link/a.mp4"})

    assert "outside" in failed[0].sentence


def test_repeated_outputs_and_jobs_name_the_line_before(planned, job_fields):
    jobs, failed = planned(
        {**job_fields, "output": "a.mp4", "save_motion": "a.json"},
        {**job_fields, "output": "./x/../A.mp4", "seed": 1},
        {**job_fields, "save_motion": "a.json", "seed": 2},
        {**job_fields, "seed": 3},
        {**job_fields, "seed": 3},
    )

    assert [job.line for job in jobs] == [1, 4]
    assert [each.line for each in failed] == [2, 3, 5]
    for each, line in zip(failed, (1, 1, 4), strict=True):
        assert f"line {line}." in each.sentence


def test_an_output_that_is_the_input_of_any_job_is_refused(planned, job_fields, tmp_path, inputs):
    (tmp_path / "out").mkdir()
    shutil.copy(inputs / "face.png", tmp_path / "out" / "clip.mp4")

    _, failed = planned(
        {**job_fields, "portrait": str(tmp_path / "out" / "clip.mp4")},
        {**job_fields, "output": "clip.mp4"},
    )

    assert [each.line for each in failed] == [2]
    assert "also an input" in failed[0].sentence


def test_what_is_wrong_with_the_text_of_a_line_is_kept(inputs, tmp_path):
    _, (failed,) = plan([Line(4, "{", {}, "This is not JSON.")], tmp_path, inputs)

    assert (failed.line, failed.output, failed.sentence) == (4, None, "This is not JSON.")
