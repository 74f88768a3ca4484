"""Motion played on clips: what changes, what stays, and when."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from moda_core.clip.clip_portrait import clip_portrait, seen_motion
from moda_core.clip.play_clip import fitted_motion, on_clip_times, played_frames
from moda_core.compositing.compositing import Compositing
from moda_core.face.find_faces import find_faces
from moda_core.face.mesh_points import INNER_LIPS_MIDDLE
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import EXPRESSION, Motion, released_stats
from moda_core.video.image_sequence import ImageSequence


def spoken(jaw, count, yaw=0.0, fps=25.0):
    """A motion whose mouth is open by `jaw`, of a turned head."""
    controls = torch.zeros(len(CONTROLS))
    controls[CONTROLS.index("jaw")] = jaw
    values = released_stats().mean.repeat(count, 1)
    values[:, EXPRESSION] = rest_expression() + compose(controls)
    values[:, -3:] = torch.tensor([0.0, yaw, 0.0])
    return Motion(values, rest_expression(), fps)


def play(renderer, portrait, motion, **options):
    return torch.cat(list(played_frames(renderer, portrait, motion, 3, **options)))


def lip_gap(picture):
    (face,) = find_faces(picture)
    upper, lower = face.mesh[INNER_LIPS_MIDDLE, :2]
    return float(np.hypot(*(lower - upper))) / face.eye_distance


def test_the_mouth_opens_in_every_frame_of_the_clip(renderer, portrait, pictures):
    frames = play(renderer, portrait, spoken(0.7, len(pictures)))

    assert len(frames) == len(pictures)
    assert min(lip_gap(frame) for frame in frames[::3]) > 0.2 > lip_gap(pictures[0])


def test_all_but_the_lower_face_stays_bit_for_bit(renderer, portrait, pictures):
    frames = play(renderer, portrait, spoken(0.7, len(pictures), yaw=15.0))

    for index, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
        eyes = portrait.clip.landmarks(index).eyes
        below = int(eyes[1] + 0.4 * portrait.landmarks.eye_distance)
        assert torch.equal(frame[:below], picture[:below])
        assert not torch.equal(frame[below:], picture[below:])


def test_a_clips_own_motion_gives_the_clip(renderer, whole, pictures):
    frames = play(renderer, whole, seen_motion(whole))

    assert torch.equal(frames, torch.stack(pictures))


def test_the_whole_face_turns_with_the_motion(renderer, whole, pictures):
    left, right = (play(renderer, whole, spoken(0.0, 2, yaw=yaw)) for yaw in (-15.0, 15.0))

    changed = (left[0].int() - right[0].int()).abs().amax(dim=-1) > 30
    top = int(whole.clip.landmarks(0).eyes[1])
    assert changed[:top].any()


def test_a_part_of_the_motion_shows_the_same_frames(renderer, portrait):
    motion = spoken(0.5, 8)

    whole, part = (
        play(renderer, portrait, motion),
        play(renderer, portrait, motion, start=2, stop=5),
    )

    assert torch.equal(part, whole[2:5])


def test_a_mask_limits_what_is_replaced(renderer, portrait, pictures):
    mask = torch.zeros(pictures[0].shape[:2])

    frames = play(renderer, portrait, spoken(0.7, 3), compositing=Compositing(mask=mask))

    assert torch.equal(frames, torch.stack(pictures[:3]))


def test_a_backdrop_replaces_the_rest_of_the_clip(renderer, portrait, pictures):
    black = Compositing(backdrop=lambda start, stop: torch.zeros(stop - start, 240, 320, 3).byte())

    frames = play(renderer, portrait, spoken(0.7, 3), compositing=black)

    assert not frames[:, :60].any()
    assert frames.any()


def test_the_clip_goes_on_after_a_shorter_motion_with_closed_lips(renderer, portrait, pictures):
    shown, motion, options = on_clip_times(portrait, spoken(0.7, 2))

    frames = play(renderer, shown, motion)

    assert len(frames) == len(motion) == len(pictures)
    assert options == {"fps": Fraction(25), "times": None, "colors": None}
    assert lip_gap(frames[-1]) < lip_gap(frames[0])


def test_a_longer_motion_lets_the_clip_play_there_and_back(renderer, portrait, pictures):
    shown, motion, _ = on_clip_times(portrait, spoken(0.0, 12))

    frames = play(renderer, shown, motion)

    assert len(frames) == 12
    assert torch.equal(frames[8][:60], pictures[7][:60])
    assert torch.equal(frames[11][:60], pictures[4][:60])


def test_a_motion_of_another_rate_is_brought_to_the_clips_frames(portrait):
    _, motion, _ = on_clip_times(portrait, spoken(0.5, 16, fps=50.0))

    assert (len(motion), motion.fps) == (8, 25.0)


def test_a_cut_motion_ends_with_the_clip(portrait):
    cut = replace(portrait, clip=replace(portrait.clip, after_end="cut"))

    assert len(fitted_motion(cut, spoken(0.0, 12))) == 8
    assert len(fitted_motion(portrait, spoken(0.0, 12))) == 12


def test_frames_without_a_face_stay_as_they_are(renderer, pictures):
    empty = torch.full_like(pictures[0], 100)
    shown = [*pictures[:6], *[empty] * 12]
    clip = ImageSequence(shown.__getitem__, len(shown), Fraction(25))
    portrait = clip_portrait(renderer, clip)

    frames = play(renderer, portrait, spoken(0.7, len(shown)))

    assert portrait.clip.track.is_lost[6:].all()
    assert torch.equal(frames[-1], empty)
    assert not torch.equal(frames[3], shown[3])
    presence = portrait.clip.presence
    assert (np.diff(presence[5:]) <= 0).all()
    assert (presence[5], presence[7], presence[-1]) == (1.0, 1.0, 0.0)


def test_the_frame_of_reference_can_be_chosen(renderer, clip):
    portrait = clip_portrait(renderer, clip, reference_s=0.2)

    assert portrait.clip.reference == 5
    assert torch.equal(portrait.image, next(iter(clip.images_at([0.2]))))
    assert portrait.clip.seen[5, -3:] == pytest.approx(0, abs=1e-6)


def test_a_frame_of_reference_without_the_face_is_refused(renderer, pictures):
    shown = [*pictures[:3], torch.full_like(pictures[0], 100)]
    clip = ImageSequence(shown.__getitem__, 4, Fraction(25))

    with pytest.raises(ValueError, match=r"not seen at 0\.12 s .* at 0\.08 s"):
        clip_portrait(renderer, clip, reference_s=0.12)


@pytest.mark.parametrize("change", [{"region": "nose"}, {"after_end": "bounce"}])
def test_unknown_choices_are_refused(renderer, clip, change):
    with pytest.raises(ValueError, match=next(iter(change.values()))):
        clip_portrait(renderer, clip, **change)
