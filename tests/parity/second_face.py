"""Arrays of a second folder: faces, keypoints, pictures and the renderer."""

import numpy as np
import torch
from torch import Tensor

from moda_core.compositing.paste_back import PasteBack
from moda_core.compositing.paste_mask import TEMPLATE_FEATHER, placed_template
from moda_core.liveportrait.driving import DrivingOptions, driving_keypoints
from moda_core.motion.keypoints import refine_motion_info, transform_keypoints
from moda_core.motion.motion import Motion, previous_motion, released_stats
from moda_core.portrait.crop import crop_face
from moda_core.portrait.image import limit_size, resize_limit
from moda_core.portrait.resample_picture import reduce_area
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion

from . import closed_forms as forms
from .driving_cases import with_averaged_pose
from .e2e_cases import portrait_renderer
from .landmark_crop import FACE_INDICES, crop_transform
from .motion_cases import TINY, build
from .renderer_cases import build as build_network
from .renderer_cases import build_group, stitching_network
from .second_motion import EMOTIONS, tensor
from .synthetic_weights import checkpoint_state, image

Arrays = dict[str, np.ndarray]


def face_points(count: int) -> np.ndarray:
    """Return landmarks, shape (count, 2), whose eyes lie above the mouth, turned a little."""
    points = forms.normals({"seed": 5600 + count, "shape": [count, 2], "scale": 40})
    for indices, place in zip(FACE_INDICES[count], ((-45, -50), (45, -40), (5, 60)), strict=True):
        points[list(indices)] = 0.1 * points[list(indices)] + place
    return points + np.float32([310, 190])


def face_info() -> Arrays:
    """Return the raw output of a motion extractor for one picture."""
    drawn = {
        **dict.fromkeys(("pitch", "yaw", "roll"), (66, 1.5)),
        **{"t": (3, 0.05), "exp": (63, 0.03), "scale": (1, 0.05), "kp": (63, 0.3)},
    }
    info = {
        key: forms.normals({"seed": 5510 + order, "shape": [1, size], "scale": scale})
        for order, (key, (size, scale)) in enumerate(drawn.items())
    }
    return info | {"scale": info["scale"] + np.float32(1.2)}


def driven(info: Arrays, motion: np.ndarray, salt: str) -> Arrays:
    """Return keypoints that follow a normalised motion: stitched, not stitched and averaged."""
    face, stats = refine_motion_info({key: tensor(info[key]) for key in info}), released_stats()
    source, (_, ratio) = transform_keypoints(face), previous_motion(face, stats)
    played = Motion(stats.denormalize(tensor(motion)), face["exp"].reshape(63))
    arrays = {}
    for name, driver, options in (
        ("driven", played, DrivingOptions()),
        ("driven_nostitch", played, DrivingOptions(stitching_strength=0.0)),
        ("driven_ema", with_averaged_pose(played), DrivingOptions()),
    ):
        inputs = (face, source, ratio, driver, stitching_network(salt), options)
        arrays |= {f"{name}_x_s": source, f"{name}_x_d": driving_keypoints(*inputs)}
    return arrays


def pictures(case: dict) -> Arrays:
    """Return the crop, its way back, and the reduced picture."""
    transform, described = crop_transform(face_points(106)), case["crop_image"]
    picture = torch.from_numpy(image(described["seed"], described["h"], described["w"]))
    crop = crop_face(picture, transform)
    frame = torch.from_numpy(image(case["paste_back"]["crop_seed"], 512, 512))
    pasted = PasteBack(picture, transform).compose(frame[None])[0].numpy()
    mask = placed_template(transform, (0, 0, *picture.shape[:2]), TEMPLATE_FEATHER, 0.0)
    large = case["resize_img"]
    reduced = limit_size(torch.from_numpy(image(large["seed"], large["h"], large["w"])))
    return {
        "img_crop_sub": crop[::4, ::4],
        "img128_sub": reduce_area(crop, 128)[::2, ::2],
        "mask_ori_sub": mask[::4, ::4],
        "paste_back_sub": pasted[::3, ::3],
        "paste_back_stats": [pasted.mean(), pasted.std()],
        "resize_img_sub": reduced[::6, ::12],
    }


