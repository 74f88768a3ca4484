"""`python -m tests.template_pictures [NAME ...]`: make the pictures of the templates again.

Runs each template as it is, with the pack's nodes in a host (the ComfyUI that COMFYUI_PATH names,
else the stand-in), and writes workflows/NAME.jpg from its video; without NAME, all of them. Needs
what the tests need and no model files: the template of the released model shows the landmarks of
the example. Frames are chosen by the motion: the eyes are open, and the mouth as the picture asks.
"""

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image

from .host.graph_to_prompt import graph_to_prompt
from .host.host import Host, start_host
from .nodes.workflow_files import FOLDER, RELEASED, TEMPLATES, schemas_of, template

SIDE = 512  # pixels
LARGEST = 60_000  # bytes, which the file stays below
QUALITIES = range(88, 60, -2)  # of JPEG, tried in this order
FACE_SIDE, HAIR = 1.75, 0.12  # of a face's picture, in heights of its mesh; and the shift upwards
LIDS, GAZE = (-np.inf, 0.4), (-0.4, 0.4)  # ranges of the controls of eyes that look ahead
EYES = {"blink_left": LIDS, "blink_right": LIDS, "gaze": GAZE}
WIDE = 0.9  # quantile of the opening of the lips that an open mouth has
FPS = 25  # of the videos
SPAN = 63  # frames after a word of a script, in which it is seen
RENDERING = ("MoDARenderVideo", "MoDARenderFrames", "MoDAPreviewMotion")
SCENE = "MoDARenderScene"

Curves = dict[str, np.ndarray]


class Run:
    """A template that ran in a host.

    Raises a RuntimeError if it fails.
    """

    def __init__(self, host: Host, name: str):
        host.reset()
        self.host, self.prompt = host, graph_to_prompt(template(name), schemas_of(host))
        result = host.run(self.prompt)
        if result.error:
            raise RuntimeError(f"The template {name} failed: {result.error}")
        self.outputs = result.outputs

    def core(self, name: str):
        """Return a module of the pack's core."""
        return importlib.import_module(f"{self.host.pack.__name__}.moda_core.{name}")

    def inputs(self, kind: str, name: str) -> list:
        """Return the values that an input has on all nodes of a kind."""
        nodes = [each["inputs"] for each in self.prompt.values() if each["class_type"] == kind]
        values = [inputs[name] for inputs in nodes if name in inputs]
        return [self.outputs[v[0]][v[1]] if isinstance(v, list) else v for v in values]

    def made(self, kind: str, slot: int = 0):
        """Return the value of an output of the only node of a kind."""
        (node_id,) = (key for key, each in self.prompt.items() if each["class_type"] == kind)
        return self.outputs[node_id][slot]

    def rendered(self, name: str) -> list:
        """Return the values of an input, "motion" or "portrait", of the nodes that render."""
        for cast in self.inputs(SCENE, "cast"):
            return [getattr(speaker, name) for speaker in cast.speakers]
        return next(filter(None, (self.inputs(kind, name) for kind in RENDERING)))

    @cached_property
    def curves(self) -> list[Curves]:
        """The `read` curves of each motion that is seen."""
        return [self.read(motion) for motion in self.rendered("motion")]

    def read(self, motion) -> Curves:
        """Return the controls, lips and yaw of a motion, by name."""
        controls, yaw = self.core("motion.controls"), self.core("motion.motion").YAW
        read = dict(zip(controls.CONTROLS, controls.read(motion.offset).unbind(1), strict=True))
        read |= {"lips": controls.lip_opening(read), "yaw": motion.values[:, yaw].squeeze(1)}
        return {key: values.numpy() for key, values in read.items()}

    @property
    def saved(self) -> Path:
        """The saved video."""
        (path,) = (self.host.output_folder / "video").iterdir()
        return path

    def frames(self, *shots: tuple[str, int, int]) -> list[Image.Image]:
        """Return a frame of the saved video for each aim, start and stop of `best_frame`."""
        return frames_of(self.saved, [best_frame(self.curves, *shot) for shot in shots])

    def faces(self, *shots: tuple[str, int, int]) -> list[Image.Image]:
        """Return `frames`, cut around the face."""
        mesh = self.rendered("portrait")[0].landmarks.mesh
        return [frame.crop(face_box(mesh, frame.size)) for frame in self.frames(*shots)]

    def parts(self, *aims: str) -> list[tuple[str, int, int]]:
        """Return a shot for each aim, in as many equal parts of the video."""
        length = len(self.curves[0]["lips"])
        borders = np.linspace(0, length, len(aims) + 1).round().astype(int).tolist()
        return list(zip(aims, borders, borders[1:], strict=False))


def frames_of(path, chosen: list[int]) -> list[Image.Image]:
    """Return frames of a video by their numbers."""
    with av.open(str(path)) as video:
        frames = enumerate(video.decode(video=0))
        found = {index: frame.to_image() for index, frame in frames if index in chosen}
    return [found[index] for index in chosen]


