"""A stand-in for the models of the live page, whose frames cost nothing."""

from types import SimpleNamespace

import torch

from moda_core.cli.live.stage import Stage
from tests.counting_stream import CountingStream


class CountingStage:
    """Behaves as a `Stage`; a window of its streams takes `window_s`."""

    def __init__(self, size=16, sizes=None, window_s=0.0):
        self.streams, self.emotion, self.size = [], "none", size
        self.sizes, self._window_s = sizes or (size,), window_s
        self.portrait = SimpleNamespace(image=torch.zeros(8, 8, 3, dtype=torch.uint8))

    def stream(self, sample_rate):
        stream = CountingStream(sample_rate, self.size, self.size, self._window_s)
        self.streams.append(stream)
        return self.streams[-1]

    smaller = Stage.smaller

    def read_portrait(self, content, limit):
        return SimpleNamespace(content=content, size=(limit, limit))

    def rest(self, portrait):
        return torch.zeros(63)
