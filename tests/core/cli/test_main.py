"""The command line on good and bad input: exit status, one sentence, and no half-written file."""

import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from moda_core.cli.main import main
from moda_core.example import PORTRAIT
from tests.sound_files import write_sound

ROOT = Path(__file__).resolve().parents[3]

RATE = 16000


def points_of(width, height):
    """Return the example's landmarks for a picture of another size, as `--points` takes them."""
    places = np.array([(0.434, 0.322), (0.582, 0.332), (0.445, 0.485), (0.55, 0.49)])
    return " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in places)


@pytest.fixture
def portrait():
    return Image.open(PORTRAIT).convert("RGB").resize((200, 200))


@pytest.fixture
def speech():
    time = np.arange(RATE // 5) / RATE
    return (0.3 * np.sin(2 * np.pi * 150 * time)).astype(np.float32)


@pytest.fixture
def files(tmp_path, portrait, speech):
    """A folder with a good picture and a good sound; its name has spaces and other letters."""
    folder = tmp_path / "my f\u00efles \u00e9t\u00e9"
    folder.mkdir()
    portrait.save(folder / "face 1.png")
    write_sound(folder / "sp\u00e9ech.wav", speech, RATE)
    return folder


def talk(folder, picture="face 1.png", sound="sp\u00e9ech.wav", output="out.mp4", options=None):
    options = ["--points", points_of(200, 200)] if options is None else options
    output = folder / output
    return main(["talk", str(folder / picture), str(folder / sound), "-o", str(output), *options])


def streams(path):
    with av.open(path) as video:
        frames = sum(1 for _ in video.decode(video=0))
        return frames, float(video.streams.video[0].average_rate), len(video.streams.audio)


def damage(path, name):
    content = path.read_bytes()
    broken = {"empty": b"", "text": b"hello, this is no media file", "cut": content[:200]}
    (path.parent / name).write_bytes(broken[Path(name).stem])


def noise_picture(folder):
    pixels = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "noise.png")


def small_face(folder):
    small = Image.open(PORTRAIT).resize((80, 80))
    sheet = Image.new("RGB", (200, 200), (90, 110, 100))
    sheet.paste(small, (60, 60))
    sheet.save(folder / "small.png")


def sound(name, samples):
    return lambda folder: write_sound(folder / name, samples, RATE, subtype="FLOAT")


BAD_INPUT = [
    ("picture", "missing.png", None, "does not exist|missing"),
    ("picture", "empty.png", lambda f: damage(f / "face 1.png", "empty.png"), "empty"),
    ("picture", "text.png", lambda f: damage(f / "face 1.png", "text.png"), "picture"),
    ("picture", "cut.png", lambda f: damage(f / "face 1.png", "cut.png"), "damaged|cut|broken"),
    ("sound", "missing.wav", None, "does not exist|missing"),
    ("sound", "empty.wav", lambda f: damage(f / "sp\u00e9ech.wav", "empty.wav"), "empty"),
    ("sound", "text.wav", lambda f: damage(f / "sp\u00e9ech.wav", "text.wav"), "sound"),
    ("sound", "zero.wav", sound("zero.wav", np.zeros(0)), "no sound|empty|no samples"),
    ("sound", "short.wav", sound("short.wav", np.zeros(RATE // 50)), "40 ms|0.04"),
    ("sound", "nan.wav", sound("nan.wav", np.full(RATE, np.nan)), "not a number|NaN|finite"),
]


@pytest.mark.parametrize(
    ("kind", "name", "make", "says"), BAD_INPUT, ids=[row[1] for row in BAD_INPUT]
)
def test_unusable_files_get_one_sentence_and_leave_nothing(files, capsys, kind, name, make, says):
    if make is not None:
        make(files)
    before = sorted(path.name for path in files.iterdir())

    status = talk(files, **{kind: name})

    message = capsys.readouterr().err
    errors = [line for line in message.splitlines() if "%" not in line]
    assert status == 2
    assert len(errors) == 1
    assert name in errors[0]
    assert re.search(says, errors[0])
    assert sorted(path.name for path in files.iterdir()) == before


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [(noise_picture, "noise.png", "points"), (small_face, "small.png", "too small to animate")],
)
def test_a_picture_without_a_usable_face_is_refused_with_a_remedy(files, capsys, make, name, says):
    make(files)

    status = talk(files, picture=name, options=[])

    message = capsys.readouterr().err
    assert status == 2
    assert name in message
    assert says in message
    assert not (files / "out.mp4").exists()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("no/such/folder/out.mp4", "folder"),
        ("out.gif", r"\.mp4"),
        ("face 1.png/out.mp4", "folder"),
    ],
)
def test_places_that_cannot_be_written_are_refused_before_any_work(files, capsys, output, says):
    status = talk(files, output=output)

    message = capsys.readouterr().err
    assert status == 2
    assert re.search(says, message)
    assert "%" not in message


