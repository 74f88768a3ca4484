"""The stand-in's own nodes: those of ComfyUI's that the pack's workflows use."""

from fractions import Fraction
from pathlib import Path

import av
import folder_paths
import numpy as np
import torch
from comfy_api.latest import InputImpl, Types, io, ui
from comfy_api.latest._video import decode_sound
from PIL import Image, ImageOps


def input_files() -> list[str]:
    """Return the names of the files in the input folder."""
    folder = Path(folder_paths.get_input_directory())
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def missing(what: str, name: str) -> bool | str:
    """Return True for a file of the input folder, else the refusal."""
    return folder_paths.exists_annotated_filepath(name) or f"Invalid {what} file: {name}"


def modified(name: str) -> float:
    """Return when a file of the input folder was written."""
    return Path(folder_paths.get_annotated_filepath(name)).stat().st_mtime


class LoadImage(io.ComfyNode):
    """A picture and 1 - its alpha, or a small mask of zeros."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="LoadImage",
            inputs=[io.Combo.Input("image", options=input_files(), upload=io.UploadType.image)],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    def validate_inputs(cls, image=""):
        return missing("image", image)

    @classmethod
    def fingerprint_inputs(cls, image):
        return modified(image)

    @classmethod
    def execute(cls, image):
        picture = ImageOps.exif_transpose(Image.open(folder_paths.get_annotated_filepath(image)))
        pixels = torch.from_numpy(np.array(picture.convert("RGB"))).float()[None] / 255
        mask = torch.zeros(1, 64, 64)
        if "A" in picture.getbands():
            alpha = np.array(picture.getchannel("A"))
            mask = 1 - torch.from_numpy(alpha).float()[None] / 255
        return io.NodeOutput(pixels, mask)


class LoadAudio(io.ComfyNode):
    """A sound, float32, at the file's rate."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="LoadAudio",
            inputs=[io.Combo.Input("audio", options=input_files(), upload=io.UploadType.audio)],
            outputs=[io.Audio.Output()],
        )

    @classmethod
    def validate_inputs(cls, audio=""):
        return missing("audio", audio)

    @classmethod
    def fingerprint_inputs(cls, audio):
        return modified(audio)

    @classmethod
    def execute(cls, audio):
        with av.open(folder_paths.get_annotated_filepath(audio)) as container:
            return io.NodeOutput(decode_sound(container))


class LoadVideo(io.ComfyNode):
    """A video file, undecoded."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="LoadVideo",
            inputs=[io.Combo.Input("file", options=input_files(), upload=io.UploadType.video)],
            outputs=[io.Video.Output()],
        )

    @classmethod
    def validate_inputs(cls, file=""):
        return missing("video", file)

    @classmethod
    def fingerprint_inputs(cls, file):
        return modified(file)

    @classmethod
    def execute(cls, file):
        return io.NodeOutput(InputImpl.VideoFromFile(folder_paths.get_annotated_filepath(file)))


class CreateVideo(io.ComfyNode):
    """A video in memory of frames and sound."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CreateVideo",
            inputs=[
                io.Image.Input("images"),
                io.Float.Input("fps", default=30.0, min=1.0, max=120.0, step=1.0),
                io.Audio.Input("audio", optional=True),
            ],
            outputs=[io.Video.Output()],
        )

    @classmethod
    def execute(cls, images, fps, audio=None):
        components = Types.VideoComponents(images=images, frame_rate=Fraction(fps), audio=audio)
        return io.NodeOutput(InputImpl.VideoFromComponents(components))


class GetVideoComponents(io.ComfyNode):
    """The frames, the sound and the rate of a video."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="GetVideoComponents",
            inputs=[io.Video.Input("video")],
            outputs=[io.Image.Output(), io.Audio.Output(), io.Float.Output()],
        )

    @classmethod
    def execute(cls, video):
        parts = video.get_components()
        return io.NodeOutput(parts.images, parts.audio, float(parts.frame_rate))


class SaveVideo(io.ComfyNode):
    """A video file in the output folder."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="SaveVideo",
            inputs=[
                io.Video.Input("video"),
                io.String.Input("filename_prefix", default="video/ComfyUI"),
                io.Combo.Input("format", options=Types.VideoContainer, default="auto"),
                io.Combo.Input("codec", options=Types.VideoCodec, default="auto"),
            ],
            hidden=[io.Hidden.prompt],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, video, filename_prefix, format, codec):
        folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), *video.get_dimensions()
        )
        file = f"{name}_{number:05}_.mp4"
        path = str(Path(folder, file))
        video.save_to(path, Types.VideoContainer(format), codec, {"prompt": cls.hidden.prompt})
        saved = ui.SavedResult(file, subfolder, io.FolderType.output)
        return io.NodeOutput(ui=ui.PreviewVideo([saved]))


class PreviewImage(io.ComfyNode):
    """Pictures on the page."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="PreviewImage", inputs=[io.Image.Input("images")], is_output_node=True
        )

    @classmethod
    def execute(cls, images):
        return io.NodeOutput(ui={"images": ui.PreviewImage(images).values})


class PreviewAny(io.ComfyNode):
    """Anything as text on the page."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="PreviewAny", inputs=[io.Custom("*").Input("source")], is_output_node=True
        )

    @classmethod
    def execute(cls, source):
        return io.NodeOutput(ui={"text": (str(source),)})


class PrimitiveStringMultiline(io.ComfyNode):
    """A text."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="PrimitiveStringMultiline",
            inputs=[io.String.Input("value", multiline=True)],
            outputs=[io.String.Output()],
        )

    @classmethod
    def execute(cls, value):
        return io.NodeOutput(value)


class SaveImage(io.ComfyNode):
    """Pictures in the output folder."""

    @classmethod
    def define_schema(cls):
        prefix = io.String.Input("filename_prefix", default="ComfyUI")
        return io.Schema(
            node_id="SaveImage", inputs=[io.Image.Input("images"), prefix], is_output_node=True
        )

    @classmethod
    def execute(cls, images, filename_prefix):
        saved = []
        for image in images:
            folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
                filename_prefix, folder_paths.get_output_directory()
            )
            file = f"{name}_{number:05}_.png"
            pixels = (image.float() * 255).clamp(0, 255).byte().numpy()
            Image.fromarray(pixels).save(Path(folder, file))
            saved.append(ui.SavedResult(file, subfolder, io.FolderType.output))
        return io.NodeOutput(ui={"images": saved})


class ImageScale(io.ComfyNode):
    """Pictures in another size."""

    @classmethod
    def define_schema(cls):
        sides = [
            io.Int.Input(name, default=512, min=0, max=16384, step=1)
            for name in ("width", "height")
        ]
        methods = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
        return io.Schema(
            node_id="ImageScale",
            inputs=[
                io.Image.Input("image"),
                io.Combo.Input("upscale_method", options=methods),
                *sides,
                io.Combo.Input("crop", options=["disabled", "center"]),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image, upscale_method, width, height, crop):
        scaled = torch.nn.functional.interpolate(image.movedim(-1, 1), (height, width), mode="area")
        return io.NodeOutput(scaled.movedim(1, -1))


CORE_NODES = (
    PreviewAny,
    LoadImage,
    LoadAudio,
    LoadVideo,
    CreateVideo,
    GetVideoComponents,
    SaveVideo,
    PreviewImage,
    PrimitiveStringMultiline,
    SaveImage,
    ImageScale,
)
