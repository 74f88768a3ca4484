"""What is seen behind a face: pictures and videos in time, the last one held."""

import io

import av
import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.compositing.backdrop import (
    VideoBackdrop,
    file_backdrop,
    fit_picture,
    pictures_backdrop,
)
from moda_core.errors import InputFileError
from moda_core.video.writer import VideoWriter
from tests.sound_files import write_sound

SIZE = (32, 48)


def write_video(path, fps):
    """Write ten frames whose brightness tells their index."""
    levels = np.linspace(20, 236, 10).round().astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (10, *SIZE, 3)).copy()
    with VideoWriter(path, SIZE[::-1], fps, 10) as writer:
        writer.write(frames)
    return path


@pytest.fixture
def video(tmp_path):
    """Ten frames at 10 fps."""
    return write_video(tmp_path / "background.mp4", 10)


def indices(frames):
    return [round((float(frame.float().mean()) - 20) / 24) for frame in frames]


def test_a_video_plays_in_time_and_holds_its_last_frame(video):
    with VideoBackdrop(video, 25, SIZE) as backdrop:
        frames = torch.cat([backdrop(0, 10), backdrop(10, 30)])

    # The newest frame that has begun at the time i / 25.
    assert indices(frames) == [min(int(i / 25 * 10 + 1e-6), 9) for i in range(30)]


def test_a_slower_video_skips_frames_of_the_background(video):
    with VideoBackdrop(video, 5, SIZE) as backdrop:
        assert indices(backdrop(0, 5)) == [0, 2, 4, 6, 8]


def test_time_stamps_rounded_to_milliseconds_show_every_frame_once(tmp_path):
    path = write_video(tmp_path / "background.mkv", 30)

    with VideoBackdrop(path, 30, SIZE) as backdrop:
        assert indices(backdrop(0, 10)) == list(range(10))


def test_a_video_in_memory_plays(video):
    with VideoBackdrop(io.BytesIO(video.read_bytes()), 10, SIZE) as backdrop:
        assert indices(backdrop(0, 3)) == [0, 1, 2]


STRIPES = np.eye(3, dtype=np.uint8)[:, None] * np.full((3, 1, 1), 240, np.uint8)  # red, green, blue


def striped(lying):
    """A picture of three thirds, 180 x 60 or 60 x 180 pixels."""
    across = STRIPES.transpose(1, 0, 2).repeat(60, axis=0).repeat(60, axis=1)
    return across if lying else across.transpose(1, 0, 2)


# The colours of the middle row and column of the result, at its first, middle and last pixels.
RED, GREEN, BLUE, BLACK = (240, 0, 0), (0, 240, 0), (0, 0, 240), (0, 0, 0)
FITTED = {
    "crop": ((GREEN, GREEN, GREEN), (GREEN, GREEN, GREEN)),
    "fit": ((RED, GREEN, BLUE), (BLACK, GREEN, BLACK)),
    "stretch": ((RED, GREEN, BLUE), (GREEN, GREEN, GREEN)),
}


@pytest.mark.parametrize("lying", [True, False])
@pytest.mark.parametrize("side", [30, 90])
@pytest.mark.parametrize("fit", FITTED)
def test_a_picture_of_other_proportions_is_cropped_framed_or_stretched(fit, side, lying):
    picture = torch.from_numpy(striped(lying))

    fitted = fit_picture(picture, (side, side), fit)

    middle, along = side // 2, [1, side // 2, side - 2]
    lines = fitted[middle, along], fitted[along, middle]
    expected = torch.tensor(FITTED[fit])
    assert torch.equal(torch.stack(lines if lying else lines[::-1]).long(), expected)
    assert fitted.shape == (side, side, 3)


def test_a_framed_picture_keeps_its_proportions_and_its_middle():
    fitted = fit_picture(torch.full((100, 300, 3), 255, dtype=torch.uint8), (90, 90), "fit")

    rows = fitted[:, 45, 0].nonzero().flatten().tolist()
    assert rows == list(range(30, 60))


def test_a_reduced_picture_is_smooth():
    checks = torch.from_numpy(np.indices((80, 80)).sum(0) % 2 * 255).to(torch.uint8)

    fitted = fit_picture(checks[..., None].expand(-1, -1, 3), (20, 20))

    assert (fitted[2:-2, 2:-2].float() - 127.5).abs().max() <= 1


@pytest.mark.parametrize("fit", FITTED)
def test_a_picture_of_the_size_stays_as_it_is(fit):
    picture = torch.randint(256, (*SIZE, 3), dtype=torch.uint8)

    assert fit_picture(picture, SIZE, fit) is picture


def test_an_unknown_fit_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'cover'.*crop, fit, stretch"):
        fit_picture(torch.zeros(2, 2, 3, dtype=torch.uint8), (4, 4), "cover")


def test_a_video_of_another_size_is_fitted(video):
    with VideoBackdrop(video, 10, (60, 48), "fit") as backdrop:
        frames = backdrop(0, 10)

    assert frames.shape == (10, 60, 48, 3)
    assert (frames[:, :14] == 0).all()
    assert indices(frames[:, 16:44]) == list(range(10))


