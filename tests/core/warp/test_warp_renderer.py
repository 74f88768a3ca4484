from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from moda_core.face.landmarks import FaceLandmarks
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import Motion, released_stats
from moda_core.portrait.portrait import Portrait
from moda_core.warp import warp_frame
from moda_core.warp.warp_renderer import WarpRenderer
from tests.faces import face_from

SIZE, UNIT = 200, 40
EYES_Y, MOUTH_Y = 80, 122


def landmarks(gap: float = 0.0) -> FaceLandmarks:
    points = [(80, EYES_Y), (120, EYES_Y), (86, MOUTH_Y), (114, MOUTH_Y)]
    points += [(100, MOUTH_Y), (100, MOUTH_Y + gap)]
    return face_from(points)


def textured() -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((SIZE, SIZE, 3))
    smooth = gaussian_filter(noise, (1.5, 1.5, 0))
    return (140 + 60 * smooth / np.abs(smooth).max()).astype(np.uint8)


def plain(*dots: tuple[int, int, int, int]) -> np.ndarray:
    """A flat face with square dots: x, y, half size, brightness."""
    image = np.full((SIZE, SIZE, 3), 170, np.uint8)
    for x, y, half, level in dots:
        image[y - half : y + half, x - half : x + half] = level
    return image


def play(num_frames: int = 1, **moves: float) -> Motion:
    values = released_stats().mean.repeat(num_frames, 1)
    controls = torch.zeros(12)
    values[:, 67:70] = 0
    for name, value in moves.items():
        if name in CONTROLS:
            controls[CONTROLS.index(name)] = value
        else:
            values[:, 67 + ("pitch", "yaw", "roll").index(name)] = value
    values[:, :63] = rest_expression() + compose(controls)
    return Motion(values, rest_expression())


def talking(num_frames: int) -> Motion:
    """A head that turns and tilts while all of its face moves, so that no two frames are alike."""
    ends = {"jaw": (0, 1), "smile": (1, 0), "blink_left": (0, 1), "blink_right": (1, -0.4)}
    ends |= {"gaze": (-1, 1), "brow": (-0.5, 1), "yaw": (-8, 16), "pitch": (5, -5), "roll": (0, 8)}
    frames = [
        play(**{name: start + share * (stop - start) for name, (start, stop) in ends.items()})
        for share in np.linspace(0, 1, num_frames)
    ]
    return Motion(torch.cat([frame.values for frame in frames]), rest_expression())


def render(image: np.ndarray, motion: Motion, gap: float = 0.0) -> np.ndarray:
    renderer = WarpRenderer()
    portrait = renderer.portrait(torch.from_numpy(image), landmarks(gap))
    return torch.cat(list(renderer.frames(portrait, motion))).numpy()


def centroid(frame: np.ndarray) -> np.ndarray:
    """Middle x, y of what is darker than the face."""
    rows, columns = np.nonzero(frame[..., 0] < 90)
    return np.array([columns.mean(), rows.mean()])


def test_rest_shows_the_picture_bit_for_bit():
    image = textured()

    frame = render(image, play())[0]

    assert np.array_equal(frame, image)


def test_corners_of_the_picture_never_change():
    image = textured()

    frame = render(image, play(jaw=1, smile=1, blink_left=1, yaw=12, pitch=9, roll=9))[0]

    assert not np.array_equal(frame, image)
    for rows, columns in ((slice(0, 8), slice(0, 8)), (slice(-8, None), slice(0, 8))):
        assert np.array_equal(frame[rows, columns], image[rows, columns])


def test_nothing_outside_the_mask_ever_changes():
    image = textured()
    renderer = WarpRenderer()
    portrait = renderer.portrait(torch.from_numpy(image), landmarks())

    motion = play(jaw=1, smile=1, blink_left=1, brow=1, yaw=-20, pitch=-12, roll=12)
    frame = torch.cat(list(renderer.frames(portrait, motion)))[0].numpy()

    outside = renderer.paste_mask(portrait).numpy() == 0
    assert outside.sum() > 100
    assert np.array_equal(frame[outside], image[outside])


def test_the_nose_moves_further_than_the_sides_of_the_head():
    nose, side = plain((100, 104, 3, 20)), plain((147, 96, 3, 20))

    shifts = [centroid(render(image, play(yaw=15))[0]) - centroid(image) for image in (nose, side)]

    assert shifts[0][0] < 1.7 * shifts[1][0] < 0


