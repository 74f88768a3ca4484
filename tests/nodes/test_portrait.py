"""Portraits in all the forms in which a graph brings them."""

import re

import pytest
import torch
from PIL import Image

from .starter_graph import POINTS


def extract(host, parts, image, **options):
    return host.call("MoDAExtractIdentity", renderer=parts.renderer, image=image, **options)


def left_eye(portrait):
    return torch.as_tensor(portrait.landmarks.left_eye)


@pytest.fixture(scope="module")
def found():
    """The left eye of the example by MediaPipe 0.10.14."""
    return torch.tensor([263.6, 202.8], dtype=torch.float64)


def test_outputs_are_the_portrait_the_crop_and_the_region(host, parts):
    portrait, crop, mask, _ = extract(host, parts, parts.image, points=POINTS)

    assert portrait.image.shape == parts.image.shape[1:]
    assert (crop.ndim, crop.shape[0], crop.shape[-1]) == (4, 1, 3)
    assert crop.shape[1] == crop.shape[2]
    assert 0 <= crop.min() < crop.max() <= 1
    assert mask.shape == (1, *parts.image.shape[1:3])
    assert 0 <= mask.min() < mask.max() <= 1
    assert (crop.dtype, mask.dtype) == (torch.float32, torch.float32)


def test_the_found_points_are_drawn(host, parts):
    _, crop, *_ = extract(host, parts, parts.image, points=POINTS)
    colours = {tuple(pixel) for pixel in (crop[0] * 255).round().int().reshape(-1, 3).tolist()}
    vivid = [colour for colour in colours if max(colour) - min(colour) > 200]

    assert vivid


def test_half_precision_gives_the_same_face(host, parts, found):
    portrait, *_ = extract(host, parts, parts.image.half())

    torch.testing.assert_close(left_eye(portrait), found, atol=2.0, rtol=0)


def test_values_beyond_the_range_are_clipped(host, parts):
    portrait, *_ = extract(host, parts, parts.image * 1.2 - 0.1, points=POINTS)

    assert portrait.image.max() == 255
    assert portrait.image.min() == 0


def test_transparent_parts_are_shown_over_white(host, parts):
    alpha = torch.ones_like(parts.image[..., :1])
    alpha[:, :20] = 0
    portrait, *_ = extract(host, parts, torch.cat([parts.image, alpha], -1), points=POINTS)

    assert (portrait.image[:20] == 255).all()
    torch.testing.assert_close(portrait.image[20:], parts.portrait.image[20:])


def test_a_grey_picture_has_three_channels(host, parts):
    portrait, *_ = extract(host, parts, parts.image.mean(-1, keepdim=True), points=POINTS)

    assert portrait.image.shape == parts.image.shape[1:]


def levels(image):
    return (image * 255).round()


OTHER_IMAGES = {
    "uint8": lambda image: levels(image).to(torch.uint8),
    "int64 of 0 to 255": lambda image: levels(image).long(),
    "uint16": lambda image: torch.from_numpy((levels(image).numpy() * 257).astype("u2")),
    "floats of 0 to 255": levels,
    "integers that overshoot": lambda image: levels(image).long().where(image > 0, -3),
    "floats of 0 to 255 that overshoot": lambda image: (
        levels(image).where(image > 0, -0.4).where(image < 1, 255.3)
    ),
    "double": lambda image: image.double(),
    "numpy": lambda image: image.numpy(),
    "numpy uint8 without batch": lambda image: levels(image)[0].numpy().astype("u1"),
    "numpy, big-endian doubles": lambda image: image.numpy().astype(">f8"),
    "Pillow's": lambda image: Image.fromarray(levels(image)[0].numpy().astype("u1")),
    "list": lambda image: [image],
    "tuple of single pictures": lambda image: (image[0],),
    "without batch": lambda image: image[0],
    "opaque alpha": lambda image: torch.cat([image, torch.ones_like(image[..., :1])], -1),
    "channels first": lambda image: image.movedim(-1, 1),
    "channels first, without batch": lambda image: image[0].movedim(-1, 0),
}
GREYS = {
    "(B, H, W, 1)": lambda grey: grey[..., None],
    "(B, H, W)": lambda grey: grey,
    "(H, W)": lambda grey: grey[0],
    "(H, W) uint8": lambda grey: levels(grey[0]).numpy().astype("u1"),
}


@pytest.mark.parametrize("kind", OTHER_IMAGES)
def test_images_of_other_packs_give_the_same_picture(host, parts, kind):
    portrait, *_ = extract(host, parts, OTHER_IMAGES[kind](parts.image), points=POINTS)

    assert torch.equal(portrait.image, parts.portrait.image)