def crops(landmarks: Arrays) -> Arrays:
    """Return where the crops around landmarks lie."""
    transform = crop_transform(landmarks["lmk106"])
    general = {
        f"M_o2c_{len(points)}": crop_transform(points, size=224, scale=1.5, vy=-0.1).to_crop
        for name, points in landmarks.items()
        if name != "lmk106"
    }
    matrix = transform.to_crop.astype(np.float64)
    return general | {
        "M_o2c": matrix,
        "M_c2o": np.linalg.inv(matrix),
        "pt_crop": landmarks["lmk106"] @ matrix[:2, :2].T + matrix[:2, 2],
        "rect_center": transform.center,
        "rect_size": [transform.side, transform.side],
        "rect_angle": transform.angle,
    }


def helpers(case: dict) -> Arrays:
    """Head pose, motion, keypoints, crops and pictures."""
    seeds, info, stats = case["seeds"], face_info(), released_stats()
    mean, std = stats.mean.double().numpy(), stats.std.double().numpy()
    face = forms.refined(info)
    previous, ratio = forms.before_first(face, mean, std)
    motion = forms.normals({"seed": 5520, "shape": [31, 70]})
    values = motion * (std + 1e-5) + mean
    drawn = {
        "rotmat": {"seed": seeds["rotmat"], "shape": [4, 3], "scale": 31.5},
        "bins": {"seed": seeds["headpose_bins"], "shape": [3, 66], "scale": 2},
        "scalar": {"seed": seeds["headpose_scalar"], "shape": [2, 1], "scale": 10},
        "before": {"seed": case["fuse"]["prev"], "shape": case["fuse"]["shape"]},
        "after": {"seed": case["fuse"]["cur"], "shape": case["fuse"]["shape"]},
        "parse_in": {"seed": 5533, "shape": [1, 3, 3, 5], "scale": 0.6},
    }
    drawn = {name: forms.normals(described) for name, described in drawn.items()}
    landmarks = {f"lmk{count}": face_points(count) for count in (106, 68, 203)}
    sizes = np.array([[100, 1279], [1281, 640], [1900, 2500], [7, 3001]])
    return {
        **{f"info_{key}": value for key, value in info.items()},
        "headpose_bins_out": forms.degrees(drawn["bins"]),
        "headpose_scalar_out": drawn["scalar"],
        "rotmat": forms.rotations(drawn["rotmat"]),
        **{f"refined_{key}": face[key] for key in ("pitch", "yaw", "roll", "exp", "kp")},
        "transform_keypoint": forms.placed(face),
        "prev_motion": previous,
        "rescale_ratio": ratio,
        "motion_in": motion,
        "seq_exp": values[:, :63],
        "seq_scale": (values[:, 63:64] * ratio)[:, None],
        "seq_t": (values[:, 64:67] * ratio)[:, None],
        "seq_pitch": values[:, 67:68],
        "seq_yaw": values[:, 68:69],
        "seq_roll": values[:, 69:70],
        "modulate_lip_addframes14": forms.lips(motion, forms.closed_frame(31, 14)),
        "modulate_lip_addframes1": forms.lips(motion, forms.closed_frame(31, 1)),
        "modulate_lip_fixedstd": forms.lips(motion, 3),
        **driven(info, motion, case["salt"]),
        "smooth_out": forms.smoothed(forms.normals(case["smooth_in"])),
        "fuse_out_last9": forms.faded(drawn["before"], drawn["after"], 9),
        "parse_in": drawn["parse_in"],
        "parse_out": np.floor(drawn["parse_in"].clip(0, 1) * np.float32(255))
        .astype(np.uint8)
        .transpose(0, 2, 3, 1),
        **landmarks,
        **crops(landmarks),
        **pictures(case),
        "resize_in": sizes,
        "resize_out_1280_4": [
            resize_limit(*size, limit=1280, multiple=4) for size in sizes.tolist()
        ],
    }


def face_picture(seed: int) -> Tensor:
    """Return a picture as the extractors want it, shape (1, 3, 256, 256)."""
    return tensor(image(seed, 256, 256).transpose(2, 0, 1)[None] / np.float32(255))


