"""What the specification says in formulas, in NumPy and float64, apart from the product."""

import re

import numpy as np
import torch

LIP_KEYPOINTS = [6, 12, 14, 17, 19, 20]
Info = dict[str, np.ndarray]


def normals(description: dict) -> np.ndarray:
    """Return the float32 input that an entry describes by seed, shape and scale."""
    generator = np.random.Generator(np.random.PCG64(description["seed"]))
    values = generator.standard_normal(description["shape"]) * description.get("scale", 1.0)
    return values.astype(np.float32)


def noise(text: str, num_windows: int) -> np.ndarray:
    """Return what torch draws after the ``manual_seed`` of a text, shape (num_windows, 80, 70)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(re.match(r"torch\.manual_seed\((\d+)\)", text)[1]))
        return torch.cat([torch.randn((1, 80, 70)) for _ in range(num_windows)]).numpy()


def degrees(bins: np.ndarray) -> np.ndarray:
    """Return the expected angle of logits, shape (B, 66), over bins of 3 degrees."""
    weights = np.exp(bins.astype(np.float64))
    return weights @ np.arange(66) / weights.sum(axis=1) * 3 - 97.5


def rotations(angles: np.ndarray) -> np.ndarray:
    """Return the transposed ``Rz Ry Rx`` of angles, shape (B, 3), in degrees."""
    matrices = []
    for pitch, yaw, roll in np.deg2rad(angles.astype(np.float64)):
        turns = []
        for angle, (first, second) in ((roll, (0, 1)), (yaw, (2, 0)), (pitch, (1, 2))):
            turn = np.eye(3)
            turn[first, first] = turn[second, second] = np.cos(angle)
            turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
            turns.append(turn)
        matrices.append((turns[0] @ turns[1] @ turns[2]).T)
    return np.stack(matrices)


def refined(info: Info) -> Info:
    """Return motion info with angles in degrees and keypoints as (1, 21, 3)."""
    angles = {key: degrees(info[key])[:, None] for key in ("pitch", "yaw", "roll")}
    return info | angles | {key: info[key].reshape(1, 21, 3) for key in ("kp", "exp")}


def placed(info: Info) -> np.ndarray:
    """Return the keypoints of refined motion info, shape (1, 21, 3)."""
    angles = np.concatenate([info[key] for key in ("pitch", "yaw", "roll")], axis=1)
    points = (info["kp"] @ rotations(angles) + info["exp"]) * info["scale"][:, None]
    return points + np.append(info["t"][0, :2], 0)


def before_first(info: Info, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the normalised frame (1, 1, 70) of refined motion info, and its ratio of scales."""
    ratio = (info["scale"] + 1e-5) / (mean[63] + 1e-5)
    shift = [*info["t"][0, :2] / ratio[0, 0], 0]
    angles = [info[key].item() for key in ("pitch", "yaw", "roll")]
    values = [*info["exp"].ravel(), info["scale"].item() / ratio.item(), *shift, *angles]
    return ((np.array(values) - mean) / (std + 1e-5))[None, None], ratio


def smoothed(motion: np.ndarray) -> np.ndarray:
    """Return motion (1, N, 70) with means over up to three frames of its last seven dims."""
    padded = np.pad(motion[..., 63:].astype(np.float64), ((0, 0), (1, 1), (0, 0)))
    count = np.convolve(np.ones(motion.shape[1]), np.ones(3), "same")[:, None]
    means = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / count
    return np.concatenate([motion[..., :63], means], axis=-1)


def lips(motion: np.ndarray, closed: int) -> np.ndarray:
    """Return motion (N, 70) whose lips depart further from those of a frame."""
    modulated = motion.astype(np.float64)
    every = modulated[:, :63].reshape(-1, 21, 3)
    delta = every[:, LIP_KEYPOINTS] - every[closed, LIP_KEYPOINTS]
    distance = (delta**2).sum(axis=(1, 2), keepdims=True)
    gain = (1 / (1 + np.exp(-5 * distance)) - 0.5) / (0.1 * distance.max() + 0.05)
    every[:, LIP_KEYPOINTS] += delta * gain
    return modulated


def closed_frame(num_frames: int, added: int) -> int:
    """Return the frame whose lips are closed, three quarters of the added silence from the end."""
    return num_frames - max(int(0.75 * added), 1)


def faded(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """Return the end of one window blended into the beginning of the next."""
    weight = np.arange(overlap)[:, None] / overlap
    return before[:, -overlap:] * (1 - weight) + after[:, :overlap] * weight


def rope_angles(num_tokens: int, head_dim: int) -> np.ndarray:
    """Return the angle of every position and channel, in pairs, with a base of 256."""
    frequency = 256.0 ** -(np.arange(head_dim) // 2 * 2 / head_dim)
    return np.arange(num_tokens)[:, None] * frequency


def time_features(times: list[float]) -> np.ndarray:
    """Return 128 cosines and 128 sines of times, with a base of 10000."""
    angles = np.array(times)[:, None] * 10000.0 ** -(np.arange(128) / 128)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def pcm16(samples: np.ndarray) -> np.ndarray:
    """Return what libsndfile makes of float64 samples in a file of 16 bits."""
    levels = np.floor(np.rint(samples * 2.0**31) / 2**16)
    return (np.clip(levels, -32768, 32767) / 32768).astype(np.float32)


def emphasized(samples: np.ndarray) -> np.ndarray:
    """Return float32 samples less 0.97 of the one before, rounded down to 16 bits."""
    before = np.concatenate([samples[1:2] - 2 * samples[:1], np.float32(0.97) * samples[:-1]])
    levels = np.floor((samples - before) * np.float32(32768))
    return np.clip(levels, -32768, 32767) / np.float32(32768)


def with_edges(piece: np.ndarray) -> np.ndarray:
    """Return whole frames of a piece, twice mirrored by 20 samples at both ends."""
    whole = piece[: len(piece) // 640 * 640]
    return np.pad(np.pad(whole, 20, mode="reflect"), 20, mode="reflect")


def summary(values: np.ndarray) -> np.ndarray:
    """Return mean, standard deviation, largest size, sum and sum of squares, in float64."""
    x = np.asarray(values, np.float64)
    return np.array([x.mean(), x.std(), np.abs(x).max(), x.sum(), (x * x).sum()])
