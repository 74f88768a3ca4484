"""How alive talking faces in videos are, measured on their frames by mediapipe.

Stand-alone: it runs in an environment of its own, since mediapipe conflicts with much:

    python -m venv ENV && ENV/bin/pip install mediapipe==0.10.14 av scipy
    ENV/bin/python tests/bench/mediapipe_alive.py VIDEO ...

Prints one JSON line for each video. Lengths are in distances of the eye centres, angles in degrees;
a range is from the 2nd to the 98th percentile. Pauses are frames in which the video's sound is
quiet.
"""

import json
import sys
from itertools import pairwise

import av
import mediapipe as mp
import numpy as np
from scipy.spatial.transform import Rotation

PUPILS = (468, 473)
INNER_LIPS = (13, 14)
CORNERS = (61, 291)
# Upper and lower lid, and the corners, of each eye.
LID_POINTS = ((159, 145, 33, 133), (386, 374, 362, 263))
# Points that the expression hardly moves: forehead, nose bridge, eye corners, temples, cheekbones.
RIGID = (10, 151, 9, 8, 168, 6, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323)
PAUSE_LEVEL = 0.08  # of the loud frames' level; quieter frames are pauses
BLINK_DEPTH = 0.6  # an eye below this share of its usual opening is shut


def landmarks(path):
    """Yield the 478 points of every frame as (478, 3), in pixels; None where no face is found."""
    with (
        mp.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh,
        av.open(path) as video,
    ):
        for frame in video.decode(video=0):
            image = frame.to_ndarray(format="rgb24")
            found = mesh.process(image).multi_face_landmarks
            if not found:
                yield None
                continue
            points = [(p.x, p.y, p.z) for p in found[0].landmark]
            height, width = image.shape[:2]
            yield np.array(points) * (width, height, width)


def distance(faces, first, second):
    """Return the distance of two points in the picture, in eye distances, for every frame."""
    unit = np.linalg.norm(faces[:, PUPILS[0], :2] - faces[:, PUPILS[1], :2], axis=1)
    return np.linalg.norm(faces[:, first, :2] - faces[:, second, :2], axis=1) / np.median(unit)


def head_angles(faces):
    """Return pitch, yaw and roll of every frame against the median face, shape (N, 3)."""
    points = faces[:, RIGID] - faces[:, RIGID].mean(axis=1, keepdims=True)
    reference = np.median(points, axis=0)
    turns = [Rotation.align_vectors(frame, reference)[0] for frame in points]
    return np.array([turn.as_euler("xyz", degrees=True) for turn in turns])


def spread(values):
    """Return the range from the 2nd to the 98th percentile."""
    low, high = np.percentile(values, (2, 98))
    return float(high - low)


def count_blinks(faces):
    """Return how often both eyes shut."""
    openings = [
        distance(faces, top, bottom) / distance(faces, left, right)
        for top, bottom, left, right in LID_POINTS
    ]
    opening = np.mean(openings, axis=0)
    shut = opening < BLINK_DEPTH * np.percentile(opening, 80)
    return int(np.sum(shut[1:] & ~shut[:-1]))


def pauses(path, num_frames, fps):
    """Return which frames of a video have a quiet sound, bool (num_frames,)."""
    resampler = av.AudioResampler("fltp", "mono", 16000)
    with av.open(path) as video:
        blocks = [
            block.to_ndarray()[0]
            for frame in video.decode(audio=0)
            for block in resampler.resample(frame)
        ]
    sound = np.concatenate(blocks)
    edges = (np.arange(num_frames + 1) / fps * 16000).astype(int)
    parts = (sound[start:stop] for start, stop in pairwise(edges))
    level = np.array([np.sqrt((part**2).mean()) if len(part) else 0.0 for part in parts])
    return level < PAUSE_LEVEL * np.percentile(level, 95)


def measure(path):
    """Return the figures of one video."""
    found = list(landmarks(path))
    faces = np.array([face for face in found if face is not None])
    with av.open(path) as video:
        fps = float(video.streams.video[0].average_rate)
    angles = head_angles(faces)
    gap = distance(faces, *INNER_LIPS)
    quiet = pauses(path, len(found), fps)[[face is not None for face in found]]
    return {
        "video": path,
        "frames": len(found),
        "faces": len(faces),
        "lip_gap_p95": float(np.percentile(gap, 95)),
        "lip_gap_p5": float(np.percentile(gap, 5)),
        "lip_gap_in_pauses": float(gap[quiet].mean()),
        "mouth_width_range": spread(distance(faces, *CORNERS)),
        "blinks_per_minute": 60 * fps * count_blinks(faces) / len(faces),
        "yaw_range": spread(angles[:, 1]),
        "pitch_range": spread(angles[:, 0]),
        "roll_range": spread(angles[:, 2]),
        "pose_second_difference": float(np.abs(np.diff(angles, n=2, axis=0)).mean()),
    }


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        figures = measure(argument)
        print(
            json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}),
            flush=True,
        )
