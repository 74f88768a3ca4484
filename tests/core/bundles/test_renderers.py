"""What both renderers offer: full pictures over any backdrop, crops, and masks."""

import numpy as np
import pytest
import torch

from moda_core.compositing.composer import composed_frames
from moda_core.compositing.compositing import Compositing
from moda_core.example import PORTRAIT
from moda_core.face.landmarks import FaceLandmarks
from moda_core.motion.controls import compose, rest_expression
from moda_core.motion.motion import Motion, released_stats
from moda_core.portrait.crop import crop_from_landmarks
from moda_core.portrait.cutout import cutout_portrait, transparent_frames
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import read_image
from moda_core.warp import warp_renderer
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.stand_ins import stand_in_renderer


@pytest.fixture(scope="module", params=[WarpRenderer, lambda: stand_in_renderer("cpu")])
def renderer(request):
    return request.param()


@pytest.fixture(scope="module")
def image():
    return read_image(PORTRAIT)[::2, ::2].contiguous()


@pytest.fixture(scope="module")
def landmarks(image):
    return find_face(image)


@pytest.fixture(scope="module")
def portrait(renderer, image, landmarks):
    return renderer.portrait(image, landmarks)


def talking(num_frames: int) -> Motion:
    """A motion whose frames all differ, from each other and from the picture."""
    values = released_stats().mean.repeat(num_frames, 1)
    controls = torch.zeros(num_frames, 12)
    controls[:, 0] = torch.linspace(0.5, 1, num_frames)  # the jaw
    values[:, :63] = rest_expression() + torch.stack([compose(each) for each in controls])
    values[:, 67:70] = torch.linspace(4, 8, num_frames)[:, None]
    return Motion(values, rest_expression())


def rendered(renderer, portrait, num_frames=3, chunk=2, **options):
    return torch.cat(list(renderer.frames(portrait, talking(num_frames), chunk, **options)))


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (*shape, 3), generator=generator).to(torch.uint8)


def moved(points: FaceLandmarks, columns: int) -> FaceLandmarks:
    return FaceLandmarks(points.mesh + np.array([columns, 0, 0]))


def test_choosing_nothing_changes_no_bit(renderer, portrait):
    usual = rendered(renderer, portrait)

    assert torch.equal(rendered(renderer, portrait, compositing=Compositing()), usual)


def test_the_picture_as_backdrop_changes_what_moves_at_the_soft_edge_only(
    renderer, portrait, image
):
    own = Compositing(backdrop=lambda start, stop: image.expand(stop - start, -1, -1, -1))

    composed, usual = rendered(renderer, portrait, compositing=own), rendered(renderer, portrait)

    solid = renderer.paste_mask(portrait) == 1
    assert torch.equal(composed[:, solid], usual[:, solid])
    assert solid.float().mean() > 0.2


def test_a_video_plays_on_around_the_face(renderer, portrait, image):
    video = noise(3, *image.shape[:2])

    frames = rendered(
        renderer, portrait, compositing=Compositing(backdrop=lambda start, stop: video[start:stop])
    )

    mask, usual = renderer.paste_mask(portrait), rendered(renderer, portrait)
    assert torch.equal(frames[:, mask == 0], video[:, mask == 0])
    assert torch.equal(frames[:, mask == 1], usual[:, mask == 1])
    assert 0.02 < ((mask > 0) & (mask < 1)).float().mean() < 0.3


def test_a_mask_bounds_what_moves(renderer, portrait, image):
    mask = torch.zeros(image.shape[:2])
    mask[120:180, 120:180] = 1

    frames = rendered(renderer, portrait, compositing=Compositing(mask=mask))

    usual = rendered(renderer, portrait)
    assert torch.equal(frames[:, mask == 0], image[mask == 0].expand(3, -1, -1))
    assert torch.equal(frames[:, mask == 1], usual[:, mask == 1])
    assert (frames[:, mask == 1] != image[mask == 1]).any()


def test_a_mask_cuts_the_frame_out_of_its_picture(renderer, portrait, image):
    video, person = noise(3, *image.shape[:2]), torch.zeros(image.shape[:2])
    person[60:, 40:250] = 1  # more than the head: the body stays as it is

    frames = rendered(
        renderer,
        portrait,
        compositing=Compositing(mask=person, backdrop=lambda start, stop: video[start:stop]),
    )

    usual = rendered(renderer, portrait)
    assert torch.equal(frames[:, person == 1], usual[:, person == 1])
    assert torch.equal(frames[:, person == 0], video[:, person == 0])


