"""Windows one after the other, each continuing the last (spec D)."""

from collections.abc import Callable

from torch import Tensor

from .anchor import PauseAnchor
from .window import WindowSampler
from .window_plan import WINDOW, count_windows, cross_fade, window_audio

Progress = Callable[[int, int], None]


def sample_chain(
    sampler: WindowSampler,
    features: Tensor,
    previous: Tensor,
    noise: Callable[[int], Tensor],
    progress: Progress | None = None,
    on_window: Callable[[Tensor], None] | None = None,
    anchor: PauseAnchor | None = None,
) -> Tensor:
    """Sample a clip window by window.

    Maps `features` (T, layers, channels), `previous` (B, 1, 70), `noise` (B, 80, 70) to (B, T, 70).
    With an `anchor`, windows continue what it makes of the frame before them.
    """
    overlap, pad_mode = sampler.options.overlap, sampler.options.pad_mode
    num_windows, stride = count_windows(len(features), overlap), WINDOW - overlap
    context = sampler.field.network.config.audio_context
    total, done = num_windows * len(sampler.schedule), 0

    def on_step():
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    motion = None
    for index in range(num_windows):
        first_frame = stride * index
        if anchor is not None and index > 0:
            previous = sampler.applied(anchor(previous, first_frame), first_frame - 1)
        frames = window_audio(features, index, context, pad_mode, overlap)
        window = sampler.sample(frames, previous, noise(index), on_step, first_frame)
        window = sampler.joined(window, first_frame)
        previous = window[:, stride - 1 : stride]
        if index == num_windows - 1:
            window = window[:, : len(features) - first_frame]
        motion = window if motion is None else cross_fade(motion, window, overlap)
        if on_window is not None and index < num_windows - 1:
            on_window(motion[0])
    return sampler.joined(motion)
