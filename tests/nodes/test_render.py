"""Videos and frames, and what is refused."""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from .media import read_video


def render(host, parts, **options):
    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": parts.motion}
    (video,) = host.call("MoDARenderVideo", **values, **options)
    return video


def frames_of(host, parts, **options):
    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": parts.motion}
    return host.call("MoDARenderFrames", **values, **options)


def path_of(video):
    return Path(video.get_stream_source())


def size_of(parts):
    height, width = parts.image.shape[1:3]
    return width, height


def as_video(images, fps, audio=None):
    from comfy_api.latest import InputImpl, Types

    components = Types.VideoComponents(images=images, frame_rate=Fraction(fps), audio=audio)
    return InputImpl.VideoFromComponents(components)


def test_a_video_is_a_finished_file_in_the_temp_folder(host, parts):
    video = render(host, parts, audio=parts.speech)
    seen = read_video(path_of(video))

    assert [path.name for path in host.temp_folder.iterdir()] == [path_of(video).name]
    assert (seen.codec, seen.fps, len(seen.frames)) == ("h264", 25, 10)
    assert video.get_dimensions() == size_of(parts)
    assert seen.sample_rate == parts.speech["sample_rate"]
    length = parts.speech["waveform"].shape[-1]
    assert seen.sound.shape[-1] == pytest.approx(length, abs=0.005 * seen.sample_rate + 1024)


def test_the_face_moves_and_the_corner_does_not(host, parts):
    frames = read_video(path_of(render(host, parts, quality="high"))).frames.astype(float)
    picture = (parts.image[0] * 255).numpy()

    assert np.abs(frames[-1] - frames[0]).max() > 30
    assert np.abs(frames[:, :40, :40] - picture[:40, :40]).mean() < 3


def test_a_video_without_sound_has_no_sound_track(host, parts):
    assert read_video(path_of(render(host, parts))).sound is None


@pytest.mark.parametrize(("fps", "count"), [(12.5, 5), (30.0, 12), (50.0, 20)])
def test_another_rate_keeps_the_length(host, parts, fps, count):
    seen = read_video(path_of(render(host, parts, audio=parts.speech, fps=fps)))

    assert (len(seen.frames), seen.fps) == (count, pytest.approx(fps))


@pytest.mark.parametrize(
    ("fps", "exact"),
    [(29.97, Fraction(30000, 1001)), (23.98, Fraction(24000, 1001)), (12.5, Fraction(25, 2))],
)
def test_a_rate_of_television_is_exact_in_the_file(host, parts, fps, exact):
    path = path_of(render(host, parts, audio=parts.speech, fps=fps))

    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        times = [frame.pts * frame.time_base for frame in video.decode(stream)]
        assert stream.average_rate == exact
    assert times == [index / exact for index in range(len(times))]
    assert len(times) == round(0.4 * exact)


def test_quality_decides_on_the_size(host, parts):
    sizes = [
        path_of(render(host, parts, quality=quality)).stat().st_size
        for quality in ("small file", "standard", "high")
    ]

    assert sizes == sorted(sizes)
    assert sizes[0] < 0.8 * sizes[2]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_any_sound_can_accompany(host, parts, channels, rate):
    sound = {"waveform": torch.zeros(1, channels, int(0.4 * rate)), "sample_rate": rate}
    seen = read_video(path_of(render(host, parts, audio=sound)))

    assert seen.sample_rate == rate
    assert seen.sound.shape[0] == channels
    assert np.abs(seen.sound).max() < 0.01


def test_previews_are_pictures_of_the_video(host, parts):
    render(host, parts)

    kind, picture, largest = host.previews[0]
    assert (kind, picture.size, largest) == ("JPEG", size_of(parts), 512)
    assert host.progress[-1][0] == host.progress[-1][1] == 10


def test_a_picture_is_seen_around_the_face(host, parts):
    backdrop = torch.zeros_like(parts.image) + torch.tensor([0.0, 0.0, 1.0])
    frames = read_video(path_of(render(host, parts, background=backdrop))).frames

    assert frames[:, 5:15, 5:15, 2].min() > 200
    assert frames[:, 5:15, 5:15, 0].max() < 40


def test_pictures_follow_each_other_and_the_last_is_held(host, parts):
    levels = torch.tensor([0.0, 0.5, 1.0])[:, None, None, None]
    backdrop = levels.expand(-1, *parts.image.shape[1:]).clone()
    frames = read_video(path_of(render(host, parts, background=backdrop))).frames
    corner = frames[:, 5:15, 5:15].mean(axis=(1, 2, 3))

    assert corner[:3] == pytest.approx([0, 128, 255], abs=12)
    assert corner[3:] == pytest.approx([255] * 7, abs=12)


@pytest.mark.parametrize("from_file", [False, True])
def test_a_video_follows_its_own_rate_in_time(host, parts, tmp_path, from_file):
    levels = torch.linspace(0, 1, 5)[:, None, None, None]
    video = as_video(levels.expand(-1, *parts.image.shape[1:]).clone(), 12.5)
    if from_file:
        from comfy_api.latest import InputImpl

        video.save_to(str(tmp_path / "back.mp4"))
        video = InputImpl.VideoFromFile(str(tmp_path / "back.mp4"))
    frames = read_video(path_of(render(host, parts, background=video))).frames
    corner = frames[:, 5:15, 5:15].mean(axis=(1, 2, 3))

    assert corner[::2] == pytest.approx([0, 64, 128, 191, 255], abs=14)


