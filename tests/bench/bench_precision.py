"""Error of every network in bfloat16 and float16 against float32, on synthetic weights.

One network at a time is brought to half precision. The motion's error is in standard deviations of
the released statistics, the frames' in grey levels. FOLDER is one made by `synthetic-models`.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from moda_core.audio.encoder_folder import load_audio_encoder
from moda_core.bundles.released import load_released_model
from moda_core.emotion.labels import emotion_weights
from moda_core.liveportrait.load import load_network, load_renderer
from moda_core.liveportrait.model import PortraitRenderer
from moda_core.model_files.model_folder import find_model_files
from moda_core.motion.motion import Motion, released_stats
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.sample import sample_motion
from tests.parity.synthetic_weights import image, normal, waveform

from .progress import Progress

HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
APPEARANCE = "appearance_feature_extractor"  # stays in float32
# What `talk --precision` brings to half: fields of `RendererNetworks`, by released file.
RENDERING = {"warping_module": "warping", "spade_generator": "decoder"}
MOTION_REQUIRED, FRAMES_REQUIRED = 0.02, 2.0


def motion_of(model, features) -> torch.Tensor:
    """Return one window of normalised motion."""
    return sample_motion(
        model.network,
        model.null_audio,
        Conditions(
            features,
            normal(3, (63,), 0.2),
            torch.zeros(1, 1, 70),
            EmotionCurve.constant(emotion_weights("happiness")),
        ),
    ).cpu()


def motion_errors(files, where, progress: Progress) -> dict:
    """Return mean and largest error of the motion, by network and precision."""
    progress("motion, float32")
    speech = torch.from_numpy(waveform(1, 16000 * 2)).float()
    features = load_audio_encoder(files.encoder, where).encode(speech)
    model = load_released_model(files.motion_model, where)
    expected, errors = motion_of(model, features), {}
    for name, dtype in HALVES.items():
        progress(f"audio encoder, {name}")
        encoder = load_audio_encoder(files.encoder, where, dtype)
        actual = motion_of(model, encoder.encode(speech))
        errors[f"audio encoder {name}"] = summary(actual, expected)
    del model, encoder
    for name, dtype in HALVES.items():
        progress(f"motion model, {name}")
        model = load_released_model(files.motion_model, where, dtype)
        errors[f"motion model {name}"] = summary(motion_of(model, features), expected)
    return errors


def frame_errors(files, where, progress: Progress) -> dict:
    """Return mean and largest error of two frames, by network and precision."""
    progress("frames, float32")
    renderer = load_renderer(files, where)
    crop = torch.from_numpy(image(1, 256, 256))
    face = renderer.encode_face(crop)
    values = released_stats().denormalize(normal(5, (2, 70)))
    keypoints = renderer.drive(face, Motion(values, face.info["exp"].reshape(63).cpu()))
    expected, errors = renderer.render_faces(face, keypoints).cpu(), {}
    for name, dtype in HALVES.items():
        progress(f"renderer, {name}")
        halves = {
            field: load_network(getattr(files, kind), kind, where, dtype)
            for kind, field in RENDERING.items()
        }
        appearance = load_network(
            files.appearance_feature_extractor, APPEARANCE, where, operations=nn
        )
        for field, network in {"appearance": appearance.to(dtype), **halves}.items():
            mixed = with_networks(renderer, **{field: network})
            frames = mixed.render_faces(mixed.encode_face(crop), keypoints).cpu()
            errors[f"{field} {name}"] = summary(frames, expected)
        mixed = with_networks(renderer, **halves)
        frames = mixed.render_faces(mixed.encode_face(crop), keypoints).cpu()
        errors[f"warping and decoder {name}"] = summary(frames, expected)
    return errors


def with_networks(renderer, **networks) -> PortraitRenderer:
    """Return a renderer with some networks exchanged."""
    return PortraitRenderer(replace(renderer.networks, **networks), renderer.device)


def summary(actual: torch.Tensor, expected: torch.Tensor) -> dict:
    """Return mean and largest absolute difference."""
    difference = (actual.double() - expected.double()).abs()
    return {"mean": float(difference.mean()), "max": float(difference.max())}


@torch.inference_mode()
def run(folder: str, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    progress = Progress("precision", 2 + 3 * len(HALVES))
    files, where = find_model_files(Path(folder)), torch.device(device)
    return {
        "motion_in_std": motion_errors(files, where, progress),
        "motion_required": MOTION_REQUIRED,
        "frames_in_grey_levels": frame_errors(files, where, progress),
        "frames_required": FRAMES_REQUIRED,
    }
