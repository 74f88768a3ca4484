"""The templates of the starter make videos, with an empty input folder."""

import numpy as np
import pytest

from ..host.graph_to_prompt import graph_to_prompt
from .media import read_video
from .workflow_files import RELEASED, TEMPLATES, schemas_of, template

# A user shortens a template with these; each becomes 0.4 s, ten frames.
SHORT = {
    "MoDAEncodeAudio": {"duration": 0.4},
    "TrimAudioDuration": {"duration": 0.4},
    "EmptyAudio": {"duration": 0.4},
    "MoDARenderFrames": {"count": 10},
    "MoDASampleMotion": {"steps": 2},
    "MoDABestOfN": {"takes": 2, "steps": 2},
    "MoDAFadeMotion": {"fade_in": 0.1, "fade_out": 0.1},
    "MoDAConversation": {"turns": "0.0 Eileen, 0.4 Grace", "steps": 2, "nods": 0.0, "gaze": 0.0},
}
# What is cut out of the sound of nodes that take all of it; two people speak in turn.
PARTS = {
    "MoDATalkingPortrait": {"start_index": 0.0, "duration": 0.4},
    "MoDAConversation": {"start_index": 1.0, "duration": 0.8},
}
FRAMES = {
    "all_in_one_node": (10, 608, 608),
    "background_video": (10, 608, 608),
    "direct_the_emotion": (10, 608, 608),
    "director": (10, 608, 608),
    "drive_a_portrait": (10, 608, 518),
    "edit_motion": (10, 608, 608),
    "emotion_grid": (10, 1024, 1024),
    "frames_into_image_nodes": (10, 768, 768),
    "long_audio": (10, 608, 608),
    "relip_a_video": (10, 608, 608),
    "speech_from_any_pack": (10, 608, 518),
    "score_takes": (10, 608, 608),
    "starter_quick_start": (10, 608, 608),
    "style_of_a_reference": (10, 608, 608),
    "two_people_in_one_picture": (20, 608, 1126),
}


def test_every_template_but_one_runs_with_the_starter():
    assert {*FRAMES, RELEASED} == set(TEMPLATES)


def shortened(prompt):
    """Let a template take a second."""
    kinds = {node["class_type"] for node in prompt.values()}
    # Sounds that are put together are shortened before that.
    short = {key: SHORT[key] for key in kinds & set(SHORT)}
    if "TrimAudioDuration" in kinds:
        short.pop("MoDAEncodeAudio", None)
    for node in list(prompt.values()):
        node["inputs"].update(short.get(node["class_type"], {}))
        if (part := PARTS.get(node["class_type"])) is not None:
            inputs = {"audio": node["inputs"]["audio"], **part}
            prompt["cut"] = {"class_type": "TrimAudioDuration", "inputs": inputs}
            node["inputs"]["audio"] = ["cut", 0]
    return prompt


@pytest.fixture(scope="module")
def seen():
    """The videos that templates made so far."""
    return {}


@pytest.fixture
def video_of(host, seen):
    """Run a template with nothing in the input folder; returns the video that it saved."""

    def run(name):
        if name not in seen:
            assert not list(host.input_folder.iterdir())
            result = host.run(shortened(graph_to_prompt(template(name), schemas_of(host))))
            assert result.error is None
            (path,) = (host.output_folder / "video").iterdir()
            seen[name] = read_video(path)
        return seen[name]

    return run


@pytest.mark.parametrize("name", FRAMES)
def test_a_template_makes_a_moving_video_with_sound(video_of, name):
    video = video_of(name)

    assert video.frames.shape == (*FRAMES[name], 3)
    assert (video.fps, video.codec) == (25, "h264")
    assert video.sample_rate == 22050
    assert abs(video.sound).max() > 0.01
    assert video.sound.shape[1] / video.sample_rate == pytest.approx(
        len(video.frames) / 25, abs=0.1
    )
    assert movement(video.frames) > 0.5


def movement(frames):
    """Return the mean over pixels of their standard deviation in time."""
    return frames.astype(np.float32).std(axis=0).mean()


def test_four_emotions_are_four_faces(video_of):
    frame = video_of("emotion_grid").frames[5].astype(np.float32)
    faces = [half for rows in np.split(frame, 2) for half in np.split(rows, 2, axis=1)]

    for index, face in enumerate(faces):
        for other in faces[index + 1 :]:
            assert abs(face - other).mean() > 1


def test_both_people_move_and_each_speaks_in_turn(video_of):
    frames = video_of("two_people_in_one_picture").frames
    left, right = frames[:, 250:330, :608], frames[:, 250:330, 608:]  # the rows of the mouths

    assert movement(left[:10]) > 1.3 * movement(left[10:])
    assert movement(right[10:]) > 1.3 * movement(right[:10])


def test_the_background_goes_out_of_focus_and_the_face_does_not(video_of):
    frames = video_of("background_video").frames.astype(np.float32)
    first, last = frames[0], frames[-1]

    assert detail(last[480:, :160]) < 0.8 * detail(first[480:, :160])
    assert detail(last[150:250, 230:390]) > 0.8 * detail(first[150:250, 230:390])


def detail(picture):
    """Return how much neighbouring pixels differ."""
    return abs(np.diff(picture, axis=1)).mean()


def test_image_nodes_colour_the_surroundings_and_not_the_face(video_of):
    frame = video_of("frames_into_image_nodes").frames[0].astype(np.float32)
    corner, face = frame[:60, :60].mean((0, 1)), frame[280:320, 340:400].mean((0, 1))

    assert corner[2] > 1.5 * corner[0]
    assert face[0] > face[2]
