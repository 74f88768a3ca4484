"""Cut-outs in graphs: their background, their opacity, and masks that are the wrong way round."""

import av
import numpy as np
import pytest
import torch

from .media import read_video
from .starter_graph import POINTS

MARGIN = 20


def clear_mask(parts):
    """A MASK of a transparent margin, as Load Image gives it: 1 - alpha."""
    mask = torch.zeros(1, *parts.image.shape[1:3])
    mask[:, :, :MARGIN] = 1
    return mask


def cut_out(host, parts, **options):
    values = {"renderer": parts.renderer, "image": parts.image, "points": POINTS}
    values |= {"transparency": clear_mask(parts), **options}
    return host.call("MoDAExtractIdentity", **values)[0]


def played(parts, portrait):
    return {"renderer": parts.renderer, "portrait": portrait, "motion": parts.motion}


@pytest.mark.parametrize("way", ["mask", "fourth channel", "both"])
@pytest.mark.parametrize(
    ("color", "level"), [("white", (255, 255, 255)), ("#102030", (16, 32, 48))]
)
def test_the_background_has_the_chosen_colour(host, parts, way, color, level):
    alpha = 1 - clear_mask(parts)[..., None]
    options = {} if way == "mask" else {"image": torch.cat([parts.image, alpha], -1)}
    if way == "fourth channel":
        options["transparency"] = None

    portrait = cut_out(host, parts, background_color=color, **options)

    assert (portrait.image[:, :MARGIN] == torch.tensor(level)).all()
    assert torch.equal(portrait.image[:, MARGIN:], parts.portrait.image[:, MARGIN:])


def test_the_same_soft_edge_from_both_is_not_counted_twice(host, parts):
    half = 0.5 * clear_mask(parts)
    image = torch.cat([parts.image, 1 - half[..., None]], -1)

    once = cut_out(host, parts, image=image, transparency=None, background_color="#102030")
    both = cut_out(host, parts, image=image, transparency=half, background_color="#102030")

    assert torch.equal(both.image, once.image)


@pytest.mark.parametrize("form", ["numpy", "list of arrays", "channel", "uint8", "bool", "0 and 1"])
def test_masks_of_other_packs_mean_the_same(host, parts, form):
    mask = clear_mask(parts)
    other = {
        "numpy": mask.numpy(),
        "list of arrays": [mask[0].numpy()],
        "channel": mask[..., None],
        "uint8": (255 * mask).to(torch.uint8),
        "bool": mask > 0.5,
        "0 and 1": mask.numpy().astype("u1"),
    }[form]

    portrait = cut_out(host, parts, transparency=other, background_color="#102030")

    assert (portrait.image[:, :MARGIN] == torch.tensor([16, 32, 48])).all()
    assert torch.equal(portrait.image[:, MARGIN:], parts.portrait.image[:, MARGIN:])


def test_the_empty_mask_of_an_opaque_picture_changes_nothing(host, parts):
    portrait = cut_out(host, parts, transparency=torch.zeros(1, 64, 64))

    assert portrait.cutout is None
    assert torch.equal(portrait.image, parts.portrait.image)


@pytest.mark.parametrize("output", ["full picture", "face crop"])
def test_the_mask_of_frames_is_their_opacity(host, parts, output):
    portrait = cut_out(host, parts)

    frames, mask = host.call("MoDARenderFrames", **played(parts, portrait), count=3, output=output)

    assert mask.shape == frames.shape[:3]
    if output == "full picture":
        assert mask[:, :, : MARGIN - 2].max() == 0
        assert mask[:, 200:300, 260:340].min() == 1
        assert (frames[:, :, : MARGIN - 2] == 1).all()
    else:
        assert mask[:, 200:300, 200:300].min() == 1


