"""Clips read frame by frame: times, orientation, colours and damage."""

import io
import logging
from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.errors import InputFileError
from moda_core.example import SPEECH
from moda_core.video.color_tags import ColorTags
from moda_core.video.footage import open_footage
from tests.clips import flat_frame, set_display_matrix, write_clip

WIDTH, HEIGHT = 64, 48
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
COLORS = [(90, 110, 140), (126, 128, 128), (60, 140, 118), (180, 100, 134)]  # Y, U, V of 8 bits
BT709, BT601, BT2020, UNSPECIFIED = (1, 1, 1), (6, 6, 6), (9, 9, 14), (2, 2, 2)
LIMITED, FULL = 1, 2


def greys(count, step=10):
    """Frames whose brightness tells their index."""
    return [np.full((HEIGHT, WIDTH, 3), index * step, np.uint8) for index in range(count)]


def corner_frame():
    """A frame with its upper left corner white."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = 255
    return pixels


def levels(images, step=10):
    return [round(float(image.float().mean()) / step) for image in images]


def as_rgb(values, matrix, full=False, bits=8):
    """Convert Y, U and V by ITU's formulas: (3,), float, full scale at 255."""
    luma, blue, red = np.array(values) / 2 ** (bits - 8)
    luma = luma / 255 if full else (luma - 16) / 219
    blue, red = (np.array([blue, red]) - 128) / (255 if full else 224)
    red_weight, blue_weight = WEIGHTS[matrix]
    r = luma + 2 * (1 - red_weight) * red
    b = luma + 2 * (1 - blue_weight) * blue
    g = (luma - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight)
    return 255 * np.array([r, g, b])


def corner_of(image):
    """Return which corner of an image is white: down, right."""
    rows, columns = (image[..., 0] > 128).nonzero().float().mean(0).tolist()
    return rows > image.shape[0] / 2, columns > image.shape[1] / 2


def noise(count):
    return list(np.random.default_rng(0).integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8))


def damage(clip, index, start, content):
    """Overwrite a part of the packet of a frame."""
    with av.open(str(clip)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    changed = bytearray(clip.read_bytes())
    changed[places[index] + start : places[index] + start + len(content)] = content
    clip.write_bytes(changed)


def test_the_frames_of_a_clip_are_its_pictures(tmp_path):
    pixels = noise(3)
    footage = open_footage(write_clip(tmp_path / "clip.mkv", pixels))

    frames = list(footage.frames())

    assert (footage.size, footage.num_frames) == ((WIDTH, HEIGHT), 3)
    assert all(np.array_equal(f.image, p) for f, p in zip(frames, pixels, strict=True))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08])
    assert frames[0].image.dtype == torch.uint8


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4"])
def test_a_variable_rate_keeps_its_times(tmp_path, name):
    times_ms = [0, 40, 100, 110, 500]
    codec = "ffv1" if name == "clip.mkv" else "libx264"
    footage = open_footage(write_clip(tmp_path / name, greys(5), times_ms, codec))

    times = [frame.time_s for frame in footage.frames()]

    assert times == pytest.approx(np.array(times_ms) / 1000, abs=5e-4)
    assert footage.times == pytest.approx(times)
    assert not footage.has_constant_rate
    assert footage.rate == pytest.approx(8, abs=0.01)


