"""How much memory sampling takes beside the network's weights."""

from .emotion_curve import EmotionCurve
from .options import SamplingOptions
from .row_batch import ROWS
from .window_plan import count_windows

# Of the released network in float32, in bytes: `run.py bench activations`.
CALL, ROW, TABLE = 60e6, 21e6, 0.6e6


def sampling_bytes(
    options: SamplingOptions,
    num_frames: int,
    emotion: EmotionCurve | None = None,
    num_takes: int = 1,
    num_windows: int | None = None,
) -> float:
    """Estimate the memory that sampling takes on a GPU, at most.

    Parameters
    ----------
    num_frames : int
        Of the features.
    emotion : EmotionCurve, optional
        Every emotion that a curve shows is a row of each window.
    num_windows : int, optional
        That go through the network together; default one, or all that `options` ask for.

    Returns
    -------
    float
        Bytes: a call's, those of its rows, and the AdaLN parameters of all steps and labels.
    """
    num_labels = 1 + (1 if emotion is None else len(emotion.shown))
    if num_windows is None:
        joint = options.windows == "joint"
        num_windows = count_windows(num_frames, options.overlap) if joint else 1
    num_steps = options.num_steps if options.sigmas is None else len(options.sigmas) - 1
    rows = min(ROWS, num_takes * num_windows * (1 + num_labels + options.perturbed))
    return CALL + ROW * rows + TABLE * num_steps * num_labels
