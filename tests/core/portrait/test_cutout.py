"""Cut-outs: the opacity of files, and of frames over two colours."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.portrait.cutout import Cutout, over_color, parse_color
from moda_core.portrait.image import read_image, read_opacity

HEIGHT, WIDTH = 24, 32


def random_pixels(channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, channels), dtype=np.uint8)


@pytest.mark.parametrize(
    ("mode", "opacity"), [("RGBA", 3), ("LA", 1), ("RGB", None), ("L", None), ("opaque", None)]
)
def test_the_opacity_of_a_file_is_upright_and_none_without_transparency(tmp_path, mode, opacity):
    channels = {"RGBA": 4, "LA": 2, "RGB": 3, "L": 1, "opaque": 4}[mode]
    pixels = random_pixels(channels)
    if mode == "opaque":
        pixels[..., 3] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(pixels.squeeze()).save(tmp_path / "a.png", exif=exif)

    found = read_opacity(tmp_path / "a.png")

    if opacity is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found.numpy(), pixels[::-1, ::-1, opacity])


@pytest.mark.parametrize("color", ["white", "black", "#00ff00", "rgb(120, 130, 140)"])
def test_a_colour_behind_a_file_is_that_of_its_own_blend(tmp_path, color):
    pixels = random_pixels(4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    opacity = read_opacity(tmp_path / "a.png") / 255

    found = over_color(read_image(tmp_path / "a.png"), opacity, parse_color(color))

    share = pixels[..., 3:] / 255
    expected = share * pixels[..., :3] + (1 - share) * np.array(parse_color(color))
    assert np.abs(found.numpy() - expected).max() <= 1.5  # rounded twice


def test_a_cut_out_stays_on_the_device_of_its_picture():
    image = torch.zeros(HEIGHT, WIDTH, 3, dtype=torch.uint8, device="meta")

    behind = over_color(image, torch.ones(HEIGHT, WIDTH), (1, 2, 3))
    rgba = Cutout((255,) * 3, (0,) * 3, None).rgba(image[None], image[None])

    assert (behind.device.type, behind.shape) == ("meta", image.shape)
    assert (rgba.device.type, rgba.shape) == ("meta", (1, HEIGHT, WIDTH, 4))


@pytest.mark.parametrize("shape", [(WIDTH, HEIGHT), (HEIGHT, WIDTH, 1), (HEIGHT, 1)])
def test_an_opacity_of_another_shape_is_refused_with_both_shapes(shape):
    image = torch.zeros(HEIGHT, WIDTH, 3, dtype=torch.uint8)

    with pytest.raises(ValueError, match=re.escape(f"({HEIGHT}, {WIDTH}), got {shape}. Scale")):
        over_color(image, torch.ones(shape), (1, 2, 3))


@pytest.mark.parametrize(
    ("color", "other", "levels"),
    [
        ((255, 255, 255), (0, 0, 0), 1),
        ((0, 255, 0), (255, 255, 255), 1),
        ((120,) * 3, (255,) * 3, 2),
    ],
)
def test_two_backgrounds_give_the_opacity_and_the_colour(color, other, levels):
    pixels = random_pixels(4)
    share = pixels[..., 3:] / 255
    frames, others = (
        torch.from_numpy(np.rint(share * pixels[..., :3] + (1 - share) * np.array(c))).byte()[None]
        for c in (color, other)
    )

    rgba = Cutout(color, other, None).rgba(frames, others)[0].numpy().astype(int)

    assert np.abs(rgba[..., 3] - pixels[..., 3]).max() <= levels
    dense = pixels[..., 3] > 200
    assert np.abs(rgba - pixels)[dense].max() <= 4 * levels


def test_opacity_near_its_ends_is_taken_for_them():
    frames = torch.tensor([[[[250] * 3, [10] * 3, [128] * 3]]]).byte()

    rgba = Cutout((255,) * 3, (0,) * 3, None).rgba(frames, torch.zeros_like(frames), slack=0.06)

    half = round(255 * (127 / 255 - 0.06) / 0.88)
    assert rgba[0, 0, :, 3].tolist() == [0, 255, half]


@pytest.mark.parametrize("text", ["", "whitish", "#12", "12,13"])
def test_what_is_no_colour_is_named(text):
    with pytest.raises(ValueError, match=f"'{text}'"):
        parse_color(text)
