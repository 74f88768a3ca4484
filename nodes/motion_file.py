"""Nodes that save and load motion."""

from pathlib import Path

from comfy_api.latest import io, ui

from ..moda_core.motion.files.motion_file import load_motion
from ..moda_core.motion.motion import Motion
from . import _host, inputs
from ._convert import check_result
from ._user_files import saved_path, user_files

SUFFIXES = (".safetensors", ".json", ".pkl")
NO_FILE = "no motion file yet"  # shown by an empty menu


class MoDASaveMotion(io.ComfyNode):
    """Saves a motion to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Saves a motion to a file in ComfyUI's output folder.",
            search_aliases=["export", "write", "safetensors", "json"],
            is_output_node=True,
            inputs=[
                inputs.motion("The motion to save."),
                io.String.Input(
                    "filename_prefix",
                    default="motion/MoDA",
                    tooltip="Folder and file name in the output folder. A number is added, so that "
                    "no file is overwritten.",
                ),
                inputs.choice(
                    "format",
                    ["safetensors", "json"],
                    "'safetensors' is small, fast and exact; 'json' is text with 8 "
                    "decimals, for other programs.",
                ),
            ],
            outputs=[inputs.motion_output("The same motion.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls, motion: Motion, filename_prefix: str = "motion/MoDA", format: str = "safetensors"
    ) -> io.NodeOutput:
        path, subfolder = saved_path(filename_prefix, f".{format}")
        motion.save(path)
        _host.show_text(cls.hidden.unique_id, f"Saved {Path('output', subfolder, path.name)}")
        saved = ui.SavedResult(path.name, subfolder, io.FolderType.output)
        return io.NodeOutput(motion, ui={"motions": [saved]})


class MoDALoadMotion(io.ComfyNode):
    """Loads a motion from a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads a motion from a file of MoDA Save Motion or from a LivePortrait "
            "motion template. Never runs code from a file.",
            search_aliases=["import", "template", "pkl", "safetensors", "json"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=list(user_files(SUFFIXES)) or [NO_FILE],
                    tooltip="A .safetensors, .json or .pkl file in ComfyUI's input folder, or in "
                    "its output folder, marked [output]. Press R to list new files.",
                )
            ],
            outputs=[
                inputs.motion_output("The loaded motion, at the frame rate stored in the file.")
            ],
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return check_result(chosen_file, file)

    @classmethod
    def fingerprint_inputs(cls, file=None) -> str:
        path = user_files(SUFFIXES).get(file)
        if path is None:
            return str(file)
        stat = path.stat()
        return f"{path} {stat.st_mtime_ns} {stat.st_size}"

    @classmethod
    def execute(cls, file: str = NO_FILE) -> io.NodeOutput:
        return io.NodeOutput(load_motion(chosen_file(file)))


def chosen_file(choice: str) -> Path:
    """Return the file of a choice in the menu; raises `ValueError` if it is missing."""
    files = user_files(SUFFIXES)
    if choice == NO_FILE:
        raise ValueError(
            "There is no motion file to load. Save a motion with MoDA Save Motion, or put a "
            ".safetensors, .json or .pkl file into ComfyUI's input folder, then press R and choose."
        )
    if choice not in files:
        raise ValueError(
            f"The motion file '{choice}' was not found in ComfyUI's input or output folder. Put it "
            "there and press R, or choose another file."
        )
    return files[choice]
