import io
import struct
import sys
import zlib

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, PngImagePlugin
from scipy.ndimage import map_coordinates
from torch.utils._python_dispatch import TorchDispatchMode

from moda_core.errors import InputFileError
from moda_core.portrait.image import limit_size, read_image, resize_limit

HEIGHT, WIDTH = 24, 32


def gradient():
    """A picture in which every corner has another colour."""
    rows = np.linspace(0, 1, HEIGHT)[:, None]
    columns = np.linspace(0, 1, WIDTH)[None]
    picture = np.stack(
        [255 * rows + 0 * columns, 255 * columns + 0 * rows, 90 + 0 * rows * columns]
    )
    return picture.transpose(1, 2, 0).round().astype(np.uint8)


def grey():
    return np.linspace(0, 255, HEIGHT * WIDTH).round().astype(np.uint8).reshape(HEIGHT, WIDTH)


def as_rgb(values):
    return np.repeat(values[..., None], 3, axis=2).astype(int)


def distance(path, expected):
    return np.abs(read_image(path).numpy().astype(int) - expected).max()


def write_png(path, pixels, colour_type, claimed_size=None):
    """Write PNG by hand, because Pillow can't write 16 bits of colour."""

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    height, width = claimed_size or pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("a.png", 0), ("a.bmp", 0), ("a.tif", 0), ("a.ppm", 0), ("a.jpg", 12), ("a.webp", 12)],
)
def test_common_files_give_rgb(tmp_path, name, tolerance):
    path = tmp_path / f"mit Leerzeichen, 東京 {name}"
    options = {"quality": 100, "subsampling": 0} if name == "a.jpg" else {"quality": 100}
    Image.fromarray(gradient()).save(path, **options)

    image = read_image(str(path))

    assert image.dtype == torch.uint8
    assert tuple(image.shape) == (HEIGHT, WIDTH, 3)
    assert distance(path, gradient().astype(int)) <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, orientation):
    upright = gradient()
    stored = {  # EXIF 2.32, table of Orientation: what the camera stored
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)

    assert distance(tmp_path / "a.png", upright) == 0


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("16 bit.png", grey().astype(np.uint16) * 257),
        ("16 bit.tif", grey().astype(np.uint16) * 257),
        ("32 bit.tif", grey().astype(np.int32) * 257),
        ("unit float.tif", (grey() / 255).astype(np.float32)),
        ("byte float.tif", grey().astype(np.float32)),
        ("grey.png", grey()),
        ("grey.jpg", grey()),
    ],
)
def test_deep_and_grey_pictures_are_scaled_not_clipped(tmp_path, name, stored):
    Image.fromarray(stored).save(tmp_path / name)

    assert distance(tmp_path / name, as_rgb(grey())) <= (8 if name.endswith("jpg") else 1)


def test_unsigned_32_bit_does_not_wrap(tmp_path):
    stored = (grey().astype(np.uint32) * 16843009).view(np.int32)
    Image.fromarray(stored).save(tmp_path / "a.tif")

    assert distance(tmp_path / "a.tif", as_rgb(grey())) <= 1


def test_16_bit_colour_is_scaled(tmp_path):
    write_png(tmp_path / "a.png", gradient().astype(np.uint16) * 257, colour_type=2)

    assert distance(tmp_path / "a.png", gradient()) <= 1


def test_two_colours_and_palettes_are_expanded(tmp_path):
    black_white = np.where(grey() > 127, 255, 0).astype(np.uint8)
    Image.fromarray(black_white).convert("1").save(tmp_path / "one.png")
    Image.fromarray(gradient()).quantize(256).save(tmp_path / "palette.png")

    assert distance(tmp_path / "one.png", as_rgb(black_white)) == 0
    assert distance(tmp_path / "palette.png", gradient()) < 20