@pytest.mark.parametrize(
    ("choice", "suffix", "codec"),
    [("ProRes 4444 (.mov)", ".mov", "prores"), ("VP9 (.webm)", ".webm", "vp9")],
)
def test_a_transparent_video_is_saved_beside_the_opaque_one(host, parts, choice, suffix, codec):
    portrait = cut_out(host, parts, background_color="#00ff00")
    before = set(host.output_folder.rglob("*"))

    (video,) = host.call(
        "MoDARenderVideo", **played(parts, portrait), audio=parts.speech, transparent=choice
    )

    saved = [path for path in set(host.output_folder.rglob("*")) - before if path.is_file()]
    assert [path.suffix for path in saved] == [suffix]
    shown = read_video(video.get_stream_source())
    assert np.abs(shown.frames[:, :, : MARGIN - 4].astype(int) - [0, 255, 0]).mean() < 4
    with av.open(saved[0]) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, len(container.streams.audio)) == (codec, 1)
        frames = [frame.to_ndarray(format="rgba") for frame in container.decode(stream)]
    assert len(frames) == len(shown.frames)
    if suffix == ".mov":
        opacity = np.stack(frames)[..., 3]
        assert opacity[:, :, : MARGIN - 4].max() <= 1
        assert opacity[:, 200:300, 260:340].min() >= 254


def test_a_background_is_seen_through_the_transparent_parts_alone(host, parts):
    portrait = cut_out(host, parts)
    blue = torch.tensor([0.0, 0.0, 1.0]).expand(1, 30, 40, 3).contiguous()

    (video,) = host.call(
        "MoDARenderVideo", **played(parts, portrait), background=blue, quality="high"
    )

    frames = read_video(video.get_stream_source()).frames.astype(int)
    picture = (parts.image[0] * 255).numpy()
    assert np.abs(frames[:, :, : MARGIN - 4] - [0, 0, 255]).mean() < 4
    assert np.abs(frames[:, -60:, 40:] - picture[-60:, 40:]).mean() < 4  # the shoulders


@pytest.mark.parametrize("case", ["opaque portrait", "background"])
def test_a_transparent_video_that_cannot_be_is_refused(host, parts, case):
    portrait, options = cut_out(host, parts), {"background": parts.image}
    if case == "opaque portrait":
        portrait, options = parts.portrait, {}
    before = set(host.output_folder.rglob("*.*"))

    with pytest.raises(ValueError, match=r"transparent"):
        host.call(
            "MoDARenderVideo", **played(parts, portrait), transparent="VP9 (.webm)", **options
        )

    assert set(host.output_folder.rglob("*.*")) == before


def outside_of_the_face(parts):
    """The MASK of a cut-out whose background is transparent."""
    mask = torch.ones(1, *parts.image.shape[1:3])
    mask[:, 60:460, 120:480] = 0
    return mask


@pytest.mark.parametrize("node", ["MoDAExtractIdentity", "MoDARenderVideo"])
def test_a_mask_of_the_background_is_to_be_inverted(host, parts, node):
    mask = outside_of_the_face(parts)
    values = played(parts, parts.portrait)
    if node == "MoDAExtractIdentity":
        values = {"renderer": parts.renderer, "image": parts.image}

    with pytest.raises(Exception, match=r"leaves out the face.*[Ii]nvert the mask"):
        host.call(node, **values, mask=mask)

    host.call(node, **values, mask=1 - mask)


def test_a_mask_of_one_face_of_three_is_not_said_to_leave_it_out(host, parts):
    image = parts.image[:, :480, 80:560].repeat(1, 1, 3, 1)
    mask = torch.zeros(image.shape[:3])
    mask[:, :, :480] = 1

    with pytest.raises(Exception, match="no face number 1: 1 found"):
        host.call(
            "MoDAExtractIdentity", renderer=parts.renderer, image=image, mask=mask, face_index=1
        )


def test_a_colour_that_is_none_is_named(host, parts):
    with pytest.raises(ValueError, match="'whitish'"):
        cut_out(host, parts, background_color="whitish")
