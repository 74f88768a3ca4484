import numpy as np
import pytest
import torch
from scipy import ndimage

from moda_core.compositing import paste_back
from moda_core.compositing.paste_back import PasteBack, frames_to_uint8
from moda_core.compositing.paste_mask import softened_mask, template_mask
from moda_core.portrait.crop import CropTransform

SIZE = 64
HEIGHT, WIDTH = 90, 120


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (*shape, 3), generator=generator).to(torch.uint8)


def crop_at(x: float, y: float, side: float = 50.0, angle: float = 0.2) -> CropTransform:
    return CropTransform(np.array([x, y], np.float32), side, angle, SIZE)


def template_by_formula(size: int) -> np.ndarray:
    """Spec G, pixel by pixel."""
    mask = np.zeros((size, size), np.uint8)
    for y in range(size):
        for x in range(size):
            short = [max(16 - min(at, size - at), 0) for at in (x, y)]
            mask[y, x] = np.floor(255 * (1 - min(np.hypot(*short) / 16, 1)))
    return mask


def scipy_warp(picture: np.ndarray, to_image: np.ndarray) -> np.ndarray:
    """Warp (H, W) into the picture by another implementation, bilinear with zeros around."""
    inverse = np.linalg.inv(to_image.astype(np.float64))
    swap = np.array([[0, 1], [1, 0]])  # SciPy counts rows first
    matrix, offset = swap @ inverse[:2, :2] @ swap, inverse[[1, 0], 2]
    padded = np.pad(picture.astype(np.float64), 1)  # so that it mixes with zeros at the edge
    return ndimage.affine_transform(
        padded, matrix, offset + 1, output_shape=(HEIGHT, WIDTH), order=1, mode="constant"
    )


def test_template_is_the_formula_of_the_specification():
    assert (template_mask(SIZE).numpy() == template_by_formula(SIZE)).all()


def test_composite_is_the_blend_of_the_warped_crop_and_the_picture():
    image, frame, transform = noise(HEIGHT, WIDTH), noise(1, SIZE, SIZE, seed=1), crop_at(60, 40)

    composed = PasteBack(image, transform).compose(frame)[0].numpy()

    mask = np.rint(scipy_warp(template_by_formula(SIZE), transform.to_image)) / 255
    for channel in range(3):
        warped = np.rint(scipy_warp(frame[0, ..., channel].numpy(), transform.to_image))
        expected = np.trunc(mask * warped + (1 - mask) * image[..., channel].numpy())
        difference = np.abs(composed[..., channel].astype(int) - expected)
        assert difference.max() <= 1  # rounding of the warp at halves
        assert (difference == 0).mean() > 0.98


@pytest.mark.parametrize("place", [(60, 40), (5, 80), (118, 3)])
def test_outside_of_the_mask_the_picture_is_kept_bit_for_bit(place):
    image = noise(HEIGHT, WIDTH)
    paste = PasteBack(image, crop_at(*place))

    composed = paste.compose(noise(3, SIZE, SIZE, seed=2))

    top, left, height, width = paste.box
    covered = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    covered[top : top + height, left : left + width] = paste.mask > 0
    assert torch.equal(composed[:, ~covered], image.expand(3, -1, -1, -1)[:, ~covered])
    assert not torch.equal(composed[:, covered], image.expand(3, -1, -1, -1)[:, covered])


def test_crop_beside_the_picture_leaves_it_as_it_is():
    image = noise(HEIGHT, WIDTH)

    composed = PasteBack(image, crop_at(500, 500)).compose(noise(2, SIZE, SIZE))

    assert torch.equal(composed, image.expand(2, -1, -1, -1))


def test_frames_do_not_depend_on_how_they_are_grouped(monkeypatch):
    paste = PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40))
    frames = noise(5, SIZE, SIZE, seed=3)

    together = paste.compose(frames)
    monkeypatch.setattr(paste_back, "BLOCK_PIXELS", 130)
    single = [
        PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40)).compose(frame[None]) for frame in frames
    ]

    assert torch.equal(together, torch.cat(single))


def test_frames_blended_all_at_once_are_those_blended_one_by_one(monkeypatch):
    frames, backgrounds = noise(5, SIZE, SIZE, seed=3), noise(5, HEIGHT, WIDTH, seed=4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    single = PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40)).compose(frames, backgrounds)

    # As on a GPU: one group, one block.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    monkeypatch.setattr(paste_back, "BLOCK_PIXELS", HEIGHT * WIDTH)
    together = PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40)).compose(frames, backgrounds)

    assert torch.equal(together, single)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_blends_as_a_cpu_does():
    paste = PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40))
    frames, backgrounds = noise(5, SIZE, SIZE, seed=3), noise(5, HEIGHT, WIDTH, seed=4)

    difference = paste.to("cuda").compose(frames, backgrounds).int() - paste.compose(
        frames, backgrounds
    )

    assert difference.abs().max() <= 1  # rounding of the warp at halves
    assert torch.equal(paste.to("cuda").full_mask(), paste.full_mask())


def test_the_full_mask_is_the_template_warped_into_the_picture():
    transform = crop_at(60, 40)

    mask = PasteBack(noise(HEIGHT, WIDTH), transform).full_mask()

    expected = np.rint(scipy_warp(template_by_formula(SIZE), transform.to_image)) / 255
    assert mask.numpy() == pytest.approx(expected, abs=1.1 / 255)