@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette", "16 bit"])
def test_transparent_parts_get_a_white_background(tmp_path, kind):
    opacity = np.zeros((HEIGHT, WIDTH), np.uint8)
    opacity[:, 8:] = 255
    colour = as_rgb(grey()).astype(np.uint8) if kind == "LA" else gradient()
    if kind == "palette":
        colour = np.full_like(colour, (10, 60, 200))
    if kind == "16 bit":
        pixels = np.dstack([colour, opacity]).astype(np.uint16) * 257
        write_png(tmp_path / "a.png", pixels, colour_type=6)
    elif kind == "palette":
        image = Image.fromarray(colour).quantize(4)
        image.putpalette([10, 60, 200, 9, 9, 9])
        indices = np.where(opacity > 0, 0, 1).astype(np.uint8)
        image.putdata(indices.ravel())
        image.save(tmp_path / "a.png", transparency=1)
    else:
        image = Image.fromarray(np.dstack([colour, opacity])).convert(kind)
        image.save(tmp_path / "a.png")

    expected = np.where(opacity[..., None] > 0, colour, 255)
    assert distance(tmp_path / "a.png", expected) <= 1


def test_half_transparent_colour_is_mixed_with_white(tmp_path):
    Image.new("RGBA", (WIDTH, HEIGHT), (100, 0, 200, 128)).save(tmp_path / "a.png")

    mixed = [round(255 + (value - 255) * 128 / 255) for value in (100, 0, 200)]
    assert distance(tmp_path / "a.png", np.array(mixed)) <= 1


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_of_an_animation_the_first_frame_is_taken_and_logged(tmp_path, name, caplog):
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue", "lime")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)

    image = read_image(tmp_path / name)

    assert np.abs(image.numpy().astype(int) - (255, 0, 0)).max() <= 4
    assert "several frames" in caplog.text


@pytest.mark.parametrize("extension", ["jpg", "tif"])
def test_print_colours_are_converted(tmp_path, extension):
    inks = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    inks[..., 1], inks[..., 3] = 255, 51  # magenta, a fifth of black
    Image.fromarray(inks, "CMYK").save(tmp_path / f"a.{extension}", quality=100)

    assert distance(tmp_path / f"a.{extension}", np.array([204, 0, 204])) <= 6


