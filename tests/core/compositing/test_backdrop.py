"""What is seen behind a face: pictures and videos in time, the last one held."""

import io

import av
import numpy as np
import pytest
import torch

from moda_core.compositing.backdrop import VideoBackdrop, check_size, pictures_backdrop
from moda_core.video.writer import VideoWriter

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


def test_another_size_is_refused_with_both_sizes(video):
    with pytest.raises(ValueError, match=r"48x32 pixels.*60x40"):
        VideoBackdrop(video, 25, (40, 60))


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("hello, this is no video")

    with pytest.raises(ValueError, match="as a video"):
        VideoBackdrop(tmp_path / "text.mp4", 25, SIZE)


def test_pictures_follow_their_own_rate_and_the_last_one_is_held():
    pictures = torch.arange(4, dtype=torch.uint8)[:, None, None, None].expand(-1, 2, 2, 3)
    backdrop = pictures_backdrop(pictures.__getitem__, 4, fps=10, out_fps=20)

    assert backdrop(0, 10)[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 3]


def test_one_picture_stands_still():
    picture = torch.full((2, 2, 3), 7, dtype=torch.uint8)
    backdrop = pictures_backdrop(lambda index: picture, 1, fps=25, out_fps=25)

    assert torch.equal(backdrop(5, 8), picture.expand(3, -1, -1, -1))


def test_equal_sizes_pass():
    check_size((4, 5), (4, 5))


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


def test_a_picture_that_is_held_is_taken_once():
    taken = []

    def take(index):
        taken.append(index)
        return torch.zeros(2, 2, 3, dtype=torch.uint8)

    pictures_backdrop(take, 1, fps=25, out_fps=25)(0, 100)

    assert taken == [0]
