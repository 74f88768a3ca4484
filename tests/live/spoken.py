"""Sound for the tests of the adapters, and the movements that the starter makes of it."""

import numpy as np

from moda_core.audio.waveform import load_clip
from moda_core.bundles.live.stream import CLOSING_FRAMES
from moda_core.bundles.load import load_starter
from moda_core.example import SPEECH
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.motion.motion import EXPRESSION
from tests.counting_stream import FRAME
from tests.faces import as_tensor, portrait_picture

JAW = CONTROLS.index("jaw")
CLOSED = 0.05


def ramp(num_frames: int) -> np.ndarray:
    """Return 16-bit samples of which none is like another, none of them 0."""
    return np.arange(1, num_frames * FRAME + 1, dtype="<i2")


def speech(duration_s: float, rate: int) -> np.ndarray:
    """Return speech as 16-bit mono samples."""
    waveform, from_rate = load_clip(SPEECH, 0.0, duration_s)
    places = np.arange(round(duration_s * rate)) * from_rate / rate
    mono = waveform.mean(0).numpy()
    return np.rint(np.interp(places, np.arange(len(mono)), mono) * 32767).astype("<i2")


class WatchedStarter:
    """A stream of the starter; the jaw of each frame is noted, and where it was interrupted."""

    def __init__(self, sample_rate: int):
        model = load_starter()
        portrait = model.portrait(as_tensor(portrait_picture().resize((128, 128))))
        self.stream, self.jaw = model.stream(portrait, sample_rate=sample_rate), {}
        self.interrupted_at, self._interrupt = [], self.stream.interrupt
        self.stream.interrupt = self._noting_interrupt
        for name in ("next_frames", "next_at_rest"):
            setattr(self.stream, name, self._noting(getattr(self.stream, name)))

    def jaw_after_closing(self):
        """Return the largest jaw from when it should be shut after the interruption."""
        [at] = self.interrupted_at
        return max(jaw for index, jaw in self.jaw.items() if index >= at + CLOSING_FRAMES)

    def _noting_interrupt(self, shown):
        self.interrupted_at.append(shown)
        self._interrupt(shown)

    def _noting(self, make):
        def noted(*arguments):
            made = make(*arguments)
            for frame in made:
                expression = frame.values[EXPRESSION] - rest_expression()
                self.jaw[frame.index] = float(read(expression[None])[0, JAW])
            return made

        return noted
