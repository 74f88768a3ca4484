"""What a node shows on the page."""

import uuid
from pathlib import Path

import folder_paths
from PIL import Image

from ._schema import FolderType


class SavedResult(dict):
    """A file in one of the host's folders."""

    def __init__(self, filename: str, subfolder: str, type: FolderType):
        super().__init__(filename=filename, subfolder=subfolder, type=type.value)


class PreviewVideo:
    """Videos that the page plays."""

    def __init__(self, values):
        self.values = values

    def as_dict(self) -> dict:
        """Return the message to the page."""
        return {"images": self.values, "animated": (True,)}


class PreviewText:
    """Text that the page shows."""

    def __init__(self, value: str):
        self.value = value

    def as_dict(self) -> dict:
        """Return the message to the page."""
        return {"text": (self.value,)}


class PreviewImage:
    """Pictures that the page shows, written to the temp folder."""

    def __init__(self, image, animated=False, cls=None):
        self.animated = animated
        self.values = [save_picture(picture) for picture in image]

    def as_dict(self) -> dict:
        """Return the message to the page."""
        return {"images": self.values, "animated": (self.animated,)}


def save_picture(picture) -> SavedResult:
    """Write a picture, shape (H, W, 3) of 0 to 1, to the temp folder."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    name = f"preview_{uuid.uuid4().hex}.png"
    pixels = (picture.float().cpu() * 255).clamp(0, 255).byte().numpy()
    Image.fromarray(pixels).save(folder / name)
    return SavedResult(name, "", FolderType.temp)
