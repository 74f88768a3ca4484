"""The fields of a job mean what the options of `talk` mean."""

import argparse
from pathlib import Path

import pytest

from moda_core.cli.batch.job_arguments import job_arguments, parse_arguments
from moda_core.cli.talk_arguments import add_talk_arguments
from moda_core.errors import MoDAError

HERE = Path("/jobs")
INPUTS = {"portrait": "a.png", "audio": "b.wav"}
# A value of each option of `talk`, as a job states it and as the command line does.
OPTIONS = {
    "emotion": ("fear", ["--emotion", "fear"]),
    "seed": (7, ["--seed", "7"]),
    "cfg-scale": (2.5, ["--cfg-scale", "2.5"]),
    "steps": (3, ["--steps", "3"]),
    "fps": ("30000/1001", ["--fps", "30000/1001"]),
    "quality": ("small file", ["--quality", "small file"]),
    "no-label": (True, ["--no-label"]),
    "background": ("#00ff00", ["--background", "#00ff00"]),
    "background-fit": ("fit", ["--background-fit", "fit"]),
    "max-side": (640, ["--max-side", "640"]),
    "transparent": ("yes", ["--transparent"]),
    "device": ("cuda", ["--device", "cuda"]),
    "start": ("1:02.5", ["--start", "1:02.5"]),
    "seconds": (1, ["--seconds", "1"]),
    "loudness": (-23, ["--loudness", "-23"]),
    "track": (1, ["--track", "1"]),
    "channel": ("left", ["--channel", "left"]),
    "motion": ("m.json", ["--motion", "/jobs/m.json"]),
    "face": (1, ["--face", "1"]),
    "face-order": ("left to right", ["--face-order", "left to right"]),
    "box": ("1,2,3,4", ["--box", "1,2,3,4"]),
    "points": ("1,1 2,1 1,2 2,2", ["--points", "1,1 2,1 1,2 2,2"]),
    "replace": ("whole face", ["--replace", "whole face"]),
    "after-end": ("cut", ["--after-end", "cut"]),
    "speaker": (
        [["Anna", "left", "a.wav"], ["Ben", "10,20", "b.wav"]],
        ["--speaker", "Anna", "left", "/jobs/a.wav", "--speaker", "Ben", "10,20", "/jobs/b.wav"],
    ),
    "models": ("weights", ["--models", "/jobs/weights"]),
    "precision": ("bfloat16", ["--precision", "bfloat16"]),
    "region": ("lips", ["--region", "lips"]),
    "relative": (False, ["--no-relative"]),
    "multiplier": (0.5, ["--multiplier", "0.5"]),
    "stitching": (0, ["--stitching", "0"]),
}
OUTPUTS = {"output", "save-motion"}  # which the plan of a batch handles


def talk_parser():
    parser = argparse.ArgumentParser()
    add_talk_arguments(parser)
    return parser


def test_the_table_has_every_option_of_talk():
    names = {
        action.option_strings[-1 if len(action.option_strings[-1]) > 2 else 0].lstrip("-")
        for action in talk_parser()._actions
        if action.option_strings and action.dest not in ("help", "relative_motion")
    }

    assert names | {"relative"} == OPTIONS.keys() | OUTPUTS


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("as_text", [False, True], ids=["json", "csv"])
def test_an_option_means_the_same_in_a_job_and_on_the_command_line(name, as_text):
    value, words = OPTIONS[name]
    if as_text:
        value = " ".join(" ".join(each) for each in value) if name == "speaker" else str(value)

    arguments = job_arguments({**INPUTS, name: value}, HERE)

    expected = talk_parser().parse_args(["/jobs/a.png", "/jobs/b.wav", *words])
    assert vars(parse_arguments(arguments)) == vars(expected)


def test_names_may_have_underscores_and_null_is_not_given():
    arguments = job_arguments({**INPUTS, "cfg_scale": 2, "seed": None, "transparent": False}, HERE)

    assert arguments == ["/jobs/a.png", "/jobs/b.wav", "--cfg-scale=2"]


def test_a_background_file_lies_beside_the_jobs(tmp_path):
    (tmp_path / "beach.jpg").touch()

    arguments = job_arguments({**INPUTS, "background": "beach.jpg"}, tmp_path)

    assert parse_arguments(arguments).background == tmp_path / "beach.jpg"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sead": 1}, "'sead'.*'seed'"),
        ({"help": True}, "'help'"),
        ({"zzz": True}, "'zzz'.*--help"),
        ({"seed": "x"}, "--seed.*'x'"),
        ({"seed": [1]}, r"'seed'.*\[1\]"),
        ({"seed": True}, "'seed'.*True"),
        ({"emotion": "joy"}, "--emotion.*'joy'"),
        ({"transparent": "perhaps"}, "'transparent'.*'perhaps'"),
        ({"speaker": "Anna left"}, "speaker"),
        ({"speaker": {"Anna": "left"}}, "speaker"),
        ({"portrait": 1.5, "audio": {}}, "'audio'"),
        ({"portrait": None}, "'portrait'"),
    ],
)
def test_a_field_that_means_nothing_is_named(fields, said):
    with pytest.raises(MoDAError, match=said):
        parse_arguments(job_arguments({**INPUTS, **fields}, HERE))
