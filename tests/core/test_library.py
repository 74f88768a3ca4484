"""The library as its users meet it: `import moda_core as moda`."""

import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import scipy.io.wavfile
import torch
from PIL import Image

import moda_core as moda
from moda_core.example import PORTRAIT, SPEECH
from moda_core.face.landmarks import FaceLandmarks
from moda_core.sampling.emotion_curve import emotion_curve
from moda_core.sampling.request import SamplingRequest
from tests.sound_files import write_tracks

ROOT = Path(__file__).resolve().parents[2]
QUICK = moda.SamplingOptions(num_steps=2)


@pytest.fixture(scope="module")
def starter():
    return moda.load_starter()


@pytest.fixture(scope="module")
def portrait(starter):
    return starter.portrait(PORTRAIT)


@pytest.fixture(scope="module")
def speech(starter):
    return starter.encode(SPEECH, 0.4)


def test_importing_loads_nothing_heavy():
    code = "import sys; import moda_core; print(sorted(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {"torch", "numpy", "av", "PIL", "scipy", "moda_core.errors"} & set(eval(done.stdout))


@pytest.mark.parametrize("name", moda.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    assert getattr(moda, name).__doc__


def test_public_names_are_listed_and_others_refused():
    assert set(moda.__all__) <= set(dir(moda))
    with pytest.raises(AttributeError, match="load_stater"):
        moda.load_stater  # noqa: B018


def test_a_picture_in_memory_gives_the_portrait_of_its_file(starter, portrait):
    again = starter.portrait(portrait.image)

    assert torch.equal(again.identity, portrait.identity)


def test_given_landmarks_are_used(starter, portrait):
    moved = FaceLandmarks(portrait.landmarks.mesh + 5)

    found = starter.portrait(portrait.image, moved)

    assert (found.landmarks.points() == moved.points()).all()


def test_landmarks_of_a_file_are_refused_with_the_way_to_give_points(starter, portrait):
    with pytest.raises(ValueError, match="FaceChoice"):
        starter.portrait(PORTRAIT, portrait.landmarks)


def test_a_picture_without_a_face_is_refused_by_name(starter, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "wall.png")

    with pytest.raises(moda.MoDAError, match=r"wall\.png"):
        starter.portrait(tmp_path / "wall.png")


def test_an_opacity_of_another_size_is_refused(starter, portrait):
    opacity = torch.full((20, 30), 255, dtype=torch.uint8)

    with pytest.raises(ValueError, match=r"got \(20, 30\)\. Scale"):
        starter.portrait(portrait.image, portrait.landmarks, opacity=opacity)


def test_several_seeds_give_the_takes_of_each(starter, portrait, speech):
    both = starter.perform(portrait, speech, seeds=[3, 4], options=QUICK)

    alone = starter.perform(portrait, speech, seed=4, options=QUICK)
    assert [len(motion) for motion in both] == [10, 10]
    std = starter.model.stats.std.clamp(min=1e-3)
    assert float(((both[1].values - alone.values) / std).abs().max()) < 1e-4
    assert not torch.allclose(both[0].values, both[1].values)


@pytest.mark.parametrize("emotion", ["happiness", {"happiness": 1.0}])
def test_an_emotion_is_a_label_or_weights(starter, portrait, speech, emotion):
    happy = starter.perform(portrait, speech, emotion, options=QUICK)

    plain = starter.perform(portrait, speech, options=QUICK)
    same = starter.perform(portrait, speech, "happiness", options=SamplingRequest(QUICK))
    assert torch.equal(happy.values, same.values)
    assert not torch.equal(happy.values, plain.values)


def test_an_unknown_emotion_is_refused_with_the_known_ones(starter, portrait, speech):
    with pytest.raises(ValueError, match=r"hapiness.*happiness"):
        starter.perform(portrait, speech, "hapiness")


def test_no_emotion_leaves_the_curve_empty(speech):
    assert emotion_curve(None, speech).shown == (8,)


def test_frames_are_those_of_the_video(starter, portrait, speech, tmp_path):
    motion = starter.perform(portrait, speech, options=QUICK)

    rendered = sum(len(frames) for frames in starter.render(portrait, motion))
    starter.write_video(tmp_path / "out.mp4", portrait, motion, audio=SPEECH)

    with av.open(str(tmp_path / "out.mp4")) as video:
        written = sum(1 for _ in video.decode(video=0))
        assert len(video.streams.audio) == 1
    assert rendered == written == len(motion)


@pytest.mark.parametrize("in_memory", [False, True], ids=["file", "memory"])
def test_a_recording_names_what_is_heard(starter, portrait, tmp_path, in_memory):
    voices = np.random.default_rng(0).normal(0, 0.1, (2, 6400)).astype(np.float32)
    if in_memory:
        recording = moda.Recording((torch.from_numpy(voices), 16000), None, "right", start_s=0.08)
    else:
        tracks = dict(zip(("One", "Two"), voices, strict=True))
        recording = moda.Recording(
            write_tracks(tmp_path / "a.mkv", tracks, 16000), track=1, start_s=0.08
        )

    speech = starter.encode(recording)
    motion = starter.perform(portrait, speech, options=QUICK)
    starter.write_video(tmp_path / "out.mp4", portrait, motion, audio=recording)

    expected = starter.encode((torch.from_numpy(voices[1:, 1280:]), 16000))
    # FLAC has 16 bits: steps of 1e-4 of the voice's level.
    torch.testing.assert_close(speech.values, expected.values, rtol=0, atol=1e-2)
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert video.streams.audio[0].channels == 1 + in_memory


def test_a_video_has_the_quality_that_was_asked_for(starter, portrait, speech, tmp_path):
    motion = starter.perform(portrait, speech, options=QUICK)

    starter.write_video(tmp_path / "out.mp4", portrait, motion, quality="high")

    assert b"crf=12.0" in (tmp_path / "out.mp4").read_bytes()
    with pytest.raises(ValueError, match=r"'best'.*standard, high, small file"):
        starter.write_video(tmp_path / "out.mp4", portrait, motion, quality="best")


def test_a_file_is_prepared_up_to_the_longest_side_that_was_asked_for(starter, tmp_path):
    Image.open(PORTRAIT).resize((500, 400)).save(tmp_path / "me.png")

    assert starter.portrait(tmp_path / "me.png", limit=250).size == (250, 200)


def test_a_cancelled_video_leaves_no_file(starter, portrait, speech, tmp_path):
    motion = starter.perform(portrait, speech, options=QUICK)

    def cancel(frames):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        starter.write_video(tmp_path / "out.mp4", portrait, motion, on_frames=cancel)

    assert not list(tmp_path.iterdir())


def test_the_example_of_the_readme_runs_as_it_stands(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text("utf-8")
    (code,) = re.findall(
        r"((?:^    .*\n|^\n)*^    import moda_core as moda.*\n(?:    .*\n|\n)*)", text, re.M
    )
    Image.open(PORTRAIT).save(tmp_path / "me.jpg")
    scipy.io.wavfile.write(tmp_path / "speech.wav", 16000, np.zeros(8000, np.int16))
    monkeypatch.chdir(tmp_path)
    shown = []

    exec(re.sub("^    ", "", code, flags=re.M), {"show": shown.append})

    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert (tmp_path / "take.safetensors").exists()
    assert sum(len(frames) for frames in shown) == 12