def test_erosion_and_feather_narrow_the_region(renderer, portrait, image):
    black = torch.zeros_like(image)

    def seen(**choice):
        backdrop = Compositing(backdrop=lambda start, stop: black[None], **choice)
        return (rendered(renderer, portrait, 1, compositing=backdrop) > 0).any(dim=3).sum()

    assert seen(erosion=10.0) < 0.95 * seen()
    assert seen(feather=0.0, erosion=20.0) < seen(feather=0.0, erosion=10.0)


def test_the_other_face_of_a_picture_stays_still(renderer, image, landmarks):
    two, width = torch.cat([image, image], dim=1), image.shape[1]
    left = renderer.portrait(two, landmarks)

    frames = rendered(renderer, left)

    assert torch.equal(frames[:, :, width:], image.expand(3, -1, -1, -1))
    assert (frames[:, :, :width] != image).any()


def test_a_second_pass_over_the_frames_of_the_first_moves_both_faces(renderer, image, landmarks):
    two, width = torch.cat([image, image], dim=1), image.shape[1]
    left = renderer.portrait(two, landmarks)
    right = renderer.portrait(two, moved(landmarks, width))
    first = rendered(renderer, left)

    second = rendered(
        renderer, right, compositing=Compositing(backdrop=lambda start, stop: first[start:stop])
    )

    still = renderer.paste_mask(right) == 0
    assert torch.equal(second[:, still], first[:, still])
    assert torch.equal(second[:, :, :width], first[:, :, :width])
    assert (second[:, :, width:] != image).any()


def test_a_part_of_the_motion_is_that_part_of_the_frames(renderer, portrait):
    motion = talking(5)
    asked = []

    def black(start, stop):
        asked.append((start, stop))
        return torch.zeros(stop - start, *portrait.image.shape, dtype=torch.uint8)

    part = list(renderer.frames(portrait, motion, 2, start=1, stop=4))
    faces = list(renderer.faces(portrait, motion, 2, start=1, stop=4))
    list(renderer.frames(portrait, motion, 2, compositing=Compositing(backdrop=black), start=3))

    assert torch.equal(torch.cat(part), rendered(renderer, portrait, 5)[1:4])
    every = torch.cat(list(renderer.faces(portrait, motion, 5)))
    assert torch.equal(torch.cat(faces), every[1:4])
    assert asked == [(0, 2)]


def test_faces_are_square_and_move(renderer, portrait):
    chunks = list(renderer.faces(portrait, talking(3), 2))

    assert [tuple(chunk.shape) for chunk in chunks] == [(2, 512, 512, 3), (1, 512, 512, 3)]
    assert chunks[0].dtype == torch.uint8
    assert (chunks[0][0] != chunks[0][1]).any()


def test_the_crop_lies_where_the_scale_says(renderer, image, landmarks):
    crop, transform = renderer.crop(renderer.portrait(image, landmarks, 1.8))

    expected = crop_from_landmarks(landmarks, 1.8)
    column, row = (transform.to_image @ np.array([256, 256, 1]))[:2]
    patch = image[int(row) - 1 : int(row) + 3, int(column) - 1 : int(column) + 3]
    assert transform.side == expected.side
    assert crop.shape == (512, 512, 3)
    assert crop.dtype == torch.uint8
    assert crop[256, 256].float() == pytest.approx(patch.float().mean(dim=(0, 1)), abs=25)


def test_the_paste_mask_holds_the_face_and_ends_before_the_picture(renderer, portrait, landmarks):
    mask = renderer.paste_mask(portrait)

    assert mask.shape == portrait.image.shape[:2]
    assert mask.dtype == torch.float32
    assert all(mask[int(y), int(x)] == 1 for x, y in landmarks.points())
    assert mask[:, :5].max() == 0
    assert 0 <= mask.min() <= mask.max() == 1


def test_what_belongs_to_another_renderer_is_refused(renderer, portrait):
    other = WarpRenderer() if renderer.name == "LivePortrait" else stand_in_renderer("cpu")

    for ask in (other.crop, other.paste_mask, lambda it: next(other.faces(it, talking(1), 1))):
        with pytest.raises(ValueError, match="not for"):
            ask(portrait)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Compositing(mask=torch.ones(5, 5)), r"got \(5, 5\)"),
        (Compositing(backdrop=lambda start, stop: noise(1, 5, 5)), r"got \(1, 5, 5, 3\)"),
    ],
)
def test_masks_and_backdrops_of_another_size_are_refused(renderer, portrait, choice, message):
    with pytest.raises(ValueError, match=message):
        rendered(renderer, portrait, 1, compositing=choice)


