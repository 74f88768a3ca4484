"""Audio features, the input of the motion model."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class AudioFeatures:
    """Features of a speech recording at 25 frames a second.

    Parameters
    ----------
    values : Tensor, shape (T, layers, channels), float32
    encoder : str
        Name of the encoder; a motion model takes only features of the one it was trained with.
    duration_s : float
        Length of the recording in seconds, without added silence.
    silence : tuple (before, after)
        Frames of silence added to the recording before encoding;
        ``T == max(round(25 * duration_s), 1) + before + after``.
    voiced : Tensor, shape (T,), bool, optional
        In which frames a phrase is spoken, see `PhraseMeter`; None if that was not measured.
    """

    values: Tensor
    encoder: str
    duration_s: float
    silence: tuple[int, int] = (0, 0)
    voiced: Tensor | None = None

    def __len__(self) -> int:
        return self.values.shape[0]

    def __repr__(self) -> str:
        return f"AudioFeatures({self.encoder}, {self.duration_s:.2f} s, {len(self)} frames)"
