"""A stand-in for the models of the live page, whose frames cost nothing."""

from types import SimpleNamespace

import torch

from tests.counting_stream import CountingStream


class CountingStage:
    """Behaves as a `Stage`."""

    def __init__(self, size=16):
        self.streams, self.emotion, self.size = [], "none", size
        self.portrait = SimpleNamespace(image=torch.zeros(8, 8, 3, dtype=torch.uint8))

    def stream(self, sample_rate):
        self.streams.append(CountingStream(sample_rate, self.size, self.size))
        return self.streams[-1]

    def read_portrait(self, content):
        return content

    def rest(self, portrait):
        return torch.zeros(63)