def test_the_picture_given_is_not_changed():
    image = noise(HEIGHT, WIDTH)
    paste = PasteBack(image, crop_at(60, 40))

    paste.compose(noise(1, SIZE, SIZE, seed=4)).fill_(0)

    assert torch.equal(image, noise(HEIGHT, WIDTH))


def test_other_backgrounds_replace_the_picture():
    first, second = noise(HEIGHT, WIDTH), noise(HEIGHT, WIDTH, seed=5)
    frames = noise(2, SIZE, SIZE, seed=6)
    paste = PasteBack(first, crop_at(60, 40))

    one = paste.compose(frames, background=second)
    each = paste.compose(frames, background=torch.stack([first, second]))

    assert torch.equal(one, PasteBack(second, crop_at(60, 40)).compose(frames))
    assert torch.equal(each[0], paste.compose(frames)[0])
    assert torch.equal(each[1], one[1])


def test_background_of_another_size_is_refused():
    paste = PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40))

    with pytest.raises(ValueError, match=r"\(90, 120, 3\).*got \(90, 100, 3\)"):
        paste.compose(noise(1, SIZE, SIZE), background=noise(HEIGHT, 100))


def test_mask_of_the_user_bounds_what_is_seen_of_the_crop():
    image = noise(HEIGHT, WIDTH)
    mask = torch.zeros(HEIGHT, WIDTH)
    mask[30:45, 50:70] = 1

    paste = PasteBack(image, crop_at(60, 40, angle=0.0), mask=mask)
    composed = paste.compose(torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8))[0]

    assert paste.box == (30, 50, 15, 20)
    assert composed[30:45, 50:70].max() == 0
    assert torch.equal(composed[mask == 0], image[mask == 0])


def test_mask_beyond_the_crop_does_not_show_its_black_surroundings():
    image = torch.full((HEIGHT, WIDTH, 3), 200, dtype=torch.uint8)
    white = torch.full((1, SIZE, SIZE, 3), 255, dtype=torch.uint8)

    composed = PasteBack(image, crop_at(60, 40), mask=torch.ones(HEIGHT, WIDTH)).compose(white)

    assert composed.min() > 190  # not 0: only the last pixel mixes a little with black


def test_erosion_and_feather_soften_a_mask_inwards():
    mask = torch.zeros(40, 60)
    mask[:, 20:] = 1

    soft = softened_mask(mask, feather=10, erosion=5)

    # The edge lies between columns 19 and 20; 5 pixels are taken, then 10 are the ramp.
    expected = np.clip((np.arange(60) + 0.5 - 20 - 5) / 10, 0, 1)
    assert soft.numpy() == pytest.approx(np.tile(expected, (40, 1)), abs=1e-6)


def test_border_of_the_picture_is_no_edge_of_a_mask():
    assert torch.equal(softened_mask(torch.ones(20, 30), 5, 5), torch.ones(20, 30))


def test_soft_values_of_a_mask_are_kept_without_feather():
    mask = torch.rand(20, 30, generator=torch.Generator().manual_seed(0))

    assert torch.equal(softened_mask(mask, 0, 0), mask)


def test_erosion_and_feather_of_the_square_count_pixels_of_the_picture():
    transform = crop_at(60, 45, side=32.0, angle=0.0)  # the picture at half of the crop's scale

    paste = PasteBack(noise(HEIGHT, WIDTH), transform, feather=4, erosion=3)

    row = paste.mask[paste.box[2] // 2].numpy()
    distance = np.arange(paste.box[1], paste.box[1] + paste.box[3]) - 44.0
    expected = np.minimum(distance, 32 - distance) - 3
    assert row == pytest.approx(np.clip(expected / 4, 0, 1), abs=0.05)


@pytest.mark.parametrize("options", [{"feather": -1}, {"erosion": -0.5}])
def test_negative_widths_are_refused(options):
    with pytest.raises(ValueError, match="0 or more"):
        PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40), **options)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.zeros(10, 10), "shape"),
        (torch.full((HEIGHT, WIDTH), 2.0), "between 0 and 1"),
        (torch.full((HEIGHT, WIDTH), float("nan")), "between 0 and 1"),
    ],
)
def test_unusable_mask_is_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40), mask=mask)


@pytest.mark.parametrize("frames", [noise(1, 32, 32), noise(SIZE, SIZE), torch.zeros(1, 64, 64, 3)])
def test_crops_of_another_shape_or_type_are_refused(frames):
    with pytest.raises(ValueError, match="Expected crops"):
        PasteBack(noise(HEIGHT, WIDTH), crop_at(60, 40)).compose(frames)


def test_frames_are_clipped_and_truncated_to_8_bits():
    values = torch.tensor([-0.1, 0.0, 0.5, 0.9999, 1.0, 1.3])
    frames = values.reshape(1, 1, 2, 3).expand(1, 3, 2, 3)

    levels = frames_to_uint8(frames)

    assert levels.shape == (1, 2, 3, 3)
    assert levels[0, ..., 1].flatten().tolist() == [0, 0, 127, 254, 255, 255]
