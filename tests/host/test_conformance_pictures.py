"""Core nodes for pictures and sounds, on the stand-in and on a real host."""

import numpy as np
import pytest
import torch
from PIL import Image

from .prompts import node, save

RED, BLUE = 0xFF0000, 0x3050C0
BLUE_LEVELS = torch.tensor([0x30, 0x50, 0xC0]) / 255


def plain(color, width=8, height=6, batch_size=1):
    return node("EmptyImage", width=width, height=height, batch_size=batch_size, color=color)


def stitched(direction):
    options = {"match_image_size": False, "spacing_width": 0, "spacing_color": "white"}
    return node(
        "ImageStitch", image1=["red", 0], image2=["blue", 0], direction=direction, **options
    )


def picture(host, **nodes):
    """Run nodes on a red and a blue picture; returns what the one called `last` gave."""
    prompt = {"red": plain(RED), "blue": plain(BLUE), **nodes}
    result = host.run({**prompt, "shown": node("PreviewImage", images=["last", 0])})
    assert result.error is None
    return result.outputs["last"][0].float()


def sound(host, **nodes):
    """Run nodes on the example's speech; returns the sound that the one called `last` gave."""
    prompt = {"example": node("MoDAExample"), **nodes}
    prompt["picture"] = plain(RED, 64, 64)
    prompt["video"] = node("CreateVideo", images=["picture", 0], fps=25.0, audio=["last", 0])
    result = host.run({**prompt, "saved": save("video")})
    assert result.error is None
    return result.outputs["last"][0], result.outputs["example"][1]


def test_a_plain_picture_has_its_colour(host):
    image = picture(host, last=plain(BLUE, batch_size=2))

    torch.testing.assert_close(image, BLUE_LEVELS.expand(2, 6, 8, 3))


def test_batches_follow_each_other(host):
    image = picture(host, last=node("ImageBatch", image1=["red", 0], image2=["blue", 0]))

    assert image.shape == (2, 6, 8, 3)
    assert image[:, 0, 0, 0].tolist() == [1, pytest.approx(0x30 / 255)]


@pytest.mark.parametrize(("direction", "axis"), [("right", 2), ("down", 1)])
def test_pictures_are_stitched(host, direction, axis):
    image = picture(host, last=stitched(direction))
    first, second = image.chunk(2, dim=axis)

    assert (first == torch.tensor([1.0, 0, 0])).all()
    torch.testing.assert_close(second, BLUE_LEVELS.expand(second.shape))


def test_a_picture_is_mirrored(host):
    nodes = {"both": stitched("right")}
    nodes["last"] = node("ImageFlip", image=["both", 0], flip_method="y-axis: horizontally")
    image = picture(host, **nodes)

    torch.testing.assert_close(image[0, 0, [0, -1], 0], torch.tensor([0x30 / 255, 1]))


def test_pictures_are_multiplied_by_a_factor(host):
    images = {"image1": ["blue", 0], "image2": ["blue", 0]}
    image = picture(
        host, last=node("ImageBlend", **images, blend_factor=0.25, blend_mode="multiply")
    )

    expected = 0.75 * BLUE_LEVELS + 0.25 * BLUE_LEVELS**2
    torch.testing.assert_close(image[0, 0, 0], expected)


def test_blur_keeps_the_mean_and_softens_an_edge(host):
    nodes = {
        "red": plain(RED, 16, 16),
        "blue": plain(BLUE, 16, 16),
        "both": stitched("right"),
        "last": node("ImageBlur", image=["both", 0], blur_radius=3, sigma=1.0),
    }
    row = picture(host, **nodes)[0, 8, :, 0]

    assert row[[0, -1]].tolist() == pytest.approx([1, 0x30 / 255], abs=1e-4)
    assert 0.3 < row[15] < 0.9
    assert (row.diff() <= 1e-6).all()


def test_a_picture_covers_another_where_the_mask_is_white(host, tmp_path):
    opacity = np.zeros((6, 8), np.uint8)
    opacity[:, :4] = 255  # LoadImage's mask is white where a picture is transparent
    Image.merge("LA", [Image.new("L", (8, 6)), Image.fromarray(opacity)]).save(tmp_path / "a.png")
    nodes = {
        "mask": node("LoadImage", image="a.png"),
        "last": node(
            "ImageCompositeMasked",
            destination=["red", 0],
            source=["blue", 0],
            mask=["mask", 1],
            x=0,
            y=0,
            resize_source=False,
        ),
        "shown": node("PreviewImage", images=["last", 0]),
    }
    prompt = {"red": plain(RED), "blue": plain(BLUE), **nodes}
    result = host.run(prompt, inputs={"a.png": tmp_path / "a.png"})
    image = result.outputs["last"][0]

    expected = torch.tensor([1] * 4 + [0x30 / 255] * 4).expand(6, 8)
    level = 1 / 255  # newer hosts read opacity to within one
    torch.testing.assert_close(image[0, ..., 0], expected, atol=level, rtol=0)


def test_a_sound_is_trimmed(host):
    part, whole = sound(
        host,
        last=node("TrimAudioDuration", audio=["example", 1], start_index=1.0, duration=0.5),
    )
    rate = whole["sample_rate"]

    assert part["sample_rate"] == rate
    assert torch.equal(part["waveform"], whole["waveform"][..., rate : rate + rate // 2])


def speech_and_silence(seconds):
    return {
        "speech": node("TrimAudioDuration", audio=["example", 1], start_index=0.0, duration=0.5),
        "silence": node("EmptyAudio", duration=seconds, sample_rate=22050, channels=2),
    }


def test_sounds_follow_each_other_in_stereo(host):
    joined = node("AudioConcat", audio1=["silence", 0], audio2=["speech", 0], direction="after")
    both, whole = sound(host, **speech_and_silence(1.0), last=joined)

    assert both["sample_rate"] == whole["sample_rate"] == 22050
    assert both["waveform"].shape == (1, 2, 22050 + 11025)
    assert not both["waveform"][..., :22050].any()
    speech = whole["waveform"][..., :11025].expand(-1, 2, -1)
    torch.testing.assert_close(both["waveform"][..., 22050:], speech)


def test_sounds_are_added_and_kept_in_range(host):
    merged = node("AudioMerge", audio1=["speech", 0], audio2=["speech", 0], merge_method="add")
    both, whole = sound(host, **speech_and_silence(1.0), last=merged)

    double = 2 * whole["waveform"][..., :11025]
    torch.testing.assert_close(both["waveform"], double / double.abs().max().clamp(min=1))