def test_a_turn_uncovers_no_streaks_at_the_border():
    image = torch.from_numpy(textured()[40:160, 62:138].copy())  # the border cuts the head
    portrait = WarpRenderer().portrait(image, face_from(landmarks().points() - (62, 40)))

    for yaw in (-20, 20):
        frame = next(WarpRenderer().frames(portrait, play(yaw=yaw)))[0].float()

        edge = frame[20:100, :8] if yaw < 0 else frame[20:100, -8:]
        along, across = (edge.diff(dim=dim).abs().mean() for dim in (1, 0))
        assert along > 0.4 * across


def test_a_face_of_no_person_is_rendered(caplog):
    mesh = landmarks().mesh.copy()
    mesh[:, 0] += 0.4 * (mesh[:, 1] - 100)
    renderer = WarpRenderer()

    portrait = renderer.portrait(torch.from_numpy(textured()), FaceLandmarks(mesh))
    frames = next(renderer.frames(portrait, play(jaw=1, yaw=15)))

    assert frames.shape == (1, SIZE, SIZE, 3)
    assert "mean head" in caplog.text


def test_no_step_shows_where_exact_parts_meet_the_coarse_field():
    ramp = np.repeat(np.linspace(20, 235, SIZE)[:, None, None], SIZE, axis=1)
    image = np.repeat(ramp, 3, axis=2).astype(np.uint8)

    frame = render(image, play(smile=0.8, brow=0.7, width=0.5, yaw=6, pitch=4))[0].astype(int)

    steps = np.abs(np.diff(frame[:, :, 0], axis=1))
    assert steps.max() <= 6


@pytest.mark.parametrize(
    ("move", "axis", "sign"), [("yaw", 0, -1), ("pitch", 1, 1)], ids=["left", "down"]
)
def test_positive_angle_carries_the_nose(move, axis, sign):
    image = plain((100, 104, 3, 20))

    shift = centroid(render(image, play(**{move: 8}))[0]) - centroid(image)

    assert sign * shift[axis] > 3
    assert abs(shift[1 - axis]) < 2


def test_positive_roll_turns_clockwise():
    image = plain((100, 50, 3, 20))

    shift = centroid(render(image, play(roll=8))[0]) - centroid(image)

    assert shift[0] > 5


def test_jaw_opens_a_dark_mouth_of_the_right_height():
    frame = render(plain(), play(jaw=1))[0]

    column = frame[MOUTH_Y - 10 : MOUTH_Y + 40, 100].astype(int).sum(axis=1)
    opened = np.abs(column - 3 * 170) > 12
    assert opened.sum() / UNIT == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("level", [2, 8, 15, 25])
def test_the_interior_of_a_very_dark_mouth_is_as_dark_as_its_face(level):
    def interior(skin: int) -> np.ndarray:
        image = np.full((SIZE, SIZE, 3), skin, np.uint8)
        frame = render(image, play(jaw=1))[0].astype(float)
        changed = frame[110:150, 80:120] - image[110:150, 80:120]
        return frame[110:150, 80:120][np.abs(changed).max(axis=2) > 0.02 * skin + 0.5]

    brightest, at_40 = interior(level).max(), interior(40).max()

    assert brightest == pytest.approx(at_40 * level / 40, abs=2)


def test_rest_closes_an_open_smile():
    image = plain()
    image[MOUTH_Y : MOUTH_Y + 5, 90:110] = 250  # teeth

    frame = render(image, play(), gap=6.0)[0]

    shown = (image[..., 0] > 220).sum()
    assert (frame[..., 0] > 220).sum() < 0.15 * shown


def test_open_smile_keeps_its_own_teeth_when_it_talks():
    image = plain()
    image[MOUTH_Y : MOUTH_Y + 5, 90:110] = (250, 250, 10)  # no painted tooth is yellow

    frame = render(image, play(jaw=0.4), gap=6.0)[0]

    yellow = (frame[..., 0] > 200) & (frame[..., 2] < 80)
    assert yellow.sum() > 40


def test_blink_hides_the_iris_and_spares_the_other_eye():
    image = plain((80, EYES_Y, 3, 10), (120, EYES_Y, 3, 10))

    frame = render(image, play(blink_left=1))[0]

    dark = frame[..., 0] < 60
    assert dark[:, :100].sum() < 8
    assert dark[:, 100:].sum() >= 30


