"""Options of `talk` that decide on its sound, motion, background and encoding, read back."""

import pickle
import re
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

import moda_core as moda
from moda_core.cli.main import main
from moda_core.example import PORTRAIT
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import (
    EXPRESSION,
    MOTION_DIM,
    SCALE,
    TRANSLATION,
    YAW,
    Motion,
    released_stats,
)
from moda_core.video.writer import QUALITIES, VideoWriter
from tests.sound_files import write_sound

RATE = 16000
SIDE = 200
NOTES_HZ = (300, 600, 900, 1200)  # one each half second
AMPLITUDE = 0.1
LEVEL_DB = 20 * np.log10(AMPLITUDE / np.sqrt(2))
PLACES = np.array([(0.434, 0.322), (0.582, 0.332), (0.445, 0.485), (0.55, 0.49)])
RED, GREEN, BLUE, BLACK = (240, 0, 0), (0, 240, 0), (0, 0, 240), (0, 0, 0)


@pytest.fixture
def folder(tmp_path):
    """A folder with a portrait, `face.png`, and two seconds of notes, `notes.wav`."""
    Image.open(PORTRAIT).convert("RGB").resize((SIDE, SIDE)).save(tmp_path / "face.png")
    time = np.arange(RATE // 2) / RATE
    notes = np.concatenate([np.sin(2 * np.pi * note * time) for note in NOTES_HZ])
    write_sound(tmp_path / "notes.wav", AMPLITUDE * notes, RATE)
    return tmp_path


def talk(folder, *options, sound="notes.wav", picture="face.png", output="out.mp4"):
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in PLACES * SIDE)
    inputs = [folder / picture, *([folder / sound] if sound else [])]
    given = ["-o", folder / output, "--points", points, *options]
    return main(["talk", *map(str, [*inputs, *given])])


def frames_of(path):
    with av.open(str(path)) as video:
        shown = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return np.stack(shown).astype(int)


def sound_of(path):
    """Return the samples of a video's sound, (T,); None if it has no sound track."""
    with av.open(str(path)) as video:
        if not video.streams.audio:
            return None
        return np.concatenate([f.to_ndarray() for f in video.decode(audio=0)], axis=1).mean(0)