def test_exhausted_memory_frees_halves_and_asks_the_backdrop_once(
    renderer, portrait, image, monkeypatch
):
    asked, freed = [], []
    name = "render_faces" if hasattr(renderer, "render_faces") else "render_chunk"
    place = renderer if name == "render_faces" else warp_renderer
    render = getattr(place, name)

    def limited(*values):
        frames = render(*values)
        if len(frames) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return frames

    def backdrop(start, stop):
        asked.append((start, stop))
        return image.expand(stop - start, -1, -1, -1)

    usual = rendered(renderer, portrait, 5)
    monkeypatch.setattr(place, name, limited)
    monkeypatch.setattr(renderer, "free_memory", lambda: freed.append(True))
    frames = rendered(renderer, portrait, 5, 5, compositing=Compositing(backdrop=backdrop))

    solid = renderer.paste_mask(portrait) == 1
    assert torch.equal(frames[:, solid], usual[:, solid])
    assert asked == [(0, 2), (2, 4), (4, 5)]
    assert freed == [True]


def ellipse(image) -> torch.Tensor:
    """The opacity of a cut-out head with a soft edge."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((x - 0.5 * width) / (0.25 * width), (y - 0.5 * height) / (0.45 * height))
    return torch.from_numpy(np.clip((1.1 - distance) / 0.1, 0, 1)).float()


def cut_out(renderer, image, landmarks, color=(255, 255, 255)):
    opacity = ellipse(image)
    over_white = (image * opacity[..., None] + 255 * (1 - opacity[..., None])).round().byte()
    return cutout_portrait(renderer, over_white, opacity, color, landmarks)


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (0, 255, 0)])
def test_the_opacity_of_a_cut_out_is_that_of_its_picture_where_nothing_moves(
    renderer, image, landmarks, color
):
    portrait = cut_out(renderer, image, landmarks, color)

    (frames, rgba), *_ = transparent_frames(
        renderer.frames, portrait, talking(2), 2, slack=renderer.slack
    )

    still = renderer.paste_mask(portrait) == 0
    expected = 255 * ((ellipse(image) - renderer.slack) / (1 - 2 * renderer.slack)).clamp(0, 1)
    assert still.any()
    assert (rgba[0, ..., 3].float() - expected)[still].abs().max() <= 2
    clear = still & (ellipse(image) == 0)
    assert (frames[0][clear] == torch.tensor(color)).all()


def test_the_opacity_of_a_cut_out_moves_with_the_head(image, landmarks):
    renderer = WarpRenderer()
    portrait = cut_out(renderer, image, landmarks)
    motion = talking(2)
    grey = (255 * ellipse(image)).round().byte()[..., None].expand(-1, -1, 3)
    turned = rendered(renderer, renderer.with_picture(portrait, grey), 2, chunk=2)

    pairs = list(transparent_frames(renderer.frames, portrait, motion, 2, slack=renderer.slack))

    (left, top), (right, bottom) = (
        edge(landmarks.points(), axis=0).astype(int) for edge in (np.min, np.max)
    )
    for (_, rgba), seen in zip(pairs, turned, strict=True):
        opacity, seen = rgba[0, ..., 3].int(), seen[..., 0].int()
        assert (opacity - grey[..., 0].int()).abs().max() > 100  # the head has moved
        assert opacity[top:bottom, left:right].min() == 255  # painted parts are opaque too
        seen[top - 20 : bottom + 40, left - 20 : right + 20] = 255  # lids and mouth are not grey
        opacity[top - 20 : bottom + 40, left - 20 : right + 20] = 255
        assert (opacity - seen).abs().max() <= 3


@pytest.mark.parametrize("backdrop", [noise(1, 1, 1), noise(1, 5, 5)])
def test_a_backdrop_of_another_size_behind_a_cut_out_is_refused(
    renderer, image, landmarks, backdrop
):
    choice = Compositing(backdrop=lambda start, stop: backdrop)
    arguments = (renderer, cut_out(renderer, image, landmarks), talking(1), 1)

    with pytest.raises(ValueError, match="Expected a background of the portrait's size"):
        next(composed_frames(*arguments, compositing=choice))


def test_a_portrait_without_transparency_has_no_transparent_frames(renderer, portrait):
    with pytest.raises(ValueError, match="no transparent parts"):
        next(transparent_frames(renderer.frames, portrait, talking(1), 1, slack=0.0))
