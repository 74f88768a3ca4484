"""`talk --models` on files that cannot be used: one sentence, and nothing is left behind."""

import shutil
from dataclasses import replace

import av
import numpy as np
import pytest
import torch

from moda_core.bundles import load
from moda_core.cli.main import main
from moda_core.example import PORTRAIT
from moda_core.liveportrait.driving import DrivingOptions
from moda_core.model_files.stamps import Stamp, user_stamps
from moda_core.motion.motion import MOTION_DIM, Motion
from moda_core.weights.released_files import expected_shapes
from tests.bench.stand_ins import StandInNetwork, stand_in_bundle
from tests.sound_files import write_sound

FILES = {
    "encoder": "chinese-hubert-base/pytorch_model.bin",
    "motion_model": "net-200.pth",
    "appearance_feature_extractor": "appearance_feature_extractor.pth",
    "motion_extractor": "motion_extractor.pth",
    "stitching_retargeting_module": "stitching_retargeting_module.pth",
    "warping_module": "warping_module.pth",
    "spade_generator": "spade_generator.pth",
}
POINTS = ["--points", "270,200 362,206 277,301 342,304"]


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    for name in FILES.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    config = '{"model_type": "hubert"}'
    (folder / "chinese-hubert-base" / "config.json").write_text(config)
    return folder


@pytest.fixture
def stand_ins(monkeypatch):
    """Load the speech encoder and the motion model without their files."""
    ready = stand_in_bundle()
    monkeypatch.setattr(load, "load_audio_encoder", lambda *a, **k: None)
    monkeypatch.setattr(load, "load_released_model", lambda *a, **k: ready.model)
    return ready


def talk(folder, models, *options):
    write_sound(folder / "speech.wav", 0.1 * np.ones(8000, np.float32), 16000)
    inputs = [str(PORTRAIT), str(folder / "speech.wav")]
    before = sorted(folder.rglob("*"))
    status = main(
        ["talk", *inputs, "-o", str(folder / "out.mp4"), "--models", str(models), *options]
    )
    assert sorted(folder.rglob("*")) == before
    return status


def sentence(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if "%" not in line]
    assert len(lines) == 1
    return lines[0]


def state_with(kind, change):
    state = {key: torch.zeros(shape) for key, shape in expected_shapes(kind).items()}
    change(state)
    return state


def write_web_page(path):
    path.write_text("<!DOCTYPE html><html>404</html>")


def write_cut(path):
    torch.save({"weight": torch.zeros(5000)}, path)
    path.write_bytes(path.read_bytes()[:9000])


def write_other_model(path):
    kind = "stitching_retargeting_module"
    torch.save(state_with(kind, lambda state: None), path)


def write_nan(path):
    key = "first.conv.weight"
    torch.save(state_with(path.stem, lambda state: state[key].fill_(float("nan"))), path)


@pytest.mark.parametrize(
    ("part", "write", "says"),
    [
        ("encoder", write_web_page, "web page"),
        ("encoder", write_other_model, "looks like"),
        ("encoder", write_cut, "damaged"),
        ("motion_model", write_web_page, "web page"),
        ("motion_model", write_cut, "damaged"),
        ("motion_model", write_other_model, "looks like"),
        ("appearance_feature_extractor", write_cut, "damaged"),
        ("appearance_feature_extractor", write_nan, "first.conv.weight holds NaN"),
        ("appearance_feature_extractor", write_other_model, "looks like"),
    ],
)
def test_a_bad_file_is_named(tmp_path, models, monkeypatch, capsys, part, write, says):
    if part != "encoder":
        monkeypatch.setattr(load, "load_audio_encoder", lambda *a, **k: None)
    if part == "appearance_feature_extractor":
        monkeypatch.setattr(load, "load_released_model", lambda *a, **k: None)
    write(models / FILES[part])

    status = talk(tmp_path, models, *POINTS)

    message = sentence(capsys)
    assert status == 2
    assert FILES[part].split("/")[-1] in message
    assert says in message


@pytest.mark.parametrize("when", ["loading", "sampling", "rendering"])
def test_exhausted_memory_is_one_sentence(tmp_path, models, monkeypatch, capsys, stand_ins, when):
    def fail(*arguments, **options):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    ready = stand_ins
    if when == "sampling":
        ready = replace(ready, encoder=fail)
    if when == "rendering":
        ready.renderer.networks = replace(ready.renderer.networks, decoder=StandInNetwork(fail))
    load = fail if when == "loading" else lambda *a: ready
    monkeypatch.setattr("moda_core.cli.talk.load_released", load)

    status = talk(tmp_path, models, *POINTS)

    assert status == 2
    assert "not enough memory" in sentence(capsys)


def test_driving_options_reach_the_renderer(tmp_path, models, monkeypatch, stand_ins):
    frames, given = stand_ins.renderer.frames, []

    def watched(portrait, motion, chunk, options=None):
        given.append(options)
        return frames(portrait, motion, chunk, options)

    monkeypatch.setattr(stand_ins.renderer, "frames", watched)
    monkeypatch.setattr("moda_core.cli.talk.load_released", lambda *a: stand_ins)
    write_sound(tmp_path / "speech.wav", 0.1 * np.ones(1600, np.float32), 16000)
    inputs = [str(PORTRAIT), str(tmp_path / "speech.wav"), *POINTS]
    output = ["-o", str(tmp_path / "out.mp4"), "--models", str(models)]

    assert main(["talk", *inputs, *output, "--region", "lips", "--multiplier", "0.5"]) == 0

    assert given == [DrivingOptions(animation_region="lips", driving_multiplier=0.5)]


def test_saved_motion_needs_no_more_than_the_renderer(tmp_path, models, monkeypatch, stand_ins):
    (models / FILES["motion_model"]).unlink()
    shutil.rmtree(models / "chinese-hubert-base")
    Motion(torch.zeros(3, MOTION_DIM), torch.zeros(63)).save(tmp_path / "take.json")
    monkeypatch.setattr("moda_core.cli.talk.load_renderer", lambda *a: stand_ins.renderer)
    monkeypatch.setattr("moda_core.cli.talk.load_released", None)
    inputs = [str(PORTRAIT), "--motion", str(tmp_path / "take.json"), *POINTS]

    status = main(["talk", *inputs, "-o", str(tmp_path / "out.mp4"), "--models", str(models)])

    assert status == 0
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert len(list(video.decode(video=0))) == 3


def test_a_device_that_cannot_hold_values_is_refused(tmp_path, models, capsys):
    assert talk(tmp_path, models, "--device", "meta") == 2
    assert "'meta' can't be used" in sentence(capsys)


def test_a_file_that_changed_since_it_was_checked_is_refused(tmp_path, models, capsys):
    path = next(models.rglob("net-200.pth"))
    user_stamps().record(path, Stamp(1, 1, "0" * 64, "2026-01-01"))

    status = talk(tmp_path, models)

    assert status == 2
    assert f"'{path}' has changed since it was checked" in sentence(capsys)
