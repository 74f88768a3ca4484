"""The people of a scene: a name, a portrait and a motion for each."""

import re
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...compositing.paste_mask import check_mask
from ...emotion.text_cursor import TIME_UNIT, suggestion
from ...motion.motion import Motion
from ...portrait.portrait import Portrait

NOBODY, END = "nobody", "end"  # words of a map of turns, see `parse_turns`
LONGEST_NAME = 40
SEPARATING = re.compile(r"[,;+#\n\r]")
SAME_FACE = 0.5  # eye distances between the faces of two portraits, below which they are one


def plain_name(name: str) -> str:
    """Return a name as names are compared: without case, with single blanks."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, eq=False)
class Speaker:
    """One person of a scene.

    Parameters
    ----------
    name : str
        Of up to 40 letters, without a comma, semicolon, plus, # or line break.
    portrait : Portrait
        One face of the scene's picture.
    motion : Motion, optional
        Without one the face stays as it is in the picture.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Where the face is seen in front of the other ones, of the picture's size; default the region
        that the renderer moves.

    Raises
    ------
    ValueError
        If the name can't be used, or the mask is of another size.
    """

    name: str
    portrait: Portrait
    motion: Motion | None = None
    mask: Tensor | None = None

    def __post_init__(self):
        check_name(self.name)
        object.__setattr__(self, "name", " ".join(self.name.split()))
        if self.mask is not None:
            check_mask(self.mask, self.portrait.image.shape[:2])


@dataclass(frozen=True, eq=False)
class Cast:
    """The people of one scene, those at the back first.

    Parameters
    ----------
    speakers : tuple of Speaker
        At least one; their portraits are of one picture and of one renderer.

    Raises
    ------
    ValueError
        If there is no speaker, a name is used twice, or portraits do not belong together.
    """

    speakers: tuple[Speaker, ...]

    def __post_init__(self):
        if not self.speakers:
            raise ValueError("The cast has no speaker. Add one with a name and a portrait.")
        for index, speaker in enumerate(self.speakers):
            for other in self.speakers[:index]:
                _check_together(other, speaker)

    def __len__(self) -> int:
        return len(self.speakers)

    def __repr__(self) -> str:
        return f"Cast({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the speakers."""
        return tuple(speaker.name for speaker in self.speakers)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.speakers[0].portrait.size

    def with_speaker(self, speaker: Speaker) -> "Cast":
        """Return the cast with one more speaker, in front of the others."""
        return Cast((*self.speakers, speaker))

    def with_motions(self, motions: list[Motion]) -> "Cast":
        """Return the cast with a motion for each speaker."""
        pairs = zip(self.speakers, motions, strict=True)
        return Cast(tuple(replace(speaker, motion=motion) for speaker, motion in pairs))


def named_index(name: str, names: tuple[str, ...]) -> int:
    """Return the place of a name; ValueError if nobody has it, without a full stop at its end."""
    plain = [plain_name(each) for each in names]
    if plain_name(name) not in plain:
        guess = suggestion(plain_name(name), plain)
        known = f"The cast has {', '.join(names)}"
        raise ValueError(f"nobody in the cast is called {name!r}{guess}. {known}")
    return plain.index(plain_name(name))


def same_picture(first: Portrait, second: Portrait) -> bool:
    """Tell whether two portraits are faces of one picture or clip."""
    if first.size != second.size or (first.clip is None) != (second.clip is None):
        return False
    if first.clip is None:
        return first.image is second.image or torch.equal(first.image, second.image)
    clips = first.clip.clip, second.clip.clip
    if clips[0] is clips[1]:
        return True
    (one,), (other,) = (clip.images_at([0.0]) for clip in clips)
    return np.array_equal(clips[0].times, clips[1].times) and torch.equal(one, other)


def check_name(name: str) -> None:
    """Raise ValueError unless a name can stand in a text of who speaks when."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or SEPARATING.search(name):
        raise ValueError(
            f"Expected a name of 1 to {LONGEST_NAME} letters without ',', ';', '+' and '#', got "
            f"{name[: LONGEST_NAME + 1]!r}. Use one such as Anna."
        )
    if plain_name(name) in (NOBODY, END) or TIME_UNIT.fullmatch(name):
        raise ValueError(
            f"{name!r} has a meaning of its own in a list of who speaks when. Use another name."
        )


def _check_together(first: Speaker, second: Speaker) -> None:
    if plain_name(first.name) == plain_name(second.name):
        raise ValueError(f"The name {second.name!r} is used twice. Give each speaker its own.")
    one, other = first.portrait, second.portrait
    both = f"{first.name} and {second.name}"
    if one.renderer != other.renderer:
        raise ValueError(
            f"The portraits of {both} were made for two renderers, {one.renderer!r} and "
            f"{other.renderer!r}. Use one renderer for all portraits of a scene."
        )
    if not same_picture(one, other):
        sizes = " and ".join("{}x{}".format(*each.size) for each in (one, other))
        raise ValueError(
            f"The portraits of {both} are of different pictures, {sizes} pixels. Find all faces "
            "of a scene in one picture."
        )
    apart = float(np.hypot(*(one.landmarks.eyes - other.landmarks.eyes)))
    if apart < SAME_FACE * one.landmarks.eye_distance:
        x, y = one.landmarks.eyes.round().astype(int).tolist()
        raise ValueError(
            f"{both} have the same face, at {x},{y} of the picture. Choose another face for one of "
            "them."
        )