def note_of(samples):
    """Return the frequency of a sound's strongest part, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


def nodding(num_frames, fps=25.0):
    """A motion whose jaw opens while the head turns."""
    values = released_stats().mean.repeat(num_frames, 1)
    opened = torch.zeros(num_frames, len(CONTROLS))
    opened[:, CONTROLS.index("jaw")] = torch.linspace(0, 1, num_frames)
    values[:, EXPRESSION] = rest_expression() + compose(opened)
    values[:, 66:] = 0  # depth and angles
    values[:, YAW] = torch.linspace(0, 15, num_frames)[:, None]
    return Motion(values, rest_expression().clone(), fps)


def write_template(path, motion):
    """Write a LivePortrait motion template, as its own code pickles them."""
    frames = []
    for values in motion.values.double().numpy():
        yaw = np.radians(values[YAW][0])
        turn = [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]
        frames.append(
            {
                "scale": values[SCALE].reshape(1, 1).astype(np.float32),
                "exp": values[EXPRESSION].reshape(1, 21, 3).astype(np.float32),
                "t": values[None, TRANSLATION].astype(np.float32),
                "R": np.array(turn, np.float32)[None],
            }
        )
    content = {"n_frames": len(frames), "output_fps": motion.fps, "motion": frames}
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize(
    ("options", "frames", "note"),
    [
        (["--seconds", "0.4"], 10, 300),
        (["--start", "0.5", "--seconds", "0.4"], 10, 600),
        (["--start", "0:01", "--seconds", "0:00.4"], 10, 900),
        (["--start", "0:00:01.6"], 10, 1200),
        (["--start", "0.5", "--seconds", "0.4", "--loudness", "-30"], 10, 600),
    ],
)
def test_the_chosen_part_of_the_recording_is_heard(folder, options, frames, note):
    assert talk(folder, *options) == 0

    samples = sound_of(folder / "out.mp4")
    assert len(frames_of(folder / "out.mp4")) == frames
    assert note_of(samples[: frames * RATE // 25]) == pytest.approx(note, abs=10)


def test_the_chosen_part_is_spoken_like_a_file_of_its_own(folder):
    time = np.arange(RATE // 2) / RATE
    part = AMPLITUDE * np.sin(2 * np.pi * NOTES_HZ[2] * time)
    write_sound(folder / "part.wav", part, RATE)

    talk(folder, "--start", "1", "--seconds", "0.5", "--save-motion", folder / "a.safetensors")
    talk(folder, "--save-motion", folder / "b.safetensors", sound="part.wav")

    chosen, alone = (moda.load_motion(folder / f"{name}.safetensors") for name in "ab")
    assert torch.equal(chosen.values, alone.values)


@pytest.mark.parametrize("start", ["2", "1.99", "1:00"])
def test_a_start_behind_the_sound_is_refused_with_the_remedy(folder, capsys, start):
    assert talk(folder, "--start", start) == 2

    assert "Start" in (message := capsys.readouterr().err)
    assert "notes.wav" in message
    assert not (folder / "out.mp4").exists()


@pytest.mark.parametrize("level", [-40, -30, -23, -12])
def test_loudness_is_that_which_was_asked_for(folder, level):
    assert talk(folder, "--seconds", "0.4", "--loudness", level) == 0

    samples = sound_of(folder / "out.mp4")[RATE // 10 : 3 * RATE // 10]
    written = 10 * np.log10((samples**2).mean())
    expected = min(level, LEVEL_DB + 20)  # the gain's limit
    assert written == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("quality", QUALITIES)
def test_quality_is_the_rate_factor_of_the_encoder(folder, quality):
    assert talk(folder, "--seconds", "0.2", "--quality", quality) == 0

    assert b"crf=%.1f" % QUALITIES[quality] in (folder / "out.mp4").read_bytes()


@pytest.mark.parametrize(
    ("given", "rate", "frames"),
    [
        ("30000/1001", Fraction(30000, 1001), 12),
        ("29.97", Fraction(30000, 1001), 12),
        ("24000/1001", Fraction(24000, 1001), 10),
        ("23.98", Fraction(24000, 1001), 10),
        ("1000/33", Fraction(1000, 33), 12),
        ("12.5", Fraction(25, 2), 5),
        ("60", Fraction(60), 24),
    ],
)
@pytest.mark.parametrize("output", ["out.mp4", "out.mov"])
def test_the_frame_rate_is_exact_in_the_time_base(folder, given, rate, frames, output):
    assert talk(folder, "--seconds", "0.4", "--fps", given, output=output) == 0

    with av.open(str(folder / output)) as video:
        stream = video.streams.video[0]
        times = [frame.pts * frame.time_base for frame in video.decode(stream)]
        assert stream.average_rate == rate
    assert times == [index / rate for index in range(frames)]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], (1920, 182)),
        (["--max-side", "2100"], (2100, 200)),
        (["--max-side", "9000"], (2100, 200)),
        (["--max-side", "1050"], (1050, 100)),
    ],
)
def test_the_longest_side_is_limited_as_asked(folder, options, size):
    sheet = Image.new("RGBA", (2100, SIDE), (90, 110, 100, 0))
    sheet.paste(Image.open(folder / "face.png"))
    sheet.save(folder / "wide.png")

    assert talk(folder, "--seconds", "0.08", *options, picture="wide.png") == 0

    frames = frames_of(folder / "out.mp4")
    assert frames.shape[1:3] == size[::-1]
    assert frames[:, 20:-20, size[0] // 2 :].min() > 250  # the transparent part, scaled alike


def striped(folder, name):
    """Write a background of three stripes, three times as wide as the portrait."""
    stripes = np.array([RED, GREEN, BLUE], np.uint8).repeat(SIDE, axis=0)
    pixels = np.ascontiguousarray(np.broadcast_to(stripes, (SIDE, 3 * SIDE, 3)))
    if name.endswith(".png"):
        Image.fromarray(pixels).save(folder / name)
        return
    with av.open(str(folder / name), "w") as video:
        stream = video.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 3 * SIDE, SIDE, "yuv420p"
        video.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        video.mux(stream.encode(None))


# What is seen in the upper corners, and in the middle of the left edge.
FITTED = {
    None: (GREEN, GREEN, GREEN),
    "crop": (GREEN, GREEN, GREEN),
    "fit": (BLACK, BLACK, RED),
    "stretch": (RED, BLUE, RED),
}


@pytest.mark.parametrize("background", ["stripes.png", "stripes.mp4"])
@pytest.mark.parametrize("is_cutout", [False, True])
@pytest.mark.parametrize("fit", FITTED)
def test_a_background_of_any_size_is_fitted(folder, background, is_cutout, fit):
    striped(folder, background)
    portrait = Image.open(folder / "face.png")
    if is_cutout:
        clear = np.full((SIDE, SIDE), 255, np.uint8)
        clear[:, :12] = clear[:12] = 0
        portrait.putalpha(Image.fromarray(clear))
        portrait.save(folder / "face.png")
    options = [] if fit is None else ["--background-fit", fit]

    options += ["--quality", "high"]  # the encoder's noise counts as a difference
    status = talk(folder, "--seconds", "0.08", "--background", folder / background, *options)

    frames = frames_of(folder / "out.mp4")
    middle = slice(SIDE // 2, SIDE // 2 + 4)
    seen = frames[:, 3:7, 3:7], frames[:, 3:7, -7:-3], frames[:, middle, 3:7]
    assert status == 0
    for pixels, expected in zip(seen, FITTED[fit], strict=True):
        assert np.abs(pixels - expected).mean() < 16
    shoulder = frames[:, -20:-4, 60:140] - np.asarray(portrait.convert("RGB"))[-20:-4, 60:140]
    assert (np.abs(shoulder).mean() < 6) == is_cutout  # the rest of a cut-out is seen too


@pytest.mark.parametrize("suffix", [".safetensors", ".json", ".pkl"])
def test_saved_motion_is_played_in_silence_at_its_own_length(folder, suffix):
    motion, path = nodding(20, fps=50.0), folder / f"take{suffix}"
    if suffix == ".pkl":
        write_template(path, motion)
    else:
        motion.save(path)

    status = talk(folder, "--motion", path, "--quality", "high", sound=None)

    frames = frames_of(folder / "out.mp4")
    starter = moda.load_starter()
    points = [tuple(point) for point in (PLACES * SIDE).round(1)]
    portrait = starter.portrait(folder / "face.png", moda.FaceChoice(points=points))
    expected = torch.cat(list(starter.render(portrait, motion.resampled(25, 10)))).numpy()
    assert status == 0
    assert sound_of(folder / "out.mp4") is None
    assert len(frames) == 10
    assert np.abs(frames - expected).mean() < 3
    assert np.abs(frames - expected[:1]).mean() > 5


@pytest.mark.parametrize(
    ("num_frames", "options", "expected", "said"),
    [
        (10, ["--seconds", "1"], 10, "the sound is cut"),
        (25, ["--seconds", "0.4"], 25, "the sound ends in silence"),
        (10, ["--seconds", "0.37"], 9, None),
        (10, ["--start", "0.5", "--seconds", "0.44"], 11, None),
    ],
)
def test_saved_motion_sets_the_length_but_for_a_frame(
    folder, caplog, num_frames, options, expected, said
):
    nodding(num_frames).save(folder / "take.json")

    assert talk(folder, "--motion", folder / "take.json", *options) == 0

    sound = sound_of(folder / "out.mp4")
    assert len(frames_of(folder / "out.mp4")) == expected
    assert len(sound) == pytest.approx(expected * RATE / 25, abs=1024)
    assert [said in record.getMessage() for record in caplog.records] == [True] * bool(said)
    if said and "silence" in said:
        assert np.abs(sound[RATE // 2 :]).max() < 0.01


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_motion_that_was_saved_plays_as_it_was_sampled(folder, monkeypatch, suffix):
    path, part = folder / f"take{suffix}", ("--seconds", "0.4")
    written, write = [], VideoWriter.write  # before the encoder, which multiplies one grey level

    def watched(writer, frames):
        written.append(frames.int())
        write(writer, frames)

    monkeypatch.setattr(VideoWriter, "write", watched)

    talk(folder, *part, "--seed", "7", "--save-motion", path, output="sampled.mp4")
    status = talk(folder, *part, "--motion", path, output="played.mp4")

    starter = moda.load_starter()
    points = [tuple(point) for point in (PLACES * SIDE).round(1)]
    portrait = starter.portrait(folder / "face.png", moda.FaceChoice(points=points))
    speech = starter.encode(folder / "notes.wav", 0.4)
    sampled, saved = starter.perform(portrait, speech, seed=7), moda.load_motion(path)
    assert status == 0
    assert saved.values.shape == (10, MOTION_DIM)
    assert (saved.values - sampled.values).abs().max() <= 5e-9 + (suffix == ".json") * 1e-6
    once, again = torch.cat(written).chunk(2)
    assert (once - again).abs().max() <= 1


def test_a_recording_may_stand_behind_options(folder):
    output = folder / "out.mp4"

    status = main(
        [
            *("talk", str(folder / "face.png"), "--seconds", "0.2", "-o", str(output)),
            str(folder / "notes.wav"),
        ]
    )

    assert status == 0
    assert len(frames_of(output)) == 5


# Options, and what the message must name.
REFUSED = {
    "no folder": (["--save-motion", "gone/take.json"], "gone' does not exist"),
    "suffix": (["--save-motion", "take.pkl"], r"take\.pkl.*\.safetensors or \.json"),
    "a folder": (["--save-motion", "folder.json"], "is a folder"),
    "own input": (["--motion", "take.json", "--save-motion", "take.json"], "also an input"),
    "missing": (["--motion", "gone.json"], "gone.json' does not exist"),
    "no motion": (["--motion", "notes.wav"], r"notes\.wav' is not a motion file"),
    "sampled": (["--motion", "take.json", "--emotion", "fear", "--steps", "5"], "--steps"),
    "fit alone": (["--background-fit", "fit"], "Name its file"),
    "opaque": (["--background", "face.png", "--transparent"], r"face\.png"),
    "encoder": (["--quality", "high", "--transparent"], r"--quality.*[^,]\. "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_before_any_work(folder, monkeypatch, capsys, case):
    options, said = REFUSED[case]
    nodding(5).save(folder / "take.json")
    (folder / "folder.json").mkdir()
    monkeypatch.setattr("moda_core.cli.talk_source.locate_face", None)
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())

    status = talk(folder, *options, output="out.mov")

    (message,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert re.search(said, message)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--motion"),
        (["--motion", "take.json", "--start", "1"], "--start"),
        (["--motion", "take.json", "--loudness", "-23", "--seconds", "1"], "--loudness"),
    ],
)
def test_a_recording_is_missed_where_its_options_need_one(
    folder, monkeypatch, capsys, options, said
):
    nodding(5).save(folder / "take.json")
    monkeypatch.chdir(folder)

    assert talk(folder, *options, sound=None) == 2
    assert said in capsys.readouterr().err


def test_a_background_that_is_neither_picture_nor_video_is_refused_before_loading(
    folder, monkeypatch, capsys
):
    (folder / "page.txt").write_text("hello, this is no video")
    monkeypatch.setattr("moda_core.cli.talk.load_starter", None)

    assert talk(folder, "--background", folder / "page.txt") == 2
    assert "page.txt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--start", "1:75", "1:15.5"),
        ("--start", "soon", "seconds"),
        ("--seconds", "0.01", "at least 0.04"),
        ("--loudness", "3", "-60 to 0"),
        ("--fps", "30000/0", "30000/1001"),
        ("--fps", "1001/2", "1 to 240"),
        ("--max-side", "20000", "64 to 16384"),
        ("--quality", "best", "small file"),
        ("--background", "gone.png", "gone.png"),
        ("--background-fit", "cover", "crop"),
    ],
)
def test_values_out_of_range_are_named(folder, capsys, option, value, said):
    with pytest.raises(SystemExit) as stopped:
        talk(folder, option, value)

    message = capsys.readouterr().err
    assert stopped.value.code == 2
    assert option in message
    assert said in message


def test_a_motion_is_not_saved_without_its_video(folder, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("moda_core.warp.warp_renderer.WarpRenderer.frames", stop)
    before = sorted(folder.iterdir())

    assert talk(folder, "--seconds", "0.2", "--save-motion", folder / "take.json") == 130
    assert sorted(folder.iterdir()) == before
