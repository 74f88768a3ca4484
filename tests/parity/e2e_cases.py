"""The golden case that runs every part but the audio encoder, one after the other."""

import numpy as np
import torch
from torch import Tensor

from moda_core.audio.features import AudioFeatures
from moda_core.audio.speech_preparation import SILENCE
from moda_core.bundles.released import finish_speech, use_silence
from moda_core.liveportrait.model import PortraitRenderer, RendererNetworks
from moda_core.model_files.model_folder import ENCODER
from moda_core.motion.motion import FPS, Motion, previous_motion, released_stats
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window_plan import count_windows

from .motion_cases import TINY, build, stated_noise
from .renderer_cases import build as build_network
from .renderer_cases import stitching_network
from .statements import slices, stated
from .synthetic_weights import described, image

Arrays = dict[str, np.ndarray]


def portrait_renderer(salt: str) -> PortraitRenderer:
    """Return the released renderer with synthetic weights."""
    return PortraitRenderer(
        RendererNetworks(
            appearance=build_network("appearance_feature_extractor", salt),
            motion=build_network("motion_extractor", salt),
            stitching=stitching_network(salt),
            warping=build_network("warping_module", salt),
            decoder=build_network("spade_generator", salt),
        )
    )


def whole_motion(case: dict, info: dict[str, Tensor]) -> tuple[Arrays, Motion]:
    """Return the arrays of a case up to its motion, for a face of refined info, and the motion."""
    network, null_audio = build(TINY, "moda_tiny", case["salt"])
    previous, rescale_ratio = previous_motion(info, released_stats())
    audio = described(case["audio"])
    silence = tuple(case["add_frames"] if frames else 0 for frames in SILENCE[case["mode"]])
    noise = stated_noise(case["noise"], count_windows(len(audio)))
    options = SamplingOptions(num_steps=case["steps"], cfg_scale=case["cfg_scale"])
    emotion = EmotionCurve.constant(torch.eye(9)[case["emo"]])
    identity = info["kp"].reshape(63)
    conditions = Conditions(audio, identity, previous, emotion, noise=noise)
    raw = sample_motion(network, null_audio, conditions, options)
    features = AudioFeatures(audio, ENCODER, (len(audio) - sum(silence)) / FPS, silence)
    values = finish_speech(released_stats(), raw, features, 0)
    arrays = {
        "prev_motion": previous,
        "rescale_ratio": rescale_ratio,
        "motion_raw": raw,
        "motion_trimmed": use_silence(raw, *silence),
    }
    return arrays, Motion(values, info["exp"].reshape(63))


def e2e(case: dict, golden: Arrays) -> Arrays:
    """From a crop and audio features to the first and the last frame."""
    renderer = portrait_renderer(case["salt"])
    crop = torch.from_numpy(image(case["image_seed"], *golden["image"].shape[:2]))
    face = renderer.encode_face(crop)
    arrays, motion = whole_motion(case, face.info)
    driving = renderer.drive(face, motion)
    frames = renderer.render_faces(face, driving[[0, -1]]).numpy()
    [(_, (rows, columns))] = slices(case["frames"])
    patch = slice(*stated("patch {}:{}", case["frames"]))
    return arrays | {
        "image": crop,
        "x_s": face.keypoints,
        "x_s_kp": face.info["kp"].reshape(1, 63),
        "x_d": driving,
        "frames_sub": frames[:, rows, columns],
        "frames_patch": frames[:, patch, patch],
        "frames_mean": frames.mean(axis=(1, 2, 3)),
    }
