import numpy as np
import pytest
import torch

from moda_core.compositing.composer import crop_composer, picture_composer
from moda_core.compositing.compositing import Compositing
from moda_core.compositing.overlay import BufferedBackdrop, Overlay
from moda_core.compositing.paste_back import PasteBack
from moda_core.errors import MoDAError
from moda_core.portrait.crop import CropTransform

HEIGHT, WIDTH = 60, 80


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (*shape, 3), generator=generator).to(torch.uint8)


def half_mask() -> torch.Tensor:
    mask = torch.zeros(HEIGHT, WIDTH)
    mask[10:50, 30:60] = 1
    return mask


class Player:
    """A backdrop that can't go back, and its log."""

    def __init__(self, pictures):
        self.pictures, self.asked = pictures, []

    def __call__(self, start, stop):
        assert start == (self.asked[-1][1] if self.asked else 0)
        self.asked.append((start, stop))
        return self.pictures[start:stop]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mask": torch.zeros(3)}, r"\(H, W\)"),
        ({"mask": torch.zeros(0, 3)}, r"\(H, W\)"),
        ({"mask": torch.full((2, 2), 1.5)}, "between 0 and 1"),
        ({"mask": torch.full((2, 2), float("nan"))}, "between 0 and 1"),
        ({"feather": -1.0}, "0 or more"),
        ({"feather": float("nan")}, "0 or more"),
        ({"erosion": float("inf")}, "0 or more"),
    ],
)
def test_unusable_choices_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Compositing(**values)


def test_an_overlay_is_the_rounded_blend():
    mask = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    mask[20:40, 10:70], mask[:5] = 1, 0
    frames, backdrop = noise(2, HEIGHT, WIDTH, seed=1), noise(2, HEIGHT, WIDTH, seed=2)

    result = Overlay(mask)(frames, backdrop).numpy().astype(int)

    share = mask.double().numpy()[..., None]
    exact = share * frames.numpy() + (1 - share) * backdrop.numpy()
    assert np.abs(result - exact).max() <= 0.5 + 1e-4
    assert (result[:, :5] == backdrop.numpy()[:, :5]).all()
    assert (result[:, 20:40, 10:70] == frames.numpy()[:, 20:40, 10:70]).all()


def test_an_overlay_changes_neither_picture():
    frames, backdrop = noise(1, HEIGHT, WIDTH), noise(HEIGHT, WIDTH, seed=1)

    Overlay(half_mask())(frames, backdrop).fill_(0)

    assert torch.equal(frames, noise(1, HEIGHT, WIDTH))
    assert torch.equal(backdrop, noise(HEIGHT, WIDTH, seed=1))


def test_an_empty_mask_shows_the_backdrop_alone():
    backdrop = noise(HEIGHT, WIDTH)

    result = Overlay(torch.zeros(HEIGHT, WIDTH))(noise(2, HEIGHT, WIDTH, seed=1), backdrop)

    assert torch.equal(result, backdrop.expand(2, -1, -1, -1))


def test_a_backdrop_is_asked_once_for_frames_that_are_tried_again():
    pictures = noise(12, HEIGHT, WIDTH)
    player = Player(pictures)
    buffered = BufferedBackdrop(player, (HEIGHT, WIDTH))

    ranges = [(0, 8), (0, 4), (4, 6), (4, 8), (8, 9), (8, 12)]
    seen = [buffered(*each) for each in ranges]

    assert player.asked == [(0, 8), (8, 9), (9, 12)]
    for (start, stop), shown in zip(ranges, seen, strict=True):
        assert torch.equal(shown, pictures[start:stop])


@pytest.mark.parametrize(
    "wrong",
    [noise(1, HEIGHT, WIDTH), noise(2, HEIGHT, WIDTH + 1), torch.zeros(2, HEIGHT, WIDTH, 3)],
)
def test_backdrops_of_another_number_size_or_type_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\(2, 60, 80, 3\) of type uint8, got"):
        BufferedBackdrop(lambda start, stop: wrong, (HEIGHT, WIDTH))(0, 2)


def test_exhausted_memory_in_a_backdrop_is_no_reason_to_ask_again():
    def decode(start, stop):
        raise MemoryError

    with pytest.raises(MoDAError, match="memory for the pictures of the background"):
        BufferedBackdrop(decode, (HEIGHT, WIDTH))(0, 2)


def test_without_choices_pictures_pass_untouched():
    frames = noise(2, HEIGHT, WIDTH, seed=1)

    for nothing in (None, Compositing()):
        assert picture_composer(noise(HEIGHT, WIDTH), half_mask, nothing)(frames, 0) is frames


def test_a_mask_shows_the_still_picture_over_a_backdrop_beyond_the_crop():
    image, crops = noise(HEIGHT, WIDTH), noise(1, 32, 32, seed=1)
    paste = PasteBack(image, CropTransform(np.array([34, 25], np.float32), 16.0, 0.0, 32))
    player = Player(noise(1, HEIGHT, WIDTH, seed=2))

    compose = crop_composer(paste, Compositing(mask=half_mask(), backdrop=player))
    result = compose(crops, 0)[0]

    inside = half_mask() == 1
    assert torch.equal(result[inside], paste.compose(crops)[0][inside])
    assert torch.equal(result[~inside], player.pictures[0][~inside])


def test_a_mask_of_another_size_is_refused():
    chosen = Compositing(mask=torch.ones(3, 3))

    with pytest.raises(ValueError, match=r"picture's shape \(60, 80\), got \(3, 3\)"):
        picture_composer(noise(HEIGHT, WIDTH), half_mask, chosen)
