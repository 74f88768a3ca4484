"""Streaming of frames by the released renderer, around networks that hardly compute."""

import gc
import math
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.compositing.compositing import Compositing
from moda_core.errors import MoDAError
from moda_core.example import PORTRAIT
from moda_core.face.landmarks import FaceLandmarks
from moda_core.liveportrait.dense_motion import SourceVolume
from moda_core.liveportrait.driving import DrivingOptions
from moda_core.liveportrait.model import PortraitRenderer
from moda_core.motion.motion import Motion, released_stats
from moda_core.portrait.crop import crop_from_landmarks
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import read_image
from moda_core.runtime.out_of_memory import is_out_of_memory
from tests.bench.stand_ins import StandInNetwork, stand_in_renderer
from tests.faces import face_from

EYES_AND_MOUTH = [(90, 90), (130, 90), (95, 130), (125, 130), (110, 130), (110, 130)]


def landmarks():
    return face_from(EYES_AND_MOUTH)


@pytest.fixture(scope="module")
def renderer():
    return stand_in_renderer("cpu")


@pytest.fixture(scope="module")
def image():
    return torch.randint(0, 256, (300, 260, 3), dtype=torch.uint8)


@pytest.fixture(scope="module")
def portrait(renderer, image):
    return renderer.portrait(image, landmarks())


def motion(num_frames, portrait):
    generator = torch.Generator().manual_seed(0)
    values = released_stats().denormalize(torch.randn(num_frames, 70, generator=generator))
    return Motion(values, portrait.prepared.face.info["exp"].reshape(63))


def with_limit(renderer, most, message="CUDA out of memory. Tried to allocate 2 GiB"):
    """Return the renderer with a decoder that fails above so many frames, and its log."""
    decode, seen = renderer.networks.decoder, []

    def decode_few(features):
        seen.append(len(features))
        if len(features) > most:
            raise RuntimeError(message)
        return decode(features)

    networks = replace(renderer.networks, decoder=StandInNetwork(decode_few))
    return PortraitRenderer(networks), seen


def test_chunks_hold_every_frame_in_order(renderer, portrait):
    played = motion(7, portrait)

    chunks = list(renderer.frames(portrait, played, chunk=3))

    singles = torch.cat(list(renderer.frames(portrait, played, chunk=1)))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert torch.equal(torch.cat(chunks), singles)
    assert len({frame.sum().item() for frame in singles}) == 7


def test_frames_are_the_picture_outside_of_the_mask(renderer, portrait, image):
    frames = torch.cat(list(renderer.frames(portrait, motion(2, portrait))))

    changed = (frames != image).any(dim=3).any(dim=0)
    rows, columns = (torch.nonzero(changed.any(dim=axis)).flatten() for axis in (1, 0))
    inside = portrait.prepared.paste.box
    assert frames.shape == (2, *image.shape)
    assert changed.any()
    assert rows[0] >= inside[0]
    assert rows[-1] < inside[0] + inside[2]
    assert columns[0] >= inside[1]
    assert columns[-1] < inside[1] + inside[3]


def test_exhausted_memory_halves_the_chunk_and_loses_no_frame(renderer, portrait):
    played = motion(9, portrait)
    limited, seen = with_limit(renderer, most=2)

    chunks = list(limited.frames(portrait, played, chunk=8))

    expected = torch.cat(list(renderer.frames(portrait, played, chunk=1)))
    assert seen == [8, 4, 2, 2, 2, 2, 1]
    assert torch.equal(torch.cat(chunks), expected)


def test_exhausted_memory_for_one_frame_is_one_sentence(renderer, portrait):
    limited, seen = with_limit(renderer, most=0)

    with pytest.raises(MoDAError, match=r"not enough memory.*single frame"):
        list(limited.frames(portrait, motion(3, portrait), chunk=3))

    assert seen == [3, 1]