def as_grey_with_alpha(image):
    return image.convert("LA")


def as_sixteen_bits(image):
    return Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16)) * 257)


PICTURES = {
    "rgba.png": lambda image: image.convert("RGBA"),
    "grey alpha.png": as_grey_with_alpha,
    "16 bits.png": as_sixteen_bits,
    "cmyk.jpg": lambda image: image.convert("CMYK"),
    "palette.gif": lambda image: image.convert("P"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_any_pixel_format_are_animated(files, portrait, name):
    PICTURES[name](portrait).save(files / name)

    assert talk(files, picture=name) == 0
    assert streams(files / "out.mp4") == (5, 25.0, 1)


def cut_out(portrait):
    """The portrait with a transparent left margin."""
    opacity = np.full((200, 200), 255, np.uint8)
    opacity[:, :20] = 0
    return np.dstack([np.asarray(portrait), opacity])


@pytest.mark.parametrize(("name", "pixels"), [("out.mov", "yuva444p12le"), ("out.webm", None)])
def test_a_cut_out_stays_transparent_if_asked(files, portrait, name, pixels):
    Image.fromarray(cut_out(portrait)).save(files / "cut.png")
    options = ["--points", points_of(200, 200), "--transparent", "--background", "lime"]

    assert talk(files, "cut.png", output=name, options=options) == 0

    with av.open(files / name) as video:
        stream = video.streams.video[0]
        assert stream.codec_context.pix_fmt == pixels or stream.metadata["ALPHA_MODE"] == "1"
        first = next(video.decode(stream)).to_ndarray(format="rgba").astype(int)
    if pixels:
        assert first[150:, :15, 3].max() <= 1  # the shoulders stand still
        assert first[150:, 25:, 3].min() >= 254
        inside = first[150:, 150:, :3] - np.asarray(portrait)[150:, 150:]
        assert np.abs(inside).mean() < 3


def test_the_background_of_a_cut_out_is_chosen(files, portrait):
    Image.fromarray(cut_out(portrait)).save(files / "cut.png")
    options = ["--points", points_of(200, 200), "--background", "#00ff00"]

    assert talk(files, "cut.png", options=options) == 0

    with av.open(files / "out.mp4") as video:
        first = next(video.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(first[:, :15] - [0, 255, 0]).max() <= 12


def test_transparency_that_a_picture_lacks_is_refused(files, capsys):
    options = ["--points", points_of(200, 200), "--transparent"]

    assert talk(files, output="out.mov", options=options) == 2

    assert "no transparent parts" in capsys.readouterr().err
    assert not list(files.glob("out*"))


def test_the_first_frame_of_an_animated_picture_is_used(files, portrait):
    portrait.save(files / "a.gif", save_all=True, append_images=[portrait.rotate(90)])

    assert talk(files, picture="a.gif") == 0


@pytest.mark.parametrize(
    ("rate", "channels"), [(8000, 1), (11025, 2), (44100, 6), (96000, 1), (192000, 8)]
)
def test_sounds_of_any_rate_and_layout_are_spoken(files, rate, channels):
    time = np.arange(rate // 5) / rate
    tone = 0.3 * np.sin(2 * np.pi * 150 * time)
    write_sound(files / "s.wav", np.repeat(tone[:, None], channels, axis=1), rate)

    assert talk(files, sound="s.wav") == 0
    assert streams(files / "out.mp4") == (5, 25.0, 1)


@pytest.mark.parametrize(("fps", "frames"), [("30", 6), ("12.5", 2), ("60", 12)])
def test_frames_are_the_rounded_product_of_duration_and_rate(files, fps, frames):
    options = ["--points", points_of(200, 200), "--fps", fps]

    assert talk(files, options=options) == 0
    assert streams(files / "out.mp4")[:2] == (frames, float(fps))


def test_the_file_says_that_it_is_generated_unless_switched_off(files):
    plain = ["--points", points_of(200, 200)]

    talk(files, output="labelled.mp4", options=plain)
    talk(files, output="plain.mp4", options=[*plain, "--no-label"])

    with av.open(files / "labelled.mp4") as labelled, av.open(files / "plain.mp4") as unlabelled:
        assert labelled.metadata["comment"] == "AI-generated"
        assert "comment" not in unlabelled.metadata


def test_the_same_seed_writes_the_same_file(files):
    for name in ("a.mp4", "b.mp4"):
        talk(files, output=name)

    assert (files / "a.mp4").read_bytes() == (files / "b.mp4").read_bytes()


def test_a_table_of_times_ends_the_run(files, capsys):
    talk(files)

    shown = capsys.readouterr().out
    assert all(word in shown for word in ("set-up", "motion", "render", "encode", "peak memory"))


@pytest.mark.parametrize(
    "options",
    [
        ["--emotion", "joy"],
        ["--seed", "-1"],
        ["--steps", "0"],
        ["--fps", "nan"],
        ["--cfg-scale", "x"],
        ["--points", "1,2 3,4"],
        ["--points", "1,2 3,4 5,6 7"],
        ["--background", "whitish"],
        ["--wings"],
    ],
)
def test_impossible_options_end_with_status_two(files, options, capsys):
    with pytest.raises(SystemExit) as stopped:
        talk(files, options=options)

    message = capsys.readouterr().err
    assert stopped.value.code == 2
    assert options[0] in message
    assert ".." not in message


def test_points_that_make_no_face_are_refused(files, capsys):
    options = ["--points", "10,10 10,10 10,10 10,10"]

    assert talk(files, options=options) == 2
    assert "eye" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_is_stopped_or_fails_leaves_nothing(files, monkeypatch, error):
    def frames(renderer, portrait, motion, chunk):
        yield portrait.image[None]
        raise error

    monkeypatch.setattr("moda_core.warp.warp_renderer.WarpRenderer.frames", frames)
    before = sorted(path.name for path in files.iterdir())

    if error is KeyboardInterrupt:
        assert talk(files) == 130
    else:
        with pytest.raises(RuntimeError):
            talk(files)

    assert sorted(path.name for path in files.iterdir()) == before


def test_a_video_must_not_replace_its_own_input(files, capsys):
    content = (files / "sp\u00e9ech.wav").read_bytes()
    (files / "clip.mp4").write_bytes(content)

    assert talk(files, sound="clip.mp4", output="clip.mp4") == 2
    assert "also an input" in capsys.readouterr().err
    assert (files / "clip.mp4").read_bytes() == content


def test_a_device_that_is_not_there_is_refused(files, capsys):
    options = ["--points", points_of(200, 200), "--device", "nowhere"]

    assert talk(files, options=options) == 2
    assert "nowhere" in capsys.readouterr().err


def test_points_of_a_face_that_is_too_small_are_refused(files, capsys):
    options = ["--points", points_of(20, 20)]

    assert talk(files, options=options) == 2
    assert "at least 4 pixels apart" in capsys.readouterr().err


def test_points_outside_the_picture_are_refused(files, capsys):
    options = ["--points", "1000,1000 1100,1000 1020,1100 1080,1100"]

    assert talk(files, options=options) == 2
    assert "not inside the picture" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        (
            "from moda_core.cli.main import build_parser; build_parser()",
            {"torch", "scipy", "transformers"},
        ),
        (
            "import moda_core.cli.talk_request",
            {"scipy.signal", "scipy.interpolate", "transformers"},
        ),
    ],
    ids=["help", "talk"],
)
def test_commands_do_not_wait_for_what_they_need_not(code, unwanted):
    code += f"; import sys; print(sorted({unwanted} & set(sys.modules)))"

    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"
