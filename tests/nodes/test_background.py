"""Backgrounds that are part of a video, turned, or unusable."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch

from .media import read_video


class CutVideo:
    """The second half of a video, as newer hosts hand it on: only they know of the cut.

    Parameters
    ----------
    images : Tensor, shape (N, H, W, 3)
        Of the whole, at 25 frames a second.
    folder : Path
        Where to put the file.
    """

    def __init__(self, images, folder):
        self.images, self.path = images[len(images) // 2 :], folder / "whole.mp4"
        as_video(images).save_to(str(self.path))

    def get_stream_source(self):
        return str(self.path)

    def get_duration(self):
        return len(self.images) / 25

    def get_frame_rate(self):
        return Fraction(25)

    def as_trimmed(self, start_time=0, duration=0, strict_duration=True):
        start = round(25 * start_time)
        images = self.images[start : start + round(25 * duration)]
        return SimpleNamespace(get_components=lambda: SimpleNamespace(images=images))


def as_video(images):
    from comfy_api.latest import InputImpl, Types

    return InputImpl.VideoFromComponents(
        Types.VideoComponents(images=images, frame_rate=Fraction(25))
    )


def render(host, parts, background):
    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": parts.motion}
    (video,) = host.call("MoDARenderVideo", **values, background=background)
    return read_video(video.get_stream_source()).frames


def greys(levels, parts):
    height, width = parts.image.shape[1:3]
    return torch.tensor(levels)[:, None, None, None].expand(-1, height, width, 3).contiguous()


def test_only_what_is_left_of_a_cut_video_is_seen(host, parts, tmp_path):
    background = CutVideo(greys([0.1] * 10 + [0.9] * 10, parts), tmp_path)

    corner = render(host, parts, background)[:, :8, :8].mean(axis=(1, 2, 3))

    assert (corner > 200).all()


@pytest.mark.real_host
def test_a_video_that_the_host_has_cut_begins_at_its_cut(host, parts, tmp_path):
    from comfy_api.latest import InputImpl

    as_video(greys([0.1] * 50 + [0.9] * 50, parts)).save_to(str(tmp_path / "whole.mp4"))
    video = InputImpl.VideoFromFile(str(tmp_path / "whole.mp4"))
    if not hasattr(video, "as_trimmed"):
        pytest.skip("this host does not cut videos")

    corner = render(host, parts, video.as_trimmed(2.0, 1.5))[:, :8, :8].mean(axis=(1, 2, 3))

    assert (corner > 200).all()


@pytest.mark.parametrize("content", [b"hello, this is no video", b"", None])
def test_what_is_no_video_is_refused_in_a_sentence(host, parts, tmp_path, content):
    from comfy_api.latest import InputImpl

    if content is not None:
        (tmp_path / "background.mp4").write_bytes(content)

    with pytest.raises(ValueError, match="as a video"):
        render(host, parts, InputImpl.VideoFromFile(str(tmp_path / "background.mp4")))


def test_an_empty_mask_of_the_pictures_size_is_none(host, parts):
    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": parts.motion}

    (video,) = host.call("MoDARenderVideo", **values, mask=torch.zeros(parts.image.shape[:3]))

    frames = read_video(video.get_stream_source()).frames.astype(float)
    assert abs(frames[-1] - frames[0]).max() > 30


def test_sound_of_whole_numbers_is_scaled(host):
    (encoder,) = host.call("MoDALoadAudioEncoder")
    samples = (torch.sin(torch.arange(16000) / 20) * 16384).to(torch.int16)

    _, audio = host.call(
        "MoDAEncodeAudio",
        audio_encoder=encoder,
        audio={"waveform": samples[None, None], "sample_rate": 16000},
    )

    assert audio["waveform"].abs().max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("kind", ["uint8", "0 to 255", "numpy", "list", "grey"])
def test_backgrounds_of_other_packs_are_shown(host, parts, kind):
    pictures = greys([0.0, 120 / 255], parts)
    given = {
        "uint8": (255 * pictures).round().to(torch.uint8),
        "0 to 255": 255 * pictures,
        "numpy": pictures.numpy(),
        "list": list(pictures),
        "grey": pictures[..., 0],
    }[kind]

    frames = render(host, parts, given)

    corner = frames[:3, :4, :4].astype(int).mean((1, 2, 3))
    assert corner == pytest.approx([0, 120, 120], abs=3)
