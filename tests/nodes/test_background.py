"""What a newer host's cut video shows behind a face."""

from fractions import Fraction

import torch

from .media import read_video


class CutVideo:
    """The second half of a video, as hosts since 0.12 hand it on: only they know of the cut.

    Parameters
    ----------
    images : Tensor, shape (N, H, W, 3)
        Of the whole, at 25 frames a second.
    folder : Path
        Where to put the file.
    """

    def __init__(self, images, folder):
        self.images, self.path = images, folder / "whole.mp4"
        self._write(images, self.path)

    def get_stream_source(self):
        return str(self.path)

    def get_duration(self):
        return len(self.images) / 2 / 25

    def save_to(self, path):
        self._write(self.images[len(self.images) // 2 :], path)

    def _write(self, images, path):
        from comfy_api.latest import InputImpl, Types

        parts = Types.VideoComponents(images=images, frame_rate=Fraction(25))
        InputImpl.VideoFromComponents(parts).save_to(str(path))


def test_only_what_is_left_of_a_cut_video_is_seen(host, parts, tmp_path):
    height, width = parts.image.shape[1:3]
    levels = torch.tensor([0.1] * 10 + [0.9] * 10)
    background = CutVideo(
        levels[:, None, None, None].expand(-1, height, width, 3).contiguous(), tmp_path
    )

    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": parts.motion}
    (video,) = host.call("MoDARenderVideo", **values, background=background)

    corner = read_video(video.get_stream_source()).frames[:, :8, :8].mean(axis=(1, 2, 3))
    assert (corner > 200).all()
