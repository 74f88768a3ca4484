"""Nodes that load the files of a folder as a list, for each of which the host runs the graph."""

from collections.abc import Callable
from pathlib import Path

from comfy_api.latest import io

from ..moda_core.audio.sound_file import SOUND_SUFFIXES
from ..moda_core.audio.waveform import load_clip
from ..moda_core.portrait.image import PICTURE_SUFFIXES, read_image
from ..moda_core.video.footage import VIDEO_SUFFIXES
from . import _host
from ._convert import audio_of, check_result, image_of
from ._user_files import input_folders

NO_FOLDER = "no folder yet"  # shown by an empty menu
MOST_FILES = 10_000
SOUNDS = (*SOUND_SUFFIXES, *VIDEO_SUFFIXES)


class MoDALoadPictureFolder(io.ComfyNode):
    """Loads the pictures of a folder as a list."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        tooltip = "Each picture, at its own size, with transparent parts on white."
        return _host.schema(
            cls,
            description="Loads the pictures of a folder one by one. The nodes behind it run once "
            "for each picture.",
            search_aliases=["batch", "directory", "list", "many portraits", "load images"],
            inputs=folder_inputs("pictures", PICTURE_SUFFIXES),
            outputs=[
                io.Image.Output(display_name="image", tooltip=tooltip, is_output_list=True),
                name_output("picture"),
            ],
        )

    @classmethod
    def validate_inputs(cls, folder=None, skip=0, count=None) -> bool | str:
        return check_result(chosen_files, folder, PICTURE_SUFFIXES, skip or 0)

    @classmethod
    def fingerprint_inputs(cls, folder=None, skip=0, count=None) -> str:
        return state_of(folder, PICTURE_SUFFIXES)

    @classmethod
    def execute(cls, folder: str = NO_FOLDER, skip: int = 0, count: int = 100) -> io.NodeOutput:
        files = chosen_files(folder, PICTURE_SUFFIXES, skip)[:count]
        return loaded_list(files, lambda path: image_of(read_image(path)[None]))


class MoDALoadSoundFolder(io.ComfyNode):
    """Loads the recordings of a folder as a list."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        tooltip = "Each recording, at its own sample rate and length."
        return _host.schema(
            cls,
            description="Loads the recordings of a folder one by one, also the sound of videos. "
            "The nodes behind it run once for each recording.",
            search_aliases=["batch", "directory", "list", "many recordings", "load audio"],
            inputs=folder_inputs("recordings", SOUNDS),
            outputs=[
                io.Audio.Output(display_name="audio", tooltip=tooltip, is_output_list=True),
                name_output("recording"),
            ],
        )

    @classmethod
    def validate_inputs(cls, folder=None, skip=0, count=None) -> bool | str:
        return check_result(chosen_files, folder, SOUNDS, skip or 0)

    @classmethod
    def fingerprint_inputs(cls, folder=None, skip=0, count=None) -> str:
        return state_of(folder, SOUNDS)

    @classmethod
    def execute(cls, folder: str = NO_FOLDER, skip: int = 0, count: int = 100) -> io.NodeOutput:
        files = chosen_files(folder, SOUNDS, skip)[:count]
        return loaded_list(files, lambda path: audio_of(*load_clip(path)))


def folder_inputs(what: str, suffixes: tuple[str, ...]) -> list[io.Input]:
    """Return the inputs of a node that loads the files of a folder."""
    return [
        io.Combo.Input(
            "folder",
            options=list(input_folders(suffixes)) or [NO_FOLDER],
            tooltip=f"A folder in ComfyUI's input folder with {what}, or the input folder itself. "
            "Press R to list new ones.",
        ),
        io.Int.Input(
            "skip",
            default=0,
            min=0,
            max=MOST_FILES,
            step=1,
            tooltip=f"Number of {what} to leave out at the beginning, in the order of their names.",
        ),
        io.Int.Input(
            "count",
            default=100,
            min=1,
            max=MOST_FILES,
            step=1,
            tooltip=f"Largest number of {what} to load. All of them are in memory at once.",
        ),
    ]


def name_output(what: str) -> io.Output:
    """Return the output with the names of the files."""
    return io.String.Output(
        display_name="name",
        tooltip=f"Name of each {what}'s file without its suffix, such as for a filename_prefix.",
        is_output_list=True,
    )


def loaded_list(files: list[Path], load: Callable[[Path], object]) -> io.NodeOutput:
    """Load files, and return them with their names."""
    progress, values = _host.Progress(), []
    for path in files:
        values.append(load(path))
        progress(len(values), len(files))
    return io.NodeOutput(values, [path.stem for path in files])


def chosen_files(folder: str, suffixes: tuple[str, ...], skip: int) -> list[Path]:
    """Return the files of a choice in the menu; raises `ValueError` if there are none."""
    folders = input_folders(suffixes)
    if folder == NO_FOLDER:
        raise ValueError(
            "There is no folder to load. Put files into ComfyUI's input folder, or into a folder "
            "in it, then press R and choose."
        )
    if folder not in folders:
        raise ValueError(
            f"The folder '{folder}' with files of this kind was not found in ComfyUI's input "
            "folder. Put it there and press R, or choose another one."
        )
    files = folders[folder]
    if skip >= len(files):
        raise ValueError(
            f"The folder '{folder}' has {len(files)} such files, and 'skip' leaves out {skip}. "
            "Lower it."
        )
    return files[skip:]


def state_of(folder: str | None, suffixes: tuple[str, ...]) -> str:
    """Return text that changes with the files of a folder."""
    files = input_folders(suffixes).get(folder, [])
    stats = [(path.name, path.stat()) for path in files]
    return repr([(folder, name, stat.st_mtime_ns, stat.st_size) for name, stat in stats])