@pytest.mark.parametrize("kind", GREYS)
def test_grey_images_of_other_packs_give_the_same_picture(host, parts, kind):
    grey = levels(parts.image.mean(-1)) / 255
    portrait, *_ = extract(host, parts, GREYS[kind](grey), points=POINTS)

    expected = (255 * grey[0]).round().to(torch.uint8)[..., None].expand(-1, -1, 3)
    assert torch.equal(portrait.image, expected)


@pytest.mark.parametrize(
    ("image", "seen"),
    [
        (None, "None"),
        ([], "(0,)"),
        ({"samples": torch.zeros(1, 4, 8, 8)}, "dict"),
        ("a.png", "str"),
        (3, "int"),
        ([None], "None"),
        (torch.zeros(1, 20, 20, 5), "(1, 20, 20, 5)"),
        (torch.zeros(1, 2, 20, 20, 3), "(1, 2, 20, 20, 3)"),
        (torch.zeros(0, 20, 20, 3), "(0, 20, 20, 3)"),
        (torch.full((1, 20, 20, 3), 1000.0), "1000 to 1000"),
        (torch.linspace(-70, 255, 1200).reshape(1, 20, 20, 3), "-70 to 255"),
        ([torch.zeros(20, 20, 3), torch.zeros(30, 20, 3)], "20x20, 20x30"),
        ([torch.zeros(20, 20, 3)] * 2, "batch of 2"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_image_is_refused_with_what_was_seen(host, parts, image, seen):
    with pytest.raises(ValueError, match=re.escape(seen)) as caught:
        extract(host, parts, image)

    assert re.search(r"\. (Link|Scale|Use)", str(caught.value))


def test_a_batch_is_refused_with_its_size_and_the_way_out(host, parts):
    with pytest.raises(ValueError, match=r"batch of 2.*ImageFromBatch.*MoDA Track Face"):
        extract(host, parts, parts.image.expand(2, -1, -1, -1))


def test_a_pixel_that_is_no_number_is_refused(host, parts):
    image = parts.image.clone()
    image[0, 5, 5, 0] = torch.nan

    with pytest.raises(ValueError, match="NaN"):
        extract(host, parts, image)


def test_the_empty_small_mask_of_load_image_means_none(host, parts, found):
    portrait, *_ = extract(host, parts, parts.image, mask=torch.zeros(1, 64, 64))

    torch.testing.assert_close(left_eye(portrait), found, atol=2.0, rtol=0)


def test_a_mask_over_the_face_keeps_it(host, parts, found):
    portrait, *_ = extract(host, parts, parts.image, mask=torch.ones(1, *parts.image.shape[1:3]))

    torch.testing.assert_close(left_eye(portrait), found, atol=2.0, rtol=0)


def test_a_mask_beside_the_face_leaves_none(host, parts):
    mask = torch.zeros(1, *parts.image.shape[1:3])
    mask[:, :30, :30] = 1

    with pytest.raises(Exception, match=r"(?i)mask|face"):
        extract(host, parts, parts.image, mask=mask)


def test_a_mask_of_another_size_is_refused_with_both_sizes(host, parts):
    height, width = parts.image.shape[1:3]

    with pytest.raises(ValueError, match=f"32x16.*{width}x{height}"):
        extract(host, parts, parts.image, mask=torch.ones(1, 16, 32))


def test_given_points_are_taken(host, parts):
    points = "250,250 350,250 260,370 340,370"
    portrait, *_ = extract(host, parts, parts.image, points=points)

    assert left_eye(portrait).tolist() == pytest.approx([250, 250], abs=1)


def test_the_points_output_gives_the_same_face_as_input(host, parts):
    portrait, *_, points = extract(host, parts, parts.image)
    again, *_, same = extract(host, parts, parts.image, points=points)

    assert "chin:" in points
    assert same == points
    torch.testing.assert_close(left_eye(again), left_eye(portrait), atol=0.06, rtol=0)


@pytest.mark.parametrize("option", ["points", "box"])
def test_a_text_that_cannot_be_read_is_refused(host, parts, option):
    with pytest.raises(ValueError, match="1,2,oops"):
        extract(host, parts, parts.image, **{option: "1,2,oops"})


def test_a_picture_without_a_face_is_refused_with_the_way_out(host, parts):
    with pytest.raises(Exception, match="points"):
        extract(host, parts, torch.full((1, 200, 200, 3), 0.5))


def test_a_larger_crop_scale_shows_more(host, parts):
    image = parts.image.clone()
    image[:, :60] = torch.tensor([0.0, 0.0, 1.0])

    def blue(scale):
        _, crop, *_ = extract(host, parts, image, points=POINTS, crop_scale=scale)
        return (crop[..., 2] - crop[..., 0] > 0.9).float().mean()

    assert blue(2.6) > blue(1.6) + 0.02


def test_the_input_is_left_as_it_was(host, parts):
    image = parts.image.clone()
    extract(host, parts, image, points=POINTS)

    assert torch.equal(image, parts.image)
