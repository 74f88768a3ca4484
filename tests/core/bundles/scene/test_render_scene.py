"""All faces of a scene in one pass; what is around them stays."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from moda_core.bundles.scene.cast import Cast, Speaker
from moda_core.bundles.scene.render_scene import (
    longest_motion,
    on_clip_times,
    scene_frames,
    scene_masks,
)
from moda_core.clip.clip_portrait import clip_portrait
from moda_core.portrait.find_face import FaceChoice
from moda_core.video.image_sequence import ImageSequence
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.stand_ins import stand_in_renderer
from tests.two_people import NAMES, lip_gap, talking, two_people, two_speakers

CLOSE = 80  # columns less between the two: their regions overlap


@pytest.fixture(scope="module", params=[WarpRenderer, lambda: stand_in_renderer("cpu")])
def renderer(request):
    return request.param()


def rendered(renderer, cast, num_frames=5):
    return torch.cat(list(scene_frames(renderer, cast, 25, num_frames)))


def alone(renderer, speaker, num_frames=5):
    return torch.cat(list(renderer.frames(speaker.portrait, speaker.motion, 2)))[:num_frames]


def test_nothing_changes_outside_of_the_faces_regions(renderer):
    cast = two_speakers(renderer, (talking(5), talking(5, -5.0)))

    frames = rendered(renderer, cast)

    regions = [renderer.paste_mask(speaker.portrait) > 0 for speaker in cast.speakers]
    outside = ~(regions[0] | regions[1])
    assert outside.float().mean() > 0.2
    assert (frames[:, outside] == two_people()[0][outside]).all()


def test_a_bystander_stays_as_in_the_picture(renderer):
    cast = two_speakers(renderer, (talking(5), None))

    frames = rendered(renderer, cast)

    bystander = renderer.paste_mask(cast.speakers[1].portrait) > 0
    bystander &= ~(renderer.paste_mask(cast.speakers[0].portrait) > 0)
    assert (frames[:, bystander] == two_people()[0][bystander]).all()


def test_faces_apart_look_as_if_each_were_alone(renderer):
    cast = two_speakers(renderer, (talking(5), talking(5, -5.0)))

    frames = rendered(renderer, cast)

    for index, speaker in enumerate(cast.speakers):
        solid = renderer.paste_mask(speaker.portrait) == 1
        solid &= ~(renderer.paste_mask(cast.speakers[1 - index].portrait) > 0)
        assert (frames[:, solid] == alone(renderer, speaker)[:, solid]).all()


def test_one_person_is_rendered_as_without_a_scene(renderer):
    speaker = two_speakers(renderer, (talking(5), None)).speakers[0]

    assert torch.equal(rendered(renderer, Cast((speaker,))), alone(renderer, speaker))


def test_close_faces_share_what_is_between_them_by_distance(renderer):
    cast = two_speakers(renderer, (talking(5), talking(5, -5.0)), CLOSE)
    first, second = scene_masks(renderer, list(cast.speakers))

    both = first + second
    whole = torch.maximum(*(renderer.paste_mask(each.portrait) for each in cast.speakers))
    assert both.max() <= 1 + 1e-6
    assert (both <= whole + 1e-6).all()
    for mask, other, speaker in (
        (first, second, cast.speakers[0]),
        (second, first, cast.speakers[1]),
    ):
        left, top, right, bottom = speaker.portrait.landmarks.box.round().astype(int)
        assert mask[top:bottom, left:right].min() == 1
        assert other[top:bottom, left:right].max() == 0


def test_both_move_where_they_are_close(renderer):
    cast = two_speakers(renderer, (talking(5), talking(5, -5.0)), CLOSE)

    frames = rendered(renderer, cast).float()

    for speaker in cast.speakers:
        left, top, right, bottom = speaker.portrait.landmarks.box.round().astype(int)
        usual = alone(renderer, speaker)[:, top:bottom, left:right].float()
        assert (frames[:, top:bottom, left:right] - usual).abs().max() <= 1


def test_a_mask_of_ones_own_is_taken_as_it_is_and_left_out_by_others(renderer):
    cast = two_speakers(renderer, (talking(5), talking(5)))
    width, height = cast.size
    mask = torch.zeros(height, width)
    mask[:, : width // 2 + 60] = 1
    masked = replace(cast.speakers[0], mask=mask)

    first, second = scene_masks(renderer, [masked, cast.speakers[1]])

    assert torch.equal(first, mask)
    assert second[mask > 0].max() == 0
    assert second.max() == 1


def test_motions_are_brought_to_the_frame_rate_and_the_shorter_is_held():
    renderer = WarpRenderer()
    cast = two_speakers(renderer, (talking(2), talking(4)))

    frames = torch.cat(list(scene_frames(renderer, cast, 50, 8)))

    anna = renderer.paste_mask(cast.speakers[0].portrait) == 1
    assert len(longest_motion(cast)) == 4
    assert len(frames) == 8
    assert (frames[3:, anna] == frames[3, anna]).all()
    assert (frames[4] != frames[7]).any()


def test_a_clip_keeps_its_frames_and_who_has_no_more_to_say_has_the_mouth_at_rest():
    renderer, (image, faces) = WarpRenderer(), two_people()
    clip = ImageSequence(lambda _: image, 8, Fraction(25, 2))
    boxes = [tuple(face.box.tolist()) for face in faces]
    portraits = [clip_portrait(renderer, clip, FaceChoice(box=box)) for box in boxes]
    motions = talking(4), talking(12)
    people = zip(NAMES, portraits, motions, strict=True)
    cast = Cast(tuple(Speaker(*each) for each in people))

    played, longest, timing = on_clip_times(cast)
    frames = rendered(renderer, played, len(longest))

    assert [len(speaker.motion) for speaker in played.speakers] == [8, 8]
    assert (timing["fps"], timing["times"]) == (Fraction(25, 2), None)
    gaps = [lip_gap(speaker.motion) for speaker in played.speakers]
    assert gaps[0][-1] < 0.02 < 0.2 < min(gaps[0][0], gaps[1][5])
    changed = (frames != image).any(dim=3).any(dim=2).any(dim=1)
    assert changed.tolist()[:6] == [True] * 6


def test_memory_holds_one_chunk_of_each_face(monkeypatch):
    renderer = WarpRenderer()
    cast, asked = two_speakers(renderer, (talking(9), talking(9))), []
    frames = renderer.frames

    def counted(portrait, *arguments, **options):
        for chunk in frames(portrait, *arguments, **options):
            asked.append(len(chunk))
            yield chunk

    monkeypatch.setattr(renderer, "frames", counted)
    monkeypatch.setattr(renderer, "chunk_size", lambda portrait: 2)

    next(scene_frames(renderer, cast, 25, 9))

    assert asked == [2, 2]


def test_a_cast_in_which_nobody_moves_is_refused():
    cast = two_speakers(WarpRenderer())

    with pytest.raises(ValueError, match=f"Nobody.*{', '.join(NAMES)}"):
        scene_frames(WarpRenderer(), cast, 25, 5)
