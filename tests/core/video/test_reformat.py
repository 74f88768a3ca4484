import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from moda_core.runtime.threads import one_thread
from moda_core.video import reformat


class Recorded:
    """Notes the threads that a conversion is given, and makes it."""

    def __init__(self):
        self.given, self._real = [], VideoReformatter()

    def reformat(self, frame, threads=None, **options):
        self.given.append(threads)
        return self._real.reformat(frame, **options)


@pytest.mark.parametrize(("version", "expected"), [("16.1.0", None), ("17.0.1", 1), ("18.1.0", 1)])
def test_colours_are_converted_in_this_processs_threads_if_av_can_be_told(
    monkeypatch, version, expected
):
    recorded = Recorded()
    monkeypatch.setattr(reformat, "VideoReformatter", lambda: recorded)
    monkeypatch.setattr(av, "__version__", version)

    with one_thread():
        convert = reformat.reformatter()
    frame = convert(av.VideoFrame(16, 8, "rgb24"), format="yuv420p")

    assert recorded.given == [expected]
    assert frame.format.name == "yuv420p"


def test_the_number_of_threads_changes_no_bit():
    pixels = np.random.default_rng(0).integers(0, 256, (270, 480, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")

    with one_thread():
        alone = reformat.reformatter()(frame, format="yuv420p")

    shared = VideoReformatter().reformat(frame, format="yuv420p")
    assert np.array_equal(alone.to_ndarray(), shared.to_ndarray())