# The colours of a background of three stripes, three times as wide as the picture: in the upper
# corners, and in the middle of the left edge.
RED, GREEN, BLUE, BLACK = (240, 0, 0), (0, 240, 0), (0, 0, 240), (0, 0, 0)
FITTED = {
    None: (GREEN, GREEN, GREEN),
    "crop": (GREEN, GREEN, GREEN),
    "fit": (BLACK, BLACK, RED),
    "stretch": (RED, BLUE, RED),
}


@pytest.mark.parametrize("kind", ["picture", "video", "file"])
@pytest.mark.parametrize("fit", FITTED)
def test_a_background_of_another_size_is_fitted(host, parts, tmp_path, kind, fit):
    width, height = size_of(parts)
    stripes = torch.tensor([RED, GREEN, BLUE]) / 255
    wide = stripes.repeat_interleave(width, 0).expand(1, 2 * (height // 2), -1, -1).contiguous()
    background = wide if kind == "picture" else as_video(wide, 25)
    if kind == "file":
        from comfy_api.latest import InputImpl

        background.save_to(str(tmp_path / "wide.mp4"))
        background = InputImpl.VideoFromFile(str(tmp_path / "wide.mp4"))
    options = {} if fit is None else {"background_fit": fit}

    frames = read_video(path_of(render(host, parts, background=background, **options))).frames

    middle = slice(height // 2, height // 2 + 4)
    seen = frames[:, 4:8, 4:8], frames[:, 4:8, -8:-4], frames[:, middle, 4:8]
    for pixels, expected in zip(seen, FITTED[fit], strict=True):
        assert np.abs(pixels.astype(int) - expected).mean() < 12
    assert frames.shape[1:3] == (height, width)


def test_a_mask_keeps_the_picture_still_where_it_is_zero(host, parts):
    mask = torch.zeros(1, *parts.image.shape[1:3])
    mask[:, :100] = 1
    frames = read_video(path_of(render(host, parts, mask=mask, quality="high"))).frames
    picture = (parts.image[0] * 255).numpy()

    assert np.abs(frames[:, 150:] - picture[150:]).mean() < 3


def test_a_mask_of_another_size_is_refused_with_both_sizes(host, parts):
    width, height = size_of(parts)

    with pytest.raises(ValueError, match=f"32x16.*{width}x{height}"):
        render(host, parts, mask=torch.ones(1, 16, 32))


def test_a_portrait_of_another_renderer_is_refused_with_both_names(host, parts):
    with pytest.raises(ValueError, match="liveportrait") as refused:
        render(host, replace(parts, portrait=replace(parts.portrait, renderer="liveportrait")))

    assert repr(parts.renderer.renderer.name) in str(refused.value)
    assert list(host.temp_folder.iterdir()) == []


def test_frames_are_an_image_batch_with_masks(host, parts):
    frames, mask = frames_of(host, parts, start=2, count=3)
    width, height = size_of(parts)

    assert frames.shape == (3, height, width, 3)
    assert mask.shape == (3, height, width)
    assert (frames.dtype, mask.dtype) == (torch.float32, torch.float32)
    assert 0 <= frames.min() < frames.max() <= 1


def test_frames_are_those_of_the_video(host, parts):
    frames, _ = frames_of(host, parts, start=0, count=0)
    seen = read_video(path_of(render(host, parts, quality="high"))).frames

    assert len(frames) == len(seen) == 10
    assert (frames * 255 - torch.from_numpy(seen)).abs().mean() < 3


def test_the_face_crop_is_a_square(host, parts):
    frames, mask = frames_of(host, parts, count=1, output="face crop")

    assert frames.shape[1] == frames.shape[2]
    assert mask.shape == frames.shape[:3]


def test_more_frames_than_there_are_give_those_that_there_are(host, parts):
    assert len(frames_of(host, parts, start=8, count=99)[0]) == 2


def test_a_start_behind_the_end_is_refused(host, parts):
    with pytest.raises(ValueError, match=r"10 frames.*10"):
        frames_of(host, parts, start=10)


def test_memory_that_runs_out_halves_the_chunk(host, parts, monkeypatch):
    expected, _ = frames_of(host, parts, count=6)
    loop = sys.modules[f"{host.pack.__name__}.moda_core.warp.warp_renderer"]
    whole, tried = loop.render_chunk, []

    def short_of_memory(*arguments):
        frames = whole(*arguments)
        tried.append(len(frames))
        if len(frames) > 2:
            raise host.management.OOM_EXCEPTION("out of memory")
        return frames

    monkeypatch.setattr(loop, "render_chunk", short_of_memory)

    frames, _ = frames_of(host, parts, count=6)

    assert max(tried) > 2
    assert torch.equal(frames, expected)
