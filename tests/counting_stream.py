"""A stream of frames that cost nothing, for tests of what plays it."""

from types import SimpleNamespace

import numpy as np
import torch

from moda_core.bundles.live.stream import StreamFrame

RATE, FRAME = 16000, 640  # samples a second, and a frame
PLAN = SimpleNamespace(take=2, ahead=3)
WIDTH, HEIGHT = 6, 4


class CountingStream:
    """Behaves as a `PortraitStream`; each picture shows the number of its frame."""

    def __init__(self):
        self.plan, self.num_frames, self.sample_rate = PLAN, 0, RATE
        self.portrait = SimpleNamespace(size=(WIDTH, HEIGHT))
        self.sound, self.interrupted_at = np.zeros(0, np.float32), []
        self.hurried = []  # whether each window was

    @property
    def num_heard(self):
        return -(-len(self.sound) // FRAME)

    def push(self, sound, sample_rate):
        if sample_rate <= 0:
            raise ValueError("Expected a rate above 0.")
        self.sound = np.concatenate([self.sound, np.atleast_2d(sound).mean(axis=0)])

    def next_frames(self, hurried=False):
        ready = len(self.sound) // FRAME >= PLAN.take + PLAN.ahead
        return self._made(hurried) if ready else []

    def next_at_rest(self, hurried=False):
        missing = max(0, PLAN.take * FRAME - len(self.sound))
        self.sound = np.pad(self.sound, (0, missing))
        return self._made(hurried)

    def interrupt(self, shown):
        self.interrupted_at.append(shown)
        self.rewind(shown)

    def rewind(self, shown):
        self.num_frames, self.sound = shown, self.sound[:0]

    def _made(self, hurried):
        made = []
        self.hurried.append(hurried)
        for _ in range(PLAN.take):
            sound, self.sound = self.sound[:FRAME], self.sound[FRAME:]
            image = torch.full((HEIGHT, WIDTH, 3), self.num_frames % 256, dtype=torch.uint8)
            made.append(StreamFrame(self.num_frames, image, sound, torch.zeros(70)))
            self.num_frames += 1
        return made