@pytest.mark.parametrize("name", ["b.png", "b.jpg", "b.mp4", "b.mkv"])
def test_a_file_is_a_picture_or_a_video_by_its_content(tmp_path, name):
    path = tmp_path / name
    if path.suffix in (".png", ".jpg"):
        Image.new("RGB", (30, 30), (10, 200, 30)).save(path)
        levels = [(10, 200, 30)] * 3
    else:
        write_video(path, 25)
        levels = [(level,) * 3 for level in (20, 44, 68)]
    disguised = path.rename(tmp_path / "background")

    with file_backdrop(disguised, 25, (40, 40)) as backdrop:
        shown = torch.cat([backdrop(0, 1), backdrop(1, 3)])

    assert shown.shape == (3, 40, 40, 3)
    assert (shown[:, 20, 20].int() - torch.tensor(levels)).abs().max() <= 3


def test_a_picture_of_one_pixel_fills_the_frame(tmp_path):
    Image.new("RGB", (1, 1), (10, 200, 30)).save(tmp_path / "dot.png")

    with file_backdrop(tmp_path / "dot.png", 25, SIZE) as backdrop:
        shown = backdrop(0, 1)

    assert (shown == torch.tensor((10, 200, 30))).all()


def cut_short(path):
    Image.effect_noise((60, 60), 50).save(path)
    path.write_bytes(path.read_bytes()[:1500])


def write_tone(path):
    write_sound(path, np.zeros(800), 8000)


@pytest.mark.parametrize(
    ("name", "write", "says"),
    [
        ("missing.png", lambda path: None, "does not exist"),
        ("empty.png", lambda path: path.touch(), "empty"),
        ("text.png", lambda path: path.write_text("hello, this is no video"), "as a video"),
        ("page.svg", lambda path: path.write_text("<svg></svg>"), "SVG"),
        ("cut.png", cut_short, "damaged"),
        ("tone.wav", write_tone, "no picture, only sound"),
    ],
)
def test_a_file_that_is_neither_is_named(tmp_path, name, write, says):
    write(tmp_path / name)

    with (
        pytest.raises(InputFileError, match=rf"{name}.*{says}"),
        file_backdrop(tmp_path / name, 25, SIZE),
    ):
        pass


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("hello, this is no video")

    with pytest.raises(ValueError, match="as a video") as caught:
        VideoBackdrop(tmp_path / "text.mp4", 25, SIZE)
    assert "Errno" not in str(caught.value)


def test_pictures_follow_their_own_rate_and_the_last_one_is_held():
    pictures = torch.arange(4, dtype=torch.uint8)[:, None, None, None].expand(-1, 2, 2, 3)
    backdrop = pictures_backdrop(pictures.__getitem__, 4, fps=10, out_fps=20)

    assert backdrop(0, 10)[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 3]


def test_one_picture_stands_still():
    picture = torch.full((2, 2, 3), 7, dtype=torch.uint8)
    backdrop = pictures_backdrop(lambda index: picture, 1, fps=25, out_fps=25)

    assert torch.equal(backdrop(5, 8), picture.expand(3, -1, -1, -1))


def test_a_video_that_phones_write_lying_is_shown_upright(tmp_path):
    with av.open(str(tmp_path / "lying.mp4"), "w") as container:
        stream = container.add_stream("libx264", 25)
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV writes no rotation")
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        stream.set_display_rotation(90)  # counter-clockwise
        pixels = np.zeros((32, 64, 3), np.uint8)
        pixels[:, :16] = 255  # at the left as it lies, so at the bottom once turned
        for packet in stream.encode(av.VideoFrame.from_ndarray(pixels)):
            container.mux(packet)
        container.mux(stream.encode(None))

    with VideoBackdrop(tmp_path / "lying.mp4", 25, (64, 32)) as backdrop:
        picture = backdrop(0, 1)[0].float()

    assert picture[50:].mean() > 200
    assert picture[:44].mean() < 60


def test_damage_inside_a_video_is_told_in_a_sentence(video):
    content = bytearray(video.read_bytes())
    middle = content.index(b"mdat") + 4
    content[middle:] = bytes(len(content) - middle)
    (video.parent / "damaged.mp4").write_bytes(content)

    with pytest.raises(ValueError, match="background"):
        VideoBackdrop(video.parent / "damaged.mp4", 25, SIZE)


def test_damage_found_while_a_file_plays_names_it(tmp_path):
    path, noise = tmp_path / "background.mp4", np.random.default_rng(0)
    with VideoWriter(path, SIZE[::-1], 25, 100) as writer:
        writer.write(noise.integers(0, 255, (100, *SIZE, 3), np.uint8))
    content = bytearray(path.read_bytes())
    half = len(content) * 3 // 4
    content[half:] = bytes(len(content) - half)  # the index lies at the beginning
    path.write_bytes(content)

    with file_backdrop(path, 25, SIZE) as backdrop:
        backdrop(0, 10)
        with pytest.raises(InputFileError, match=r"background\.mp4"):
            backdrop(10, 100)


def test_a_picture_that_is_held_is_taken_once():
    taken = []

    def take(index):
        taken.append(index)
        return torch.zeros(2, 2, 3, dtype=torch.uint8)

    pictures_backdrop(take, 1, fps=25, out_fps=25)(0, 100)

    assert taken == [0]