def best_frame(curves: list[Curves], aim: str, start: int, stop: int) -> int:
    """Return the frame from `start` to before `stop` that fits an aim best.

    Parameters
    ----------
    curves : list of dict
        Of each face that is seen, arrays (N,) by name.
    aim : str
        "open" or "shut" mouths; or the name of a curve of the first face that is to be high, or low
        after a "-".

    Raises
    ------
    ValueError
        If there is no frame with open eyes; a curve that is aimed at may close or turn them.
    """
    part = [{name: values[start:stop] for name, values in face.items()} for face in curves]
    lips, name = np.mean([face["lips"] for face in part], axis=0), aim.lstrip("-")
    if aim == "open":
        score = -abs(lips - np.quantile(lips, WIDE))
    else:
        score = -lips if aim == "shut" else part[0][name] * (-1 if aim[0] == "-" else 1)
    eyes = [(face[eye], *span) for face in part for eye, span in EYES.items() if eye != name]
    ahead = np.all([(low <= values) & (values <= high) for values, low, high in eyes], axis=0)
    score = np.where(ahead, score, -np.inf)
    if not np.isfinite(score).any():
        raise ValueError(f"No frame from {start} to {stop} has open eyes. Aim at another part.")
    return start + int(score.argmax())


def face_box(mesh: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the square (left, top, right, bottom) around a mesh in a picture of that size."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    side = round(min(FACE_SIDE * (high - low)[1], *size))
    corner = (low + high - side) / 2 - (0, HAIR * side)
    left, top = corner.round().astype(int).clip(0, np.array(size) - side).tolist()
    return left, top, left + side, top + side


def stack(*rows: list[Image.Image]) -> Image.Image:
    """Put rows of pictures below each other, each as wide as the result."""
    scaled = [[scale_to_width(each, SIDE // len(row)) for each in row] for row in rows]
    sheet, top = Image.new("RGB", (SIDE, sum(row[0].height for row in scaled))), 0
    for row in scaled:
        for index, each in enumerate(row):
            sheet.paste(each, (index * each.width, top))
        top += row[0].height
    return sheet


def scale_to_width(picture: Image.Image, width: int) -> Image.Image:
    height = round(width * picture.height / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def one_frame(run: Run) -> Image.Image:
    """Show the last third, where a background that changes has changed."""
    return stack(run.frames(run.parts("shut", "shut", "open")[-1]))


def main_frame_and_faces(run: Run) -> Image.Image:
    (frame,) = run.frames(*run.parts("open"))
    upper = frame.crop((0, 0, frame.width, round(0.75 * frame.height)))
    return stack([upper], run.faces(*run.parts("shut", "open", "shut", "open")))


def faces_of_words(run: Run, **aims: str) -> Image.Image:
    """Show four faces after words of the template's script, with their aims."""
    (script,) = run.inputs("MoDAEmotionTimeline", "timeline")
    starts = [re.search(rf"([\d.]+) {key.replace('_', ' ')}", script)[1] for key in aims]
    starts = [round(FPS * float(each)) for each in starts]
    faces = run.faces(*((aim, s, s + SPAN) for aim, s in zip(aims.values(), starts, strict=True)))
    return stack(faces[:2], faces[2:])


def faces_and_edited_head(run: Run) -> Image.Image:
    panels, plots = run.core("plot.panels"), run.core("plot.motion_plot")
    before, after = run.inputs("MoDAPreviewMotion", "motion")
    drawn = []
    for title, motion in (("Before", before), ("After", after)):
        poses = [(n, motion.values[:, dim][:, 0].numpy(), c, h) for n, h, dim, c in plots.POSE]
        curves = [panels.Curve(*each) for each in poses]
        drawn.append(panels.Panel(title, "degrees", curves, -10, 10))
    plot = panels.draw_panels(drawn, after.fps, len(after), (SIDE, SIDE // 2))
    whole = len(after)
    return stack(run.faces(("yaw", 0, whole), ("-yaw", 0, whole)), [plot])


def faces_before_and_after(run: Run) -> Image.Image:
    """Show two faces of the motion without the style of the reference, and with it."""
    (motion,) = run.inputs("MoDAStyleMotion", "motion")
    (renderer,), (portrait,) = (run.inputs("MoDARenderVideo", n) for n in ("renderer", "portrait"))
    shots = run.parts("shut", "open")
    chosen = [best_frame(run.curves, *shot) for shot in shots]
    shown = replace(motion, values=motion.values[chosen])
    before = torch.cat(list(renderer.renderer.frames(portrait, shown)))
    frames = [Image.fromarray(frame.numpy()) for frame in before]
    mesh = portrait.landmarks.mesh
    plain = [frame.crop(face_box(mesh, frame.size)) for frame in frames]
    return stack(plain, run.faces(*shots))


def many_faces_and_plot(run: Run) -> Image.Image:
    faces = run.faces(*run.parts(*["open", "shut"] * 4))
    (motion,), (audio,) = (run.inputs("MoDAPreviewMotion", each) for each in ("motion", "audio"))
    sound = audio["waveform"][0], audio["sample_rate"]
    plot = run.core("plot.motion_plot").plot_motion(motion, sound, (SIDE, SIDE // 2))
    return stack(faces[:4], faces[4:], [Image.fromarray(plot.numpy())])


def faces_and_score(run: Run) -> Image.Image:
    image = (run.made("MoDAScore", 1)[0].numpy() * 255).round().astype(np.uint8)
    faces = run.faces(*run.parts("open", "shut", "open", "open"))
    return stack(faces, [Image.fromarray(image[: 3 * image.shape[1] // 4])])


def two_frames(run: Run) -> Image.Image:
    """Show the first and the last third, without the lowest part."""
    frames = run.frames(*run.parts("open", "open", "open")[::2])
    return stack(*([frame.crop((0, 0, frame.width, frame.width // 2))] for frame in frames))


def faces_with_new_speech(run: Run) -> Image.Image:
    """Show where the lips of the old and of the new speech differ most."""
    seen, (spoken,) = run.read(run.made("MoDATrackFace", 1)), run.curves
    length = min(len(seen["lips"]), len(spoken["lips"]))
    shown = seen | {"change": spoken["lips"][:length] - seen["lips"][:length]}
    return faces_of_both_videos(run, [(aim, 0, length) for aim in ("change", "-change")], [shown])


def faces_of_both_videos(
    run: Run, shots: list[tuple[str, int, int]], curves: list[Curves]
) -> Image.Image:
    """Show faces of the followed video on the left, and of the saved one on the right."""
    chosen = [best_frame(curves, *shot) for shot in shots]
    (clip,), columns = run.inputs("MoDATrackFace", "video"), []
    portraits = run.made("MoDATrackFace"), *run.rendered("portrait")
    for path, portrait in zip((clip.get_stream_source(), run.saved), portraits, strict=True):
        mesh, frames = portrait.landmarks.mesh, frames_of(path, chosen)
        columns.append([frame.crop(face_box(mesh, frame.size)) for frame in frames])
    return stack(*(list(row) for row in zip(*columns, strict=True)))


def driving_and_driven_faces(run: Run) -> Image.Image:
    return faces_of_both_videos(run, run.parts("open", "shut"), run.curves)


def four_faces(run: Run) -> Image.Image:
    faces = run.faces(*run.parts("open", "shut", "open", "shut"))
    return stack(faces[:2], faces[2:])


def landmarks(host: Host) -> Image.Image:
    """Draw the landmarks of the example."""
    (renderer,), (image, _) = host.call("MoDALoadRenderer"), host.call("MoDAExample")
    _, crop, *_ = host.call("MoDAExtractIdentity", renderer=renderer, image=image)
    return stack([Image.fromarray((crop[0].numpy() * 255).round().astype(np.uint8))])


PICTURES: dict[str, Callable[[Run], Image.Image]] = {
    "all_in_one_node": one_frame,
    "background_video": one_frame,
    "direct_the_emotion": partial(
        faces_of_words, neutral="open", happiness="smile", surprise="open", sadness="-smile"
    ),
    "director": partial(
        faces_of_words, smile="smile", look_left="-gaze", sadness="-smile", wink_left="blink_left"
    ),
    "drive_a_portrait": driving_and_driven_faces,
    "edit_motion": faces_and_edited_head,
    "emotion_grid": one_frame,
    "frames_into_image_nodes": one_frame,
    "long_audio": many_faces_and_plot,
    "relip_a_video": faces_with_new_speech,
    "speech_from_any_pack": four_faces,
    "score_takes": faces_and_score,
    "starter_quick_start": main_frame_and_faces,
    "style_of_a_reference": faces_before_and_after,
    "two_people_in_one_picture": two_frames,
}


def save(picture: Image.Image, path: Path) -> None:
    """Write a JPEG of the best quality that is small enough."""
    for quality in QUALITIES:
        picture.save(path, quality=quality, optimize=True)
        if path.stat().st_size < LARGEST:
            return
    raise ValueError(f"{path} has {path.stat().st_size} bytes, {LARGEST} or more.")


def main(names: list[str]) -> None:
    """Make the pictures of the named templates."""
    if unknown := set(names) - set(TEMPLATES):
        raise SystemExit(f"Unknown: {', '.join(unknown)}. Templates: {', '.join(TEMPLATES)}.")
    host = start_host()
    for name in names or TEMPLATES:
        picture = landmarks(host) if name == RELEASED else PICTURES[name](Run(host, name))
        save(picture, FOLDER / f"{name}.jpg")
        print(f"{name}: {(FOLDER / f'{name}.jpg').stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