def swapped_profile():
    """An ICC profile of sRGB whose red and green are exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("more", [0, 3_000_000])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_embedded_colour_profiles_are_applied(tmp_path, mode, more):
    image = Image.fromarray(gradient()).convert(mode)
    image.save(tmp_path / "a.png", icc_profile=swapped_profile() + bytes(more))

    assert distance(tmp_path / "a.png", gradient()[..., [1, 0, 2]]) <= 3


@pytest.mark.parametrize("profile", [b"no profile", bytes(40_000_000)], ids=["short", "long"])
def test_a_broken_colour_profile_does_no_harm(tmp_path, profile):
    Image.fromarray(gradient()).save(tmp_path / "a.png", icc_profile=profile)

    assert distance(tmp_path / "a.png", gradient()) == 0


def test_megabytes_of_text_in_a_png_do_no_harm(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "0" * 3_000_000, zip=True)
    texts.add_itxt("prompt", "1" * 3_000_000, zip=True)
    Image.fromarray(gradient()).save(tmp_path / "a.png", pnginfo=texts, exif=exif)
    limit = PngImagePlugin.MAX_TEXT_CHUNK

    assert distance(tmp_path / "a.png", gradient()[::-1, ::-1]) == 0
    assert limit == PngImagePlugin.MAX_TEXT_CHUNK


def media_head(brand, *compatible):
    content = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(content)) + b"ftyp" + content


HEIC = media_head(b"heic", b"mif1", b"heic")


@pytest.mark.parametrize(
    ("name", "content", "kind", "remedy"),
    [
        ("a.heic", HEIC, "HEIC", "pillow-heif"),
        ("a.jpg", HEIC, "HEIC", "pillow-heif"),
        ("a.heif", media_head(b"mif1", b"miaf", b"heic"), "HEIC", "pillow-heif"),
        ("a.jxl", b"\xff\x0a\xfa\x1f\x41\x91", "JPEG XL", "PNG"),
        ("a.png", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "JPEG XL", "PNG"),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", "PDF", "PNG"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="8"/>', "SVG", "PNG"),
        ("b.svg", b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg/>', "SVG", "PNG"),
        ("c.svg", b"<?xml version='1.0'?><!--" + 9000 * b"x " + b"-->\n<svg/>", "SVG", "PNG"),
        ("d.svg", b"<!--" + 9000 * b"x " + b"-->\n<svg/>", "SVG", "PNG"),
        ("e.svg", b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>\n<svg/>", "SVG", "PNG"),
        ("a.m4a", media_head(b"M4A ", b"mp42", b"isom"), "a sound file", "PNG"),
        ("a.mpg", b"\0\0\x01\xba\x44\0\x04\0\x04\x01", "a video", "frames"),
        ("a.m1v", b"\0\0\x01\xb3\x14\0\xf0\x13\xff\xff\xe0\x18", "a video", "frames"),
        ("a.m4v", b"\0\0\x01\xb0\x01\0\0\x01\xb5", "a video", "frames"),
        ("a.264", b"\0\0\0\x01\x67\x64\0\x1e", "a video", "frames"),
        ("a.mp4", media_head(b"isom", b"iso2", b"avc1", b"mp41"), "a video", "frames"),
        ("a.mov", media_head(b"qt  ", b"qt  "), "a video", "frames"),
        ("a.webm", b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01", "a video", "frames"),
        ("a.avi", b"RIFF\0\1\0\0AVI LIST", "a video", "frames"),
        ("a.xml", b"<?xml version='1.0'?><!DOCTYPE html><html><svg/>", "a web page", "Download"),
        ("a.jpg", b"<!-- saved --><html><svg/></html>", "a web page", "Download"),
        ("b.jpg", b"<!DOCTYPE html><html><title>x</title>", "a web page", "Download"),
        ("c.jpg", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
    ],
)
def test_what_pillow_cannot_read_is_named_with_a_remedy(
    tmp_path, monkeypatch, name, content, kind, remedy
):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / name).write_bytes(content + bytes(600))

    with pytest.raises(InputFileError) as caught:
        read_image(tmp_path / name)

    message = str(caught.value)
    assert all(part in message for part in (str(tmp_path / name), kind, remedy))
    assert "\n" not in message


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "libx264"),
        ("h264", "libx264"),
        ("mpeg1video", "mpeg1video"),
        ("mpeg2video", "mpeg2video"),
        ("m4v", "mpeg4"),
        ("mpeg", "mpeg1video"),
        ("vob", "mpeg2video"),
    ],
)
def test_a_real_video_is_named_as_one(tmp_path, form, codec):
    with av.open(tmp_path / "a.png", "w", format=form) as container:
        stream = container.add_stream(codec, 25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in (av.VideoFrame.from_ndarray(gradient()), None):
            container.mux(stream.encode(frame))

    with pytest.raises(InputFileError, match="is a video"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.heic", "a.jpg"])
def test_heic_of_tiles_is_read_where_pillow_heif_is_installed(tmp_path, monkeypatch, name):
    pillow_heif = pytest.importorskip("pillow_heif")
    monkeypatch.setattr(pillow_heif.options, "GRID_TILE_SIZE", 512)  # as in iPhones
    picture = np.asarray(Image.fromarray(gradient()).resize((1200, 700)))
    image = pillow_heif.from_pillow(Image.fromarray(picture))
    image.save(tmp_path / name, quality=100, chroma=444, format="HEIF")

    assert b"grid" in (tmp_path / name).read_bytes()[:2000]
    assert distance(tmp_path / name, picture) <= 4


def bad_files(folder):
    stream = io.BytesIO()
    Image.fromarray(np.tile(gradient(), (8, 8, 1))).save(stream, "JPEG")
    (folder / "cut.jpg").write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    stream = io.BytesIO()
    Image.fromarray(np.tile(gradient(), (8, 8, 1))).save(stream, "PNG")
    (folder / "cut.png").write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "folder.png").mkdir()
    Image.new("RGB", (15, 40)).save(folder / "tiny.png")
    write_png(folder / "huge.png", gradient(), 2, claimed_size=(20000, 20000))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cut.jpg", "damaged or incomplete"),
        ("cut.png", "damaged or incomplete"),
        ("empty.png", "empty"),
        ("text.jpg", "not a picture"),
        ("folder.png", "folder"),
        ("tiny.png", "15 x 40"),
        ("huge.png", "million pixels"),
        ("missing.png", "does not exist"),
    ],
)
def test_bad_files_are_named_in_one_sentence_of_what_to_do(tmp_path, name, problem):
    bad_files(tmp_path)

    with pytest.raises(InputFileError) as caught:
        read_image(tmp_path / name)

    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert problem in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize("limit", [0, -5])
def test_a_limit_below_one_pixel_is_refused(limit):
    with pytest.raises(ValueError, match=f"at least 1 pixel, got {limit}"):
        limit_size(torch.zeros(30, 20, 3, dtype=torch.uint8), limit)


@pytest.mark.parametrize(
    ("size", "limited"),
    [
        ((1080, 1920), (1080, 1920)),
        ((441, 633), (440, 632)),
        ((3840, 2160), (1920, 1080)),
        ((2001, 2001), (1920, 1920)),
        ((1003, 3001), (640, 1920)),  # 641.7 is cut to 641, then to an even number
        ((1, 700), (1, 700)),  # nothing would be left of the height
    ],
)
def test_the_limit_scales_then_cuts_to_even_sides(size, limited):
    assert resize_limit(*size) == limited
    assert limit_size(torch.zeros(*size, 3, dtype=torch.uint8)).shape == (*limited, 3)


def test_scaling_keeps_a_linear_picture_linear():
    columns = torch.arange(200) * 255 / 199
    picture = columns.round().to(torch.uint8)[None, :, None].expand(100, 200, 3)

    small = limit_size(picture, limit=100)

    positions = (np.arange(100) + 0.5) * 2 - 0.5
    expected = positions * 255 / 199
    assert small.shape == (50, 100, 3)
    assert np.abs(small[25, :, 0].numpy() - expected).max() <= 1


@pytest.mark.parametrize("size", [(90, 301), (200, 77), (60, 121), (1, 200), (130, 130)])
def test_scaling_is_bilinear_without_antialiasing(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)

    small = limit_size(torch.from_numpy(picture), limit=60, multiple=1).numpy()

    places = [
        ((np.arange(new) + 0.5) * old / new - 0.5).clip(0, old - 1)
        for old, new in zip(size, small.shape, strict=False)
    ]
    grid = np.meshgrid(*places, indexing="ij")
    expected = [map_coordinates(picture[..., c].astype(float), grid, order=1) for c in range(3)]
    assert max(small.shape) == 60
    assert np.abs(small - np.stack(expected, axis=-1)).max() <= 0.5 + 1e-4


def test_scaling_a_large_picture_makes_no_copy_of_its_size():
    class Sizes(TorchDispatchMode):
        largest = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                self.largest = max(self.largest, result.nbytes)
            return result

    picture = torch.zeros(1200, 1600, 3, dtype=torch.uint8)
    with Sizes() as sizes:
        limit_size(picture, limit=320)

    assert 0 < sizes.largest < picture.nbytes / 4


def test_a_picture_within_the_limit_is_only_cut():
    picture = torch.from_numpy(gradient())[:23, :31]

    torch.testing.assert_close(limit_size(picture), picture[:22, :30])