@pytest.mark.parametrize(("width", "sign"), [(1.0, 1), (-1.0, -1)])
def test_width_moves_the_corners_of_the_mouth(width, sign):
    image = plain((86, MOUTH_Y, 2, 20))

    shift = centroid(render(image, play(width=width))[0]) - centroid(image)

    assert -sign * shift[0] / UNIT == pytest.approx(0.11, abs=0.05)


def test_moving_a_fraction_of_a_pixel_keeps_detail():
    image = textured()

    frame = render(image, play(yaw=1))[0]

    def detail(picture):
        return np.square(np.diff(picture[60:110, 70:130].astype(float), axis=1)).mean()

    assert detail(frame) > 0.85 * detail(image)


@pytest.mark.parametrize("gap", [0, 4])
def test_chunks_do_not_change_the_frames(gap):
    renderer, image = WarpRenderer(), torch.from_numpy(textured())
    portrait = renderer.portrait(image, landmarks(gap))
    motion = talking(5)

    by_two = list(renderer.frames(portrait, motion, chunk=2))
    at_once = list(renderer.frames(portrait, motion, chunk=8))

    assert [len(chunk) for chunk in by_two] == [2, 2, 1]
    assert torch.equal(torch.cat(by_two), torch.cat(at_once))


def test_wild_motion_gives_pictures():
    values = torch.randn(3, 70, generator=torch.Generator().manual_seed(0)) * 50

    frames = render(textured(), Motion(values, rest_expression()))

    assert frames.shape == (3, SIZE, SIZE, 3)


def test_face_at_the_edge_of_the_picture_is_rendered():
    image = torch.from_numpy(textured()[60:150, 70:160].copy())
    points = landmarks().points() - (70, 60)
    renderer = WarpRenderer()

    portrait = renderer.portrait(image, face_from(points))
    frames = next(renderer.frames(portrait, play(jaw=1, roll=9, blink_left=1)))

    assert frames.shape == (1, 90, 90, 3)


def test_portrait_of_another_renderer_is_refused():
    portrait = Portrait(torch.zeros(9, 9, 3), landmarks(), "neural", torch.zeros(63), None)

    with pytest.raises(ValueError, match="neural"):
        next(WarpRenderer().frames(portrait, play()))


def test_image_of_floats_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        WarpRenderer().portrait(torch.zeros(9, 9, 3), landmarks())


def test_half_precision_is_refused():
    with pytest.raises(ValueError, match="float32"):
        WarpRenderer(dtype=torch.bfloat16)


def test_a_suspended_renderer_leaves_the_callers_gradients_alone():
    renderer = WarpRenderer()
    portrait = renderer.portrait(torch.from_numpy(textured()), landmarks())
    chunks = renderer.frames(portrait, play(4, jaw=1), chunk=2)

    frames = next(chunks)
    frames[:, :3] = 0  # not an inference tensor
    weight = torch.ones(2, requires_grad=True)
    (weight**2).sum().backward()

    assert not torch.is_inference_mode_enabled()
    assert weight.grad.tolist() == [2, 2]


def test_points_far_outside_the_picture_are_refused():
    away = face_from(landmarks().points() + 1000)

    with pytest.raises(ValueError, match=r"inside the picture of 200x200.*the whole face"):
        WarpRenderer().portrait(torch.from_numpy(textured()), away)


def test_threads_do_not_change_the_frames_and_are_as_many_as_before(monkeypatch):
    renderer, before = WarpRenderer(), torch.get_num_threads()
    portrait = renderer.portrait(torch.from_numpy(textured()), landmarks())
    motion = talking(4)
    monkeypatch.setattr(warp_frame, "SHARED_PIXELS", 1)  # so that threads share these, too

    try:
        frames = []
        for count in (1, 3):
            torch.set_num_threads(count)
            frames.append(torch.cat(list(renderer.frames(portrait, motion))))
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(torch.get_num_threads).result() == count
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)

    assert torch.equal(*frames)


def test_frames_of_large_pictures_take_memory_that_is_reused():
    renderer = WarpRenderer()
    for height, width in ((512, 512), (1080, 1920), (1440, 2560)):
        image = torch.zeros(height, width, 3, dtype=torch.uint8)
        portrait = Portrait(image, landmarks(), renderer.name, torch.zeros(63), None)

        num_frames = renderer.chunk_size(portrait)

        assert num_frames >= 2
        assert num_frames * image.numel() < 32 * 2**20
