"""Nodes that save motion to a file, and load it."""

from pathlib import Path

from comfy_api.latest import io, ui

from ..moda_core.motion.files.motion_file import load_motion
from ..moda_core.motion.motion import Motion
from . import _host
from ._user_files import saved_path, user_files
from .types import MotionType

SUFFIXES = (".safetensors", ".json", ".pkl")
NO_FILE = "no motion file yet"  # what the menu shows then


class MoDASaveMotion(io.ComfyNode):
    """Saves a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDASaveMotion",
            display_name="MoDA Save Motion",
            category="MoDA",
            description="Writes a motion to a file in ComfyUI's output folder.",
            search_aliases=["export", "write", "safetensors", "json"],
            is_output_node=True,
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.String.Input(
                    "filename_prefix",
                    default="motion/MoDA",
                    tooltip="Folder and name in the output folder; a number is added, so that no "
                    "file is written over.",
                ),
                io.Combo.Input(
                    "format",
                    options=["safetensors", "json"],
                    default="safetensors",
                    tooltip="'safetensors' is small and quick and keeps every bit, 'json' is text "
                    "that people and other programs read, with 8 decimals.",
                ),
            ],
            outputs=[MotionType.Output(display_name="motion", tooltip="The same motion.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls, motion: Motion, filename_prefix: str = "motion/MoDA", format: str = "safetensors"
    ) -> io.NodeOutput:
        """Write the file."""
        path, subfolder = saved_path(filename_prefix, f".{format}")
        motion.save(path)
        _host.show_text(cls.hidden.unique_id, f"Saved {Path('output', subfolder, path.name)}")
        saved = ui.SavedResult(path.name, subfolder, io.FolderType.output)
        return io.NodeOutput(motion, ui={"motions": [saved]})


class MoDALoadMotion(io.ComfyNode):
    """Loads a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDALoadMotion",
            display_name="MoDA Load Motion",
            category="MoDA",
            description="Reads a motion from a file: what MoDA Save Motion wrote, or a motion "
            "template of LivePortrait. Nothing in a file is ever run.",
            search_aliases=["import", "template", "pkl", "safetensors", "json"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=list(user_files(SUFFIXES)) or [NO_FILE],
                    tooltip="A .safetensors, .json or .pkl file in ComfyUI's input folder, or in "
                    "its output folder, which the name then says; press R for new ones.",
                )
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion", tooltip="At the frame rate that the file states."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        """Check that the file is there."""
        if file is None:
            return True
        try:
            chosen_file(file)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, file=None) -> str:
        """Return what changes with the file."""
        path = user_files(SUFFIXES).get(file)
        if path is None:
            return str(file)
        stat = path.stat()
        return f"{path} {stat.st_mtime_ns} {stat.st_size}"

    @classmethod
    def execute(cls, file: str = NO_FILE) -> io.NodeOutput:
        """Read the file."""
        return io.NodeOutput(load_motion(chosen_file(file)))


def chosen_file(choice: str) -> Path:
    """Return the file of a choice in the menu.

    Raises
    ------
    ValueError
        If it is in neither of the folders, or there is none.
    """
    files = user_files(SUFFIXES)
    if choice == NO_FILE:
        raise ValueError(
            "There is no motion file to load. Save a motion with MoDA Save Motion, or put a "
            ".safetensors, .json or .pkl file into ComfyUI's input folder, then press R and choose."
        )
    if choice not in files:
        raise ValueError(
            f"The motion file '{choice}' was not found in ComfyUI's input or output folder. Put it "
            "there and press R, or choose another one."
        )
    return files[choice]
