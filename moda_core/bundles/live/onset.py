"""Where speech begins, in sound that is still arriving."""

from copy import copy

from torch import Tensor

from ..performance import speech_level

QUIET_FRAMES = 8  # a third of a second, than which a beginning is louder
RISE = 0.3  # of the level, by so much


class SpeechOnset:
    """Tells whether speech begins with the next frame, or just did.

    It begins where a frame is clearly louder than the third of a second before it.

    Parameters
    ----------
    frames : int
        For how many frames it begins; 0 for never.
    """

    def __init__(self, frames: int):
        self._frames = frames
        self._levels = (0.0,) * (QUIET_FRAMES + max(frames - 1, 0))  # before the next frame
        self._next: tuple[float, ...] = ()  # its level, if it was heard

    def copy(self) -> "SpeechOnset":
        """Return a copy that goes its own way from here."""
        return copy(self)  # nothing is changed in place

    @property
    def is_beginning(self) -> bool:
        """Whether the next frame is one of those with which speech begins."""
        levels = self._levels + self._next
        return self._frames > 0 and any(
            level - max(levels[frame : frame + QUIET_FRAMES]) > RISE
            for frame, level in enumerate(levels[QUIET_FRAMES:])
        )

    def hear(self, features: Tensor, take: int) -> None:
        """Go on by `take` frames of features (take + ahead, 4, 64) of `LogMelStream`."""
        levels = tuple(speech_level(features).tolist())
        self._levels = (self._levels + levels[:take])[-len(self._levels) :]
        self._next = levels[take : take + 1]

    def forget_ahead(self) -> None:
        """Forget the next frame, as another one follows."""
        self._next = ()