def test_times_count_from_the_first_frame(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", greys(3), [700, 740, 780])

    footage = open_footage(clip)

    assert footage.times == pytest.approx([0, 0.04, 0.08])
    assert [frame.time_s for frame in footage.frames()] == pytest.approx([0, 0.04, 0.08])
    assert footage.duration_s == pytest.approx(0.12)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_a_constant_rate_is_told_exactly_though_times_are_milliseconds(tmp_path, fps):
    times_ms = [round(1000 * index / fps) for index in range(90)]
    clip = write_clip(tmp_path / "clip.mkv", greys(90, 2), times_ms)

    footage = open_footage(clip)

    assert footage.rate == fps
    assert footage.has_constant_rate
    assert footage.times == pytest.approx(np.array(times_ms) / 1000)
    assert levels(footage.images_at(np.arange(90) / float(fps)), 2) == list(range(90))


@pytest.mark.parametrize(
    ("times_ms", "expected"),
    [
        ([0, 100, 200], [0, 0, 1, 1, 2, 2]),
        ([0, 10, 20, 100, 120], [0, 2, 3, 4, 4, 4]),
        ([0, 51, 100], [0, 1, 2, 2, 2, 2]),
        ([300], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_an_image_at_a_time_is_the_last_frame_shown(tmp_path, times_ms, expected):
    footage = open_footage(write_clip(tmp_path / "clip.mkv", greys(len(times_ms)), times_ms))

    images = list(footage.images_at(np.arange(6) / 20))

    assert levels(images) == expected


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [0, 3, 2, 2, 1, 5, 0], [7, 7, 6, 0, 9]])
@pytest.mark.parametrize("block", [2, 100])
def test_images_come_in_any_order(tmp_path, monkeypatch, order, block):
    monkeypatch.setattr("moda_core.video.footage.BLOCK_BYTES", block * 3 * WIDTH * HEIGHT)
    footage = open_footage(write_clip(tmp_path / "clip.mkv", greys(10)))

    images = list(footage.images_at([index / 25 for index in order]))

    assert levels(images) == order


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.h264"])
@pytest.mark.parametrize("start_s", [0, 12.5])
def test_images_far_apart_are_those_of_their_times(tmp_path, name, start_s):
    frames = [np.full((HEIGHT, WIDTH, 3), 20 * (index % 12), np.uint8) for index in range(300)]
    options = {"g": "50", "bf": "2", "x264-params": "open-gop=1"}
    times_ms = range(round(1000 * start_s), round(1000 * start_s) + 12000, 40)
    clip = write_clip(tmp_path / name, frames, times_ms, "libx264", options=options)
    footage, order = open_footage(clip), [290, 5, 160, 159, 158, 299, 0, 120]

    images = list(footage.images_at([index / float(footage.rate) for index in order]))

    assert levels(images, 20) == [index % 12 for index in order]


@pytest.mark.parametrize(
    ("matrix", "size", "corner"),
    [
        ((1, 0, 0, 1), (WIDTH, HEIGHT), (False, False)),
        ((0, 1, -1, 0), (HEIGHT, WIDTH), (False, True)),  # a quarter turn clockwise
        ((-1, 0, 0, -1), (WIDTH, HEIGHT), (True, True)),
        ((0, -1, 1, 0), (HEIGHT, WIDTH), (True, False)),
        ((-1, 0, 0, 1), (WIDTH, HEIGHT), (False, True)),  # mirrored
        ((1, 0, 0, -1), (WIDTH, HEIGHT), (True, False)),
        ((0, 1, 1, 0), (HEIGHT, WIDTH), (False, False)),  # rows and columns swapped
        ((0, -1, -1, 0), (HEIGHT, WIDTH), (True, True)),
    ],
)
def test_a_rotated_clip_is_upright(tmp_path, matrix, size, corner):
    clip = write_clip(tmp_path / "clip.mp4", [corner_frame()] * 2, codec="libx264")

    footage = open_footage(set_display_matrix(clip, matrix))

    image = next(footage.frames()).image
    assert footage.size == size == (image.shape[1], image.shape[0])
    assert corner_of(image) == corner


@pytest.mark.parametrize(
    ("aspect", "size"), [((4, 3), (85, HEIGHT)), ((3, 4), (WIDTH, 64)), ((1, 1), (WIDTH, HEIGHT))]
)
def test_pixels_are_made_square(tmp_path, aspect, size):
    clip = write_clip(tmp_path / "clip.mp4", greys(2), codec="libx264", aspect=Fraction(*aspect))

    footage = open_footage(clip)

    assert footage.size == size
    assert next(footage.frames()).image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(("tags", "matrix"), [(BT709, 1), (BT601, 6), (BT2020, 9)])
@pytest.mark.parametrize("color_range", [LIMITED, FULL])
def test_colors_follow_the_tags(tmp_path, tags, matrix, color_range):
    frames = [flat_frame(color, "yuv420p") for color in COLORS]
    footage = open_footage(write_clip(tmp_path / "clip.mkv", frames, tags=(*tags, color_range)))

    images = [frame.image for frame in footage.frames()]

    expected = [as_rgb(color, matrix, color_range == FULL) for color in COLORS]
    assert footage.colors == ColorTags(*tags, full_range=color_range == FULL)
    for image, color in zip(images, expected, strict=True):
        assert np.abs(image.numpy() - color).max() <= 1


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 6), ((1280, 48), 1), ((64, 720), 1)])
def test_without_tags_large_clips_are_of_hd_and_small_ones_of_sd(tmp_path, size, matrix):
    frames = [flat_frame(color, "yuv420p", size) for color in COLORS]
    footage = open_footage(write_clip(tmp_path / "clip.mkv", frames))

    image = next(footage.frames()).image

    assert footage.colors.matrix == matrix
    assert np.abs(image.numpy() - as_rgb(COLORS[0], matrix)).max() <= 1


