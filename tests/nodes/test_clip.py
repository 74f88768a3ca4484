"""Videos whose face is followed: relipped, as frames, and as motion for other portraits."""

from functools import cache

import numpy as np
import pytest
import torch

from .media import read_video
from .starter_graph import node, starter_prompt
from .test_graph import files_in
from .test_render import as_video, path_of

COUNT, SIDE, STEP = 10, 240, 2  # frames, pixels, and pixels a frame
RATE = 12.5
UPPER = slice(0, 130)  # rows above the nose in every frame


@cache
def pictures_of(host):
    """A window that moves over the example at half its size, (10, 240, 240, 3)."""
    image, _ = host.call("MoDAExample")
    half = torch.nn.functional.avg_pool2d(image.movedim(-1, 1), 2).movedim(1, -1)[0]
    places = [20 + STEP * index for index in range(COUNT)]
    frames = torch.stack([half[10 : 10 + SIDE, x : x + SIDE] for x in places])
    return (frames * 255).round() / 255


@pytest.fixture
def pictures(host):
    return pictures_of(host)


@pytest.fixture
def tone(parts):
    """Three quarters of a second of the example's speech; the clip lasts 0.8 s."""
    rate = parts.audio["sample_rate"]
    return {**parts.audio, "waveform": parts.audio["waveform"][..., rate : rate + rate * 3 // 4]}


def track(host, parts, video, **inputs):
    return host.call("MoDATrackFace", renderer=parts.renderer, video=video, **inputs)


@cache
def tracked_of(host, renderer):
    return host.call("MoDATrackFace", renderer=renderer, video=pictures_of(host), fps=RATE)


@pytest.fixture
def portrait(host, parts):
    """The followed face of the pictures, of which the lower part is replaced."""
    return tracked_of(host, parts.renderer)[0]


def file_video(video, path):
    from comfy_api.latest import InputImpl

    video.save_to(str(path))
    return InputImpl.VideoFromFile(str(path))


def trimmed(video, start_s, duration_s):
    """A part of a video file, as newer hosts give it; an older one gets what it lacks."""
    from comfy_api.latest import InputImpl, Types

    if hasattr(video, "as_trimmed"):
        return video.as_trimmed(start_s, duration_s, strict_duration=False)

    class Trimmed(InputImpl.VideoFromFile):
        def __init__(self, source, start_s, duration_s):
            super().__init__(source)
            self.source, self.start_s, self.duration_s = source, start_s, duration_s

        def get_duration(self):
            return self.duration_s

        def get_components(self):
            whole = InputImpl.VideoFromFile(self.source).get_components()
            rate = float(whole.frame_rate)
            span = (round(each * rate) for each in (self.start_s, self.start_s + self.duration_s))
            images = whole.images[slice(*span)]
            return Types.VideoComponents(images=images, frame_rate=whole.frame_rate, audio=None)

        def as_trimmed(self, start_time=0, duration=0, strict_duration=False):
            left_s = min(duration, self.duration_s - start_time)
            return Trimmed(self.source, self.start_s + start_time, left_s)

    return Trimmed(video.get_stream_source(), start_s, duration_s)


KINDS = {"images": (0, COUNT), "components": (0, COUNT), "file": (0, COUNT), "trimmed": (2, 6)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_face_is_followed_in_every_kind_of_video(host, parts, pictures, tmp_path, kind):
    video = pictures if kind == "images" else as_video(pictures, RATE)
    if kind in ("file", "trimmed"):
        video = file_video(video, tmp_path / "clip.mp4")
    if kind == "trimmed":
        video = trimmed(video, 2 / RATE, 4 / RATE)

    portrait, motion, audio, picture = track(host, parts, video, fps=RATE)

    first, stop = KINDS[kind]
    count, face = stop - first, portrait.clip
    assert portrait.size == (SIDE, SIDE)
    assert (len(face.track), len(motion), motion.fps) == (count, count, RATE)
    assert not face.track.is_lost.any()
    assert face.clip.duration_s == pytest.approx(count / RATE)
    shown = torch.stack(list(face.clip.images_at(face.track.times))) / 255
    assert (shown - pictures[first:stop]).abs().mean() < (0.02 if "i" in kind[1:] else 1e-6)
    moved = face.landmarks(0).points()[0] - face.landmarks(count - 1).points()[0]
    assert moved == pytest.approx([STEP * (count - 1), 0], abs=1.5)
    assert audio["waveform"].shape[-1] == round(count / RATE * audio["sample_rate"])
    assert (picture.ndim, picture.shape[0], picture.shape[-1]) == (4, 1, 3)


def test_the_sound_is_the_videos_and_as_long_as_it(host, parts, pictures, tone, tmp_path):
    heard = [
        track(host, parts, video)[2]
        for video in (
            as_video(pictures, RATE, tone),
            file_video(as_video(pictures, RATE, tone), tmp_path / "clip.mp4"),
        )
    ]

    for audio in heard:
        assert audio["sample_rate"] == tone["sample_rate"]
        assert audio["waveform"].shape[-1] == round(COUNT / RATE * tone["sample_rate"])
    length = tone["waveform"].shape[-1]
    assert torch.equal(heard[0]["waveform"][..., :length], tone["waveform"])
    assert not heard[0]["waveform"][..., length:].any()


def test_a_video_without_sound_is_silent(host, parts, pictures):
    _, _, audio, _ = track(host, parts, as_video(pictures, RATE))

    assert not audio["waveform"].any()


def test_new_speech_keeps_size_rate_length_and_all_but_the_lower_face(
    host, parts, portrait, pictures
):
    values = {"renderer": parts.renderer, "portrait": portrait, "motion": parts.motion}

    (video,) = host.call("MoDARenderVideo", **values, audio=parts.speech, quality="high")

    seen, expected = read_video(path_of(video)), (pictures * 255).numpy()
    assert (seen.fps, seen.frames.shape) == (RATE, (COUNT, SIDE, SIDE, 3))
    assert np.abs(seen.frames[:, UPPER] - expected[:, UPPER]).mean() < 3
    assert np.abs(seen.frames[:5, 130:, 60:160] - expected[:5, 130:, 60:160]).max() > 40
    assert seen.sound.shape[1] / seen.sample_rate == pytest.approx(0.8, abs=0.1)


def test_a_clip_is_shown_at_another_rate_if_chosen(host, parts, portrait):
    values = {"renderer": parts.renderer, "portrait": portrait, "motion": parts.motion}

    (video,) = host.call("MoDARenderVideo", **values, clip_timing="fps", fps=50.0)

    seen = read_video(path_of(video))
    assert (seen.fps, len(seen.frames)) == (50, 20)


@pytest.mark.parametrize("output", ["full picture", "face crop"])
def test_frames_of_a_clip_are_images_with_what_is_replaced(host, parts, portrait, pictures, output):
    values = {"renderer": parts.renderer, "portrait": portrait, "motion": parts.motion}

    frames, masks = host.call("MoDARenderFrames", **values, start=2, count=5, output=output)

    side = SIDE if output == "full picture" else 512
    assert (frames.shape, masks.shape) == ((5, side, side, 3), (5, side, side))
    assert 0 <= masks.min() < masks.max() == 1
    assert not torch.equal(masks[0], masks[4])
    if output == "full picture":
        shown = pictures[[1, 1, 2, 2, 3]]  # at 12.5 and 25 frames a second
        assert torch.equal(frames[masks == 0], shown[masks == 0])
        assert (frames - shown).abs().amax(dim=-1)[masks == 1].max() > 0.1


def test_a_clip_cuts_longer_motion_if_chosen(host, parts, pictures):
    portrait, *_ = track(host, parts, pictures[:3], fps=RATE, after_end="cut")
    values = {"renderer": parts.renderer, "portrait": portrait, "motion": parts.motion}

    frames, masks = host.call("MoDARenderFrames", **values, count=0)

    assert len(frames) == len(masks) == 6


def test_the_motion_of_a_clip_plays_on_another_portrait(host, parts):
    _, motion, _, _ = tracked_of(host, parts.renderer)
    values = {"renderer": parts.renderer, "portrait": parts.portrait, "motion": motion}

    (video,) = host.call("MoDARenderVideo", **values)

    assert read_video(path_of(video)).frames.shape == (20, 608, 608, 3)


def test_nodes_that_take_a_portrait_take_that_of_a_clip(host, parts, portrait):
    speech = {"audio_features": parts.features, "portrait": portrait}
    (motion,) = host.call("MoDASampleMotion", model=parts.model, steps=2, **speech)
    (idle,) = host.call("MoDAIdleMotion", portrait=portrait, duration=0.4)
    (faded,) = host.call("MoDAFadeMotion", motion=motion, portrait=portrait, fade_in=0.1)
    (cast,) = host.call("MoDASpeaker", name="Eileen", portrait=portrait, motion=motion)

    scene = {"renderer": parts.renderer, "cast": cast}
    (video,) = host.call("MoDARenderScene", **scene)
    (even,) = host.call("MoDARenderScene", **scene, clip_timing="fps", fps=50.0)

    assert len(motion) == len(idle) == len(faded) == 10
    assert read_video(path_of(video)).frames.shape == (COUNT, SIDE, SIDE, 3)
    assert read_video(path_of(video)).fps == RATE
    assert read_video(path_of(even)).frames.shape == (20, SIDE, SIDE, 3)


def relip_prompt(**inputs):
    """A rendered clip, which says something else in one node."""
    prompt = starter_prompt()
    part = {"start": 5.0, "duration": 0.4, "normalize_loudness": False, "channel": "mix"}
    encoder = {"audio_encoder": ["encoder", 0], "audio": ["example", 1]}
    prompt["new speech"] = node("MoDAEncodeAudio", **encoder, **part)
    widgets = {
        "bundle": "starter (built in)",
        "emotion": "none",
        "face_index": 0,
        "face_order": "largest",
        "after_end": "loop",
        "seed": 42,
        "channel": "mix",
    }
    links = {"video": ["video", 0], "audio": ["new speech", 1]}
    prompt["relip"] = node("MoDARelipVideo", **links, **{**widgets, **inputs})
    prompt["save"]["inputs"]["video"] = ["relip", 0]
    return prompt


def test_one_node_gives_a_video_new_speech_in_cached_steps(host):
    first = host.run(relip_prompt())

    assert first.error is None
    (saved,) = (host.output_folder / "video").iterdir()
    seen = read_video(saved)
    assert (seen.frames.shape, seen.fps, seen.sample_rate) == ((10, 608, 608, 3), 25, 22050)
    assert "relip.MoDATrackFace" in first.ran

    again = host.run(relip_prompt(seed=7))

    assert again.error is None
    assert "relip.MoDASampleMotion" in again.ran
    assert "relip.MoDATrackFace" not in again.ran


@pytest.mark.parametrize("updates", [1, 3])
def test_cancel_leaves_no_file(host, updates):
    assert host.run(starter_prompt(audio={"duration": 1.6})).error is None
    before = files_in(host)
    prompt = relip_prompt()
    prompt["audio"]["inputs"]["duration"] = 1.6
    host.cancel_after(updates)

    result = host.run(prompt)

    assert result.interrupted
    assert files_in(host) == before


@pytest.mark.parametrize(
    ("make", "inputs", "expected"),
    [
        (lambda images: torch.zeros_like(images), {}, "face"),
        (lambda images: images[:0], {}, r"IMAGE.*\(0, 240, 240, 3\)"),
        (lambda images: images, {"face_index": 3}, "no face number 3.*begin the clip"),
        (lambda images: images, {"box": "200,200,30,30"}, "move the box onto a face"),
        (lambda images: images, {"box": "200,200"}, "x,y,width,height"),
        (lambda images: smaller(images), {}, "pixels apart in the clip: too small"),
    ],
)
def test_clips_without_the_face_are_refused(host, parts, pictures, make, inputs, expected):
    with pytest.raises(Exception, match=expected):
        track(host, parts, make(pictures), **inputs)


def smaller(images):
    """Return pictures whose eyes are 11 pixels apart."""
    return torch.nn.functional.avg_pool2d(images.movedim(-1, 1), 4).movedim(1, -1)


def test_a_mask_chooses_the_face(host, parts, pictures):
    mask = torch.zeros(1, SIDE, SIDE)
    mask[:, 200:] = 1

    with pytest.raises(Exception, match="move the mask onto a face"):
        track(host, parts, pictures, mask=mask)
