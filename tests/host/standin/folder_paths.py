"""The host's folders, below `args.base_directory`."""

import os
from pathlib import Path

from comfy.cli_args import args

base_path = os.path.abspath(args.base_directory)
models_dir = os.path.join(base_path, "models")
folder_names_and_paths: dict[str, tuple[list[str], set[str]]] = {
    "audio_encoders": ([os.path.join(models_dir, "audio_encoders")], {".safetensors", ".pt"})
}


def get_input_directory() -> str:
    """Return the folder of the user's pictures, sounds and videos."""
    return os.path.join(base_path, "input")


def get_output_directory() -> str:
    """Return the folder of saved results."""
    return os.path.join(base_path, "output")


def get_temp_directory() -> str:
    """Return the folder that lasts as long as the host runs."""
    return os.path.join(base_path, "temp")


def get_user_directory() -> str:
    """Return the folder of what the host keeps for its users."""
    return os.path.join(base_path, "user")


def get_directory_by_type(type_name: str) -> str | None:
    """Return the folder of a kind of files that the page may see; None if there is none."""
    folders = {"output": get_output_directory, "temp": get_temp_directory}
    folders["input"] = get_input_directory
    return folders[type_name]() if type_name in folders else None


def add_model_folder_path(folder_name: str, full_folder_path: str, is_default=False) -> None:
    """Add a folder of a kind of model; a new kind lists files of every ending."""
    paths, _ = folder_names_and_paths.setdefault(folder_name, ([], set()))
    if full_folder_path not in paths:
        paths.insert(0 if is_default else len(paths), full_folder_path)


def get_folder_paths(folder_name: str) -> list[str]:
    """Return the folders of a kind of model."""
    return list(folder_names_and_paths[folder_name][0])


def get_filename_list(folder_name: str) -> list[str]:
    """Return the files of a kind of model, relative to their folders, sorted."""
    paths, endings = folder_names_and_paths[folder_name]
    found = set()
    for folder in map(Path, paths):
        files = (path for path in folder.rglob("*") if path.is_file())
        found |= {
            str(path.relative_to(folder))
            for path in files
            if not endings or path.suffix.lower() in endings
        }
    return sorted(found)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """Return a model file's path, None if there is none."""
    for folder in get_folder_paths(folder_name):
        if os.path.isfile(path := os.path.join(folder, filename)):
            return path
    return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    """Return a model file's path; a FileNotFoundError if there is none."""
    path = get_full_path(folder_name, filename)
    if path is None:
        raise FileNotFoundError(
            f"Model in folder '{folder_name}' with filename '{filename}' not found."
        )
    return path


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """Split the folder off a name that ends with it, such as ``me.png [output]``; else None."""
    for kind in ("output", "input", "temp"):
        if name.endswith(f"[{kind}]"):
            return name[: -len(f" [{kind}]")], get_directory_by_type(kind)
    return name, None


def get_annotated_filepath(name: str) -> str:
    """Return the path of a file in the input folder, or in the one that its name ends with."""
    name, folder = annotated_filepath(name)
    return os.path.join(folder or get_input_directory(), name)


def exists_annotated_filepath(name: str) -> bool:
    """Tell whether there is such a file."""
    return os.path.exists(get_annotated_filepath(name))


def get_save_image_path(filename_prefix, output_dir, image_width=0, image_height=0):
    """Return folder, name, next free number, subfolder and prefix of a file to save.

    As in the host, the number is looked for behind as many letters as the prefix has after its
    last slash as it was written, so none is found for `faces/`.
    """
    subfolder, name = os.path.split(os.path.normpath(filename_prefix))
    folder, length = os.path.join(output_dir, subfolder), len(os.path.basename(filename_prefix))
    if not os.path.exists(folder):
        os.makedirs(folder)
    entries = [each for each in os.listdir(folder) if each[: length + 1] == f"{name}_"]
    tails = [each[length + 1 :].split("_")[0] for each in entries]
    number = max((int(tail) if tail.isdigit() else 0 for tail in tails), default=0) + 1
    return folder, name, number, subfolder, filename_prefix