def appearance(case: dict) -> Arrays:
    """Parts of the volume."""
    volume = build_network("appearance_feature_extractor", case["salt"])(face_picture(case["seed"]))
    return {
        "image": image(case["seed"], 256, 256),
        "f_sub": volume[0, ::7, ::3, ::5, 2:40:6],
        "f_first": volume[0, :3, :1],
        "stats": forms.summary(volume),
    }


def motion_extractor(case: dict) -> Arrays:
    """All heads, for one picture and for two."""
    network, picture = build_network("motion_extractor", case["salt"]), face_picture(case["seed"])
    both = network(torch.cat([picture, 0.6 * picture.flip(-1)]))
    features = network.features(picture)
    return {**network(picture), "features": features, **{f"{key}_b2": both[key] for key in both}}


def stitching(case: dict) -> Arrays:
    """The three MLPs."""
    state = checkpoint_state("stitching_retargeting_module", case["salt"])
    inputs = {name: tensor(forms.normals(entry)) for name, entry in case["inputs"].items()}
    return {name: build_group(name, state)(values) for name, values in inputs.items()}


def warping(case: dict) -> Arrays:
    """Parts of the warped features, and what the dense motion found."""
    network = build_network("warping_module", case["salt"])
    kp_source = forms.normals(case["kp_source"])
    kp_driving = kp_source + forms.normals(case["kp_driving"])
    source = network.prepare(tensor(forms.normals(case["feature_3d"])), tensor(kp_source))
    found = network.deformation(source, tensor(kp_driving))
    out = network.project(source, found)
    return {
        "kp_source": kp_source,
        "kp_driving": kp_driving,
        "deformation_sub": found.flow[0, ::2, ::5, ::4, :],
        "out_sub": out[0, ::6, ::5, ::4],
        "mask_sub": found.mask[0, :, ::4, ::9, ::8],
        "occlusion_map": found.occlusion,
        "def_stats": forms.summary(found.flow),
        "out_stats": forms.summary(out),
        "occ_stats": forms.summary(found.occlusion),
    }


def spade(case: dict) -> Arrays:
    """Parts of the generated picture."""
    out = build_network("spade_generator", case["salt"])(tensor(forms.normals(case["feature"])))
    parts = {"out_sub": out[0, :, ::6, ::3], "out_patch": out[0, :, 120:150, 260:284]}
    return parts | {"stats": forms.summary(out)}


def whole_motion(case: dict, face: dict[str, Tensor]) -> Arrays:
    """Return the motion of a face, with the silence and cut, both normalised."""
    network, null_audio = build(TINY, "moda_tiny", case["salt"])
    previous, ratio = previous_motion(face, released_stats())
    audio, added = forms.normals(case["audio"]), case["add_frames"]
    emotion = EmotionCurve.constant(tensor(EMOTIONS[case["emo"]]))
    noise = list(tensor(forms.noise(case["noise"], 2)).split(1))
    inputs = (tensor(audio), face["kp"].reshape(63), previous, emotion)
    options = SamplingOptions(num_steps=case["steps"], cfg_scale=case["cfg_scale"])
    raw = sample_motion(network, null_audio, Conditions(*inputs, noise=noise), options)
    spoken = forms.lips(raw.numpy(), forms.closed_frame(len(audio), added))[added:-added]
    stored = {"prev_motion": previous, "rescale_ratio": ratio, "x_s_kp": face["kp"].reshape(1, 63)}
    return stored | {"motion_raw": raw, "motion_trimmed": spoken}


def e2e(case: dict) -> Arrays:
    """From a picture and audio features, with silence on both sides, to two frames."""
    renderer, stats = portrait_renderer(case["salt"]), released_stats()
    picture = image(case["image_seed"], 256, 256)
    face = renderer.encode_face(tensor(picture))
    arrays = whole_motion(case, face.info)
    values = stats.denormalize(tensor(arrays["motion_trimmed"]))
    driving = renderer.drive(face, Motion(values, face.info["exp"].reshape(63)))
    frames = renderer.render_faces(face, driving[[0, -1]]).numpy()
    return arrays | {
        "image": picture,
        "x_s": face.keypoints,
        "x_d": driving,
        "frames_sub": frames[:, ::8, ::6],
        "frames_patch": frames[:, 96:120, 96:120],
        "frames_mean": frames.mean(axis=(1, 2, 3)),
    }
