"""The options of `talk`, and what they become."""

import argparse

import pytest
import torch

from moda_core.cli import talk_arguments
from moda_core.cli.main import main
from moda_core.cli.talk import TalkSettings
from moda_core.cli.talk_arguments import add_talk_arguments, talk_settings
from moda_core.compositing import backdrop
from moda_core.errors import MoDAError
from moda_core.liveportrait.driving import ANIMATION_REGIONS, DrivingOptions
from moda_core.portrait import image
from moda_core.portrait.find_face import FaceChoice
from moda_core.video import writer


def settings(*options):
    parser = argparse.ArgumentParser()
    add_talk_arguments(parser)
    return TalkSettings(**talk_settings(parser.parse_args(["face.png", "speech.wav", *options])))


def test_points_leave_nothing_to_choose():
    with pytest.raises(MoDAError, match="--box"):
        settings("--points", "1,1 2,1 1,2 2,2", "--box", "0,0,9,9")


def test_no_option_is_the_starter_on_the_largest_face():
    chosen = settings()

    assert chosen.models is None
    assert chosen.driving is None
    assert chosen.face == FaceChoice()
    assert chosen.options.seed == 42


def test_options_of_the_released_networks_reach_their_fields():
    chosen = settings(
        *("--models", "weights", "--precision", "bfloat16", "--region", "lips"),
        *("--no-relative", "--multiplier", "0.5", "--stitching", "0"),
    )

    assert chosen.models.name == "weights"
    assert chosen.dtype is torch.bfloat16
    assert chosen.driving == DrivingOptions(False, "lips", 0.5, 0.0)


def test_the_reference_drives_where_no_driving_option_is_given():
    assert settings("--models", "weights").driving is None


def test_the_environment_names_the_released_files(monkeypatch, tmp_path):
    monkeypatch.setenv("MODA_MODELS", str(tmp_path))

    assert settings("--region", "lips").models == tmp_path
    assert settings("--models", "weights").models.name == "weights"


def test_an_environment_that_names_no_folder_is_refused_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("MODA_MODELS", str(tmp_path / "gone"))

    with pytest.raises(MoDAError, match="MODA_MODELS names"):
        settings()


def test_a_face_is_chosen_by_place_or_box():
    chosen = settings("--face", "1", "--face-order", "left to right", "--box", "10,20,30.5,40")

    assert chosen.face == FaceChoice(None, (10, 20, 30.5, 40), 1, "left to right")


@pytest.mark.parametrize(
    "options", [["--region", "lips"], ["--precision", "float16"], ["--relative"]]
)
def test_options_of_the_released_networks_need_their_folder(options):
    with pytest.raises(MoDAError, match="--models"):
        settings(*options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--box", "1,2,3"], "x,y,width,height"),
        (["--box", "1,2,0,4"], "above 0"),
        (["--multiplier", "9"], "0 to 5"),
        (["--seed", str(2**64)], "expected 0 to 1.8"),
        (["--region", "nose"], "nose"),
    ],
)
def test_bad_options_get_one_sentence(options, message, capsys):
    with pytest.raises(SystemExit):
        main(["talk", "face.png", "speech.wav", *options])

    complaint = capsys.readouterr().err
    assert message in complaint
    assert len(complaint.strip().splitlines()) == 1


def test_choices_on_the_command_line_are_those_of_the_core():
    assert tuple(ANIMATION_REGIONS) == talk_arguments.ANIMATION_REGIONS
    assert backdrop.FITS == talk_arguments.FITS
    assert tuple(writer.QUALITIES) == talk_arguments.QUALITIES
    assert image.SIZE_LIMIT == talk_arguments.SIZE_LIMIT


def test_a_folder_that_lacks_files_is_refused_with_all_their_names(tmp_path, capsys):
    status = main(["talk", "face.png", "speech.wav", "--models", str(tmp_path)])

    message = capsys.readouterr().err
    assert status == 2
    for name in ("net-200", "chinese-hubert-base", "spade_generator", "motion_extractor"):
        assert name in message