def test_other_failures_are_not_taken_for_exhausted_memory(renderer, portrait):
    limited, _ = with_limit(renderer, most=0, message="The size of tensor a (3) must match")

    with pytest.raises(RuntimeError, match="size of tensor"):
        list(limited.frames(portrait, motion(3, portrait)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried 9 bytes"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("Invalid buffer size: 40.00 GiB"), True),
        (MemoryError(), True),
        (RuntimeError("shape '[2]' is invalid"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_exhausted_memory_is_told_by_what_torch_says(error, expected):
    assert is_out_of_memory(error) == expected


def test_chunks_are_let_go(renderer, portrait):
    chunks, alive = [], []

    for chunk in renderer.frames(portrait, motion(6, portrait), chunk=1):
        chunks.append(weakref.ref(chunk))
        gc.collect()
        alive.append(sum(reference() is not None for reference in chunks))

    assert len(alive) == 6
    assert max(alive) <= 2


def test_nothing_is_computed_before_it_is_asked_for(renderer, portrait):
    limited, seen = with_limit(renderer, most=99)

    frames = limited.frames(portrait, motion(6, portrait), chunk=2)
    next(frames)

    assert seen == [2]


def test_frames_leave_inference_mode_to_the_caller(renderer, portrait):
    for _ in renderer.frames(portrait, motion(2, portrait), chunk=1):
        assert not torch.is_inference_mode_enabled()


def test_portraits_of_another_renderer_are_refused_by_both_names(renderer, portrait):
    other = replace(portrait, renderer="warp")

    with pytest.raises(ValueError, match=r"'warp'.*'LivePortrait'"):
        next(renderer.frames(other, motion(2, portrait)))


def test_driving_options_reach_the_keypoints(renderer, portrait):
    still = DrivingOptions(driving_multiplier=0.0)

    moving, frozen = (
        torch.cat(list(renderer.frames(portrait, motion(3, portrait), options=options)))
        for options in (None, still)
    )

    assert (frozen == frozen[:1]).all()
    assert (moving != moving[:1]).any()


def test_the_crop_follows_its_scale_and_the_mesh(renderer):
    example = read_image(PORTRAIT)
    found = find_face(example)

    usual, wide = (renderer.portrait(example, found, scale) for scale in (2.3, 3.0))

    expected = crop_from_landmarks(found)
    assert (usual.prepared.transform.center == expected.center).all()
    assert wide.prepared.transform.side == pytest.approx(3.0 / 2.3 * expected.side)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": torch.zeros(1, 300, 260, 3, dtype=torch.uint8)}, "shape"),
        ({"image": torch.zeros(300, 260, 3)}, "uint8"),
        ({"landmarks": FaceLandmarks(np.ones((478, 3)))}, "one place"),
        ({"crop_scale": 0.0}, "scale"),
    ],
)
def test_what_makes_no_portrait_is_refused(renderer, image, change, message):
    given = {"image": image, "landmarks": landmarks(), **change}

    with pytest.raises(ValueError, match=message):
        renderer.portrait(**given)


def test_an_empty_chunk_is_refused(renderer, portrait):
    with pytest.raises(ValueError, match="at least 1 frame, got 0"):
        next(renderer.frames(portrait, motion(2, portrait), chunk=0))


def test_a_mask_bounds_what_moves(renderer, image, portrait):
    mask = torch.zeros(300, 260)
    mask[100:120, 100:140] = 1

    compositing = Compositing(mask=mask)
    frames = torch.cat(
        list(renderer.frames(portrait, motion(2, portrait), compositing=compositing))
    )

    assert torch.equal(frames[:, mask == 0], image[mask == 0].expand(2, -1, -1))
    assert (frames[:, 105:115, 105:135] != image[105:115, 105:135]).any()


@pytest.mark.parametrize(("chosen", "expected"), [(None, torch.float32), (torch.float64,) * 2])
def test_the_large_networks_compute_in_the_chosen_type(renderer, image, chosen, expected):
    seen = []

    def noted(network):
        def call(values, *others):
            seen.append(values.dtype)
            return network(values, *others)

        return call

    class Warping(StandInNetwork):
        def prepare(self, volume, keypoints):
            return volume

    networks = replace(
        renderer.networks,
        warping=Warping(noted(renderer.networks.warping)),
        decoder=StandInNetwork(noted(renderer.networks.decoder)),
    )
    chooser = PortraitRenderer(networks, compute_dtype=chosen)
    made = chooser.portrait(image, landmarks())
    list(chooser.frames(made, motion(1, made)))

    assert seen == [expected, expected]


def test_a_mask_of_everything_changes_nothing(renderer, portrait):
    everywhere = Compositing(mask=torch.ones(300, 260))

    frames = next(renderer.frames(portrait, motion(1, portrait), compositing=everywhere))

    assert torch.equal(frames, next(renderer.frames(portrait, motion(1, portrait))))


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"mask": torch.zeros(3, 3)}, "mask"), ({"feather": math.nan}, "feather")],
)
def test_what_bounds_nothing_is_refused(renderer, portrait, limits, message):
    with pytest.raises(ValueError, match=message):
        next(renderer.frames(portrait, motion(1, portrait), compositing=Compositing(**limits)))


def test_a_face_moves_to_another_device_whole(portrait):
    volume = SourceVolume(*(torch.zeros(1) for _ in range(5)))

    there = replace(portrait.prepared.face, volume=volume).to("meta")

    moved = [
        *there.info.values(),
        there.keypoints,
        there.rescale_ratio,
        *vars(there.volume).values(),
    ]
    assert {value.device.type for value in moved} == {"meta"}
    assert there.info.keys() == portrait.prepared.face.info.keys()


def test_a_portrait_of_a_half_precision_renderer_is_brought_to_this_ones():
    maps = {name: torch.zeros(1, 2) for name in ("compressed", "unmoved", "heat", "keypoints")}
    volume = SourceVolume(torch.ones(1, 2, dtype=torch.float16), **maps)

    moved = volume.to("cpu", torch.float32)

    assert {value.dtype for value in vars(moved).values()} == {torch.float32}
    assert volume.to("cpu", torch.bfloat16).heat.dtype == torch.float32
