"""A motion transformer with all that is needed to sample from it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..audio.features import AudioFeatures
from ..mmdit.model import MotionMMDiT
from ..motion.motion import MotionStats
from ..portrait.portrait import Portrait


@dataclass(frozen=True, eq=False)
class MotionModel:
    """A network, the space it works in, and how a clip begins and ends.

    Parameters
    ----------
    name : str
        What users see.
    null_audio : Tensor, shape (channels,)
        Stands for "no audio" in guidance; on the device of the run.
    stats : MotionStats
        Of the normalised space.
    encoder : str
        Name of the audio encoder that the network was trained on.
    renderer : str, optional
        Name of the only renderer whose portraits it takes; default any.
    start : callable (Portrait) -> (previous, rest)
        Normalised motion before the first frame, shape (1, 1, 70), and the expression at rest that
        the motion starts from, shape (63,).
    finish : callable (normalized, AudioFeatures, seed) -> values
        Turns the normalised motion of a whole clip, one frame for each of the features, into
        de-normalised motion, one frame for each of the recording.
    rolling_finish : callable (seed) -> callable (normalized, audio) -> values, optional
        Does the same for the next frames of a stream, (n, 70), given `audio` (n + ahead, context,
        layers, channels); it has a `copy`. None if the model can't be streamed.
    """

    name: str
    network: MotionMMDiT
    null_audio: Tensor
    stats: MotionStats
    encoder: str
    renderer: str | None
    start: Callable[[Portrait], tuple[Tensor, Tensor]]
    finish: Callable[[Tensor, AudioFeatures, int], Tensor]
    rolling_finish: Callable[[int], Callable[[Tensor, Tensor], Tensor]] | None = None

    def __repr__(self) -> str:
        return f"MotionModel({self.name!r})"
