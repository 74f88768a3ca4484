"""Portraits in all the forms in which a graph brings them."""

import pytest
import torch

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


def test_a_batch_is_refused_with_its_size_and_the_way_out(host, parts):
    with pytest.raises(ValueError, match=r"batch of 2.*ImageFromBatch"):
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