@pytest.mark.parametrize("form", ["yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv444p"])
def test_deeper_and_denser_pixels_give_the_same_colors(tmp_path, form):
    bits = int(form[7:9]) if form.endswith("le") else 8
    values = [tuple(value << (bits - 8) for value in color) for color in COLORS]
    frames = [flat_frame(each, form) for each in values]
    footage = open_footage(write_clip(tmp_path / "clip.mkv", frames, tags=(*BT709, LIMITED)))

    images = [frame.image for frame in footage.frames()]

    for image, color in zip(images, COLORS, strict=True):
        assert np.abs(image.numpy() - as_rgb(color, 1)).max() <= 1


def test_high_dynamic_range_is_told(tmp_path, caplog):
    frames = [flat_frame((400, 512, 512), "yuv420p10le")]
    clip = write_clip(tmp_path / "clip.mkv", frames, tags=(9, 9, 18, LIMITED))

    footage = open_footage(clip)

    assert footage.colors.high_dynamic_range
    assert "clip.mkv" in caplog.text


@pytest.mark.parametrize(("start", "content"), [(900, bytes(60)), (4, b"\xff" * 300)])
def test_damaged_frames_are_left_out_with_a_note(tmp_path, caplog, start, content):
    clip = write_clip(tmp_path / "clip.mp4", noise(9), codec="libx264", options={"g": "1"})
    damage(clip, 4, start, content)
    footage = open_footage(clip)

    with caplog.at_level(logging.WARNING):
        frames = list(footage.frames())

    assert "frames left out: 1" in caplog.text
    assert [round(25 * frame.time_s) for frame in frames] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert footage.num_frames == 9
    assert len(list(footage.images_at(np.arange(9) / 25))) == 9


def test_a_clip_that_breaks_off_is_read_up_to_there(tmp_path):
    pixels = noise(9)
    clip = write_clip(tmp_path / "clip.mkv", pixels)
    clip.write_bytes(clip.read_bytes()[: 5 * pixels[0].size])

    frames = list(open_footage(clip).frames())

    assert 2 <= len(frames) < 9
    assert np.array_equal(frames[0].image, pixels[0])


def test_a_clip_is_read_from_memory_by_several_at_a_time(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", greys(4))
    footage = open_footage(io.BytesIO(clip.read_bytes()))

    pairs = list(zip(footage.frames(), islice(footage.frames(), 1, None), strict=False))

    assert [levels([before.image, after.image]) for before, after in pairs] == [
        [0, 1],
        [1, 2],
        [2, 3],
    ]


@pytest.mark.parametrize("delay_ms", [-100, 0, 120])
def test_the_start_of_the_sound_counts_from_the_first_frame(tmp_path, delay_ms):
    start_ms, samples = max(0, -delay_ms), np.zeros(4000)
    times_ms = [start_ms, start_ms + 40]
    sound = (samples, start_ms + delay_ms)
    clip = write_clip(tmp_path / "clip.mkv", greys(2), times_ms, sound=sound)

    footage = open_footage(clip)

    assert footage.sound_start_s == pytest.approx(delay_ms / 1000, abs=1e-3)


def test_a_clip_without_sound_has_no_start_of_it(tmp_path):
    assert open_footage(write_clip(tmp_path / "clip.mkv", greys(2))).sound_start_s is None


def save_picture(path):
    Image.new("RGB", (40, 30)).save(path)
    return path


def save_text(path):
    path.write_text("not a clip, but a text that is long enough to be read " * 20)
    return path


def save_damaged(path):
    """Write a clip of which no frame can be decoded."""
    damage(write_clip(path, noise(1)), 0, 4, b"\xff" * 300)
    return path


@pytest.mark.parametrize(
    ("name", "save", "words"),
    [
        ("a.png", save_picture, "picture"),
        ("a.jpg", save_picture, "picture"),
        ("a.gif", save_picture, "picture"),
        ("a.mp4", save_text, "damaged"),
        ("a.mkv", save_damaged, "no frame"),
        ("a.mp4", lambda path: path, "does not exist"),
    ],
)
def test_what_is_not_a_clip_is_refused(tmp_path, name, save, words):
    path = save(tmp_path / name)

    with pytest.raises(InputFileError) as caught:
        open_footage(path)

    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_sound_is_not_a_clip():
    with pytest.raises(InputFileError, match="no video track"):
        open_footage(SPEECH)
