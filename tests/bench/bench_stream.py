"""How soon and how well a streamed portrait speaks, beside the sampler of whole recordings.

`python run.py bench stream`. ``latency_ms`` is the time from the first spoken sound until a frame
comes whose jaw is `OPEN` above rest, as the sound arrives in real time in pieces of 20 ms, at
several places within a window, `TAKES` times at each; ``median`` and ``worst`` of all. What comes
late is hurried. ``same_plan`` is the largest deviation of normalised motion, in standard
deviations, between a recording that arrives in pieces of random length and one whose features are
all known, by the same windows.
``ahead`` has for each number of frames heard ahead what it costs and what it gives, beside motion
sampled from the whole recording: the delay that it asks for, correlation and slope of the jaw, and
the ratios of the range and the speed of the head, means over `SEEDS`. ``interrupted`` is the
milliseconds until lips touch and until all is silent.

``real_time`` is the length of what is rendered over the time that it takes, with every frame and
hurried. ``held`` is what comes of sound that arrives in real time: how late the latest frame is,
of which share of the frames the picture is shown twice, and by how much sound and picture drift
apart.

``--long`` holds for 10 minutes, and streams 60 minutes for ``memory``: the peak of resident memory
over that of the first 6.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from moda_core.audio.log_mel_stream import LogMelStream
from moda_core.audio.recording import open_recording
from moda_core.bundles.bundle import Bundle
from moda_core.bundles.live.stream import PortraitStream, StreamFrame
from moda_core.bundles.load import load_starter
from moda_core.example import PORTRAIT, SPEECH
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.motion.motion import EXPRESSION, FPS, PITCH, ROLL
from moda_core.portrait.portrait import Portrait
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.rolling import AudioContext, RollingPlan, RollingSampler
from moda_core.sampling.sample import sample_motion

from .progress import Progress

RATE, PIECE = 16000, 320
OPEN, CLOSED = 0.1, 0.05  # of the jaw
BEHIND_S = 1 / FPS  # from which frames are hurried
AHEADS, SEEDS = (2, 3, 5), range(4)
PLACES_S = np.arange(8) / 100  # of the first sound within two frames, as a window has
TAKES = 3
BEFORE_S, SPOKEN = 1.0, 0.02  # silence before speech, and the least sample that counts as spoken
SIDE = 512
SHORT_S, LONG_S, HOUR_S = 12, 600, 3600
REQUIRED = {
    "latency_ms": 250,
    "same_plan": 0.01,
    "jaw_correlation": 0.95,
    "head_ratios": [0.85, 1.15],
    "real_time": 1.0,
    "held": {"late_ms": 500, "drift_ms": 20},
    "interrupted_ms": [200, 100],
    "memory": 1.05,
}


def run(device: str = "cpu", dtype: str = "float32", long: bool = False) -> dict:
    """Return the figures beside what is asked."""
    starter, progress = load_starter(device), Progress("stream", 6 + long)
    portrait = square_portrait(starter)
    blocks, _ = open_recording(SPEECH, None)
    speech = np.concatenate(list(blocks))
    results: dict = {"required": REQUIRED}
    progress("latency")
    places = [*PLACES_S] * TAKES
    waits = [latency_ms(starter, portrait, speech, place) for place in places]
    results["latency_ms"] = {"median": float(np.median(waits)), "worst": max(waits)}
    progress("same windows")
    results["same_plan"] = same_plan(starter, portrait, speech)
    progress("frames ahead")
    results["ahead"] = {str(ahead): quality(starter, portrait, speech, ahead) for ahead in AHEADS}
    progress("interruption")
    results["interrupted_ms"] = interrupted_ms(starter, portrait, speech)
    progress("real time")
    results["real_time"] = {
        name: real_time(starter, portrait, speech, name == "hurried")
        for name in ("every_frame", "hurried")
    }
    progress("arriving in real time")
    results["held"] = held(starter, portrait, speech, LONG_S if long else SHORT_S)
    if long:
        progress("memory")
        results["memory"] = memory(starter, portrait, speech)
    return results


def square_portrait(starter: Bundle) -> Portrait:
    """Return the bundled portrait as a picture of `SIDE` pixels, about."""
    return starter.portrait(PORTRAIT, limit=SIDE)


def latency_ms(starter: Bundle, portrait: Portrait, speech: np.ndarray, place_s: float) -> float:
    """Return how long after the first spoken sound a frame with an open jaw comes."""
    begins = int(np.flatnonzero(np.abs(speech) > SPOKEN)[0])
    silent = round((BEFORE_S + place_s) * RATE)
    sound = np.concatenate([np.zeros(silent, np.float32), speech[begins : begins + RATE]])
    stream = starter.stream(portrait, sample_rate=RATE)
    stream.rest(10)  # what is prepared once
    warm = [frame.index for frame in stream.frames()]
    started, first_s = time.perf_counter(), time.perf_counter() + silent / RATE
    for start in range(0, len(sound), PIECE):
        arrives = arrive(stream, sound, start, started)
        for frame in frames_at_pace(stream, arrives):
            now = time.perf_counter()
            if now > first_s and jaw(frame.values[None])[0] > OPEN:
                return 1000 * (now - first_s)
    raise AssertionError(f"The jaw stayed shut in a second of speech, {len(warm)} frames ahead.")


def arrive(stream: PortraitStream, sound: np.ndarray, start: int, started: float) -> float:
    """Push a piece of sound at its time, in a stream that began at `started`; return that time."""
    arrives = started + (start + PIECE) / RATE
    time.sleep(max(0.0, arrives - time.perf_counter()))
    stream.push(sound[start : start + PIECE], RATE)
    return arrives


def frames_at_pace(stream: PortraitStream, arrives: float) -> Iterator[StreamFrame]:
    """Yield the frames that a piece of sound completes, hurried where they are late."""
    while stream.num_ready:
        yield from stream.next_frames(hurried=time.perf_counter() - arrives > BEHIND_S)


def same_plan(starter: Bundle, portrait: Portrait, speech: np.ndarray) -> float:
    """Return the largest deviation of a stream from the same windows over known features."""
    plan, (previous, _) = starter.plan, starter.model.start(portrait)
    listener = LogMelStream()
    listener.push(speech)
    features = listener_features(listener, plan)
    offline = rolled(starter, portrait, features, plan, previous)
    arriving, parts = LogMelStream(), []
    sizes = np.random.default_rng(0).integers(1, 2000, len(speech) // 500)
    for piece in np.split(speech, np.cumsum(sizes)):
        arriving.push(piece)
        parts.append(listener_features(arriving, plan))
    streamed = rolled(starter, portrait, torch.cat(parts), plan, previous)
    count = min(len(streamed), len(offline))
    return float((streamed[:count] - offline[:count]).abs().max())


def listener_features(listener: LogMelStream, plan: RollingPlan) -> torch.Tensor:
    """Return the features of all frames that can be taken."""
    parts = [torch.zeros(0, 4, 64)]
    while listener.num_ready >= plan.take + plan.ahead:
        parts.append(listener.take(plan.take, plan.ahead)[: plan.take])
    return torch.cat(parts)


def rolled(starter, portrait, features, plan, previous) -> torch.Tensor:
    """Return normalised motion (T, 70) of features (T, 4, 64) by rolling windows."""
    sampler = RollingSampler(starter.model, portrait.identity, previous, plan, SEEDS[0])
    context = AudioContext(starter.model.network.config.audio_context, plan.past)
    parts = []
    for first in range(0, len(features), plan.take):
        part = features[first : first + plan.take + plan.ahead]
        take = min(plan.take, len(part))
        parts.append(sampler(context(part, take), take))
    return torch.cat(parts)


def quality(starter: Bundle, portrait: Portrait, speech: np.ndarray, ahead: int) -> dict:
    """Return what a stream that hears `ahead` frames ahead keeps of the motion."""
    features = starter.encode((torch.from_numpy(speech), RATE))
    previous, _ = starter.model.start(portrait)
    conditions = Conditions(features.values, portrait.identity, previous)
    heads, correlations, slopes = [], [], []
    for seed in SEEDS:
        options = SamplingOptions(seed=seed)
        model = starter.model
        normalized = sample_motion(model.network, model.null_audio, conditions, options)
        whole = model.finish(normalized, features, seed)
        stream = starter.stream(portrait, seed=seed, plan=replace(starter.plan, ahead=ahead))
        streamed = motion_only(stream, speech)[: len(whole)]
        whole = whole[: len(streamed)]
        first, second = jaw(streamed), jaw(whole)
        correlations.append(float(np.corrcoef(first, second)[0, 1]))
        slopes.append(float(first @ second / (second @ second)))
        heads.append([head(streamed), head(whole)])
    ratios = np.divide(*np.mean(heads, axis=0))
    return {
        "delay_ms": 40 * (ahead + 1),
        "jaw_correlation": float(np.mean(correlations)),
        "jaw_slope": float(np.mean(slopes)),
        "head_range": float(ratios[0]),
        "head_speed": float(ratios[1]),
    }


def motion_only(stream, speech: np.ndarray) -> torch.Tensor:
    """Return a stream's motion (T, 70), without rendering it."""
    stream.push(speech, RATE)
    parts = []
    while stream.num_ready:
        parts.append(stream.values(stream.num_ready, stream.plan.ahead))
    return torch.cat(parts)


def head(values: torch.Tensor) -> tuple[float, float]:
    """Return range and speed of the head's angles: root mean square of the deviations, degrees."""
    angles = values[:, PITCH.start : ROLL.stop].double()
    speeds = angles.diff(dim=0)
    return float(angles.var(dim=0).sum().sqrt()), float(speeds.abs().mean())


def interrupted_ms(starter: Bundle, portrait: Portrait, speech: np.ndarray) -> dict:
    """Return how long lips still move and sound is still heard after an interruption."""
    stream = starter.stream(portrait, sample_rate=RATE)
    stream.push(speech[: 4 * RATE], RATE)
    frames = list(stream.frames())
    shown = len(frames) - 50  # of those that are remembered, the one with the widest jaw
    shown += int(jaw(torch.stack([frame.values for frame in frames]))[-50:-20].argmax()) + 1
    stream.interrupt(shown)
    stream.rest(20)
    after = list(stream.frames())
    moves = jaw(torch.stack([frame.values for frame in after])) > CLOSED
    heard = np.array([bool(np.abs(frame.sound).max() > 1e-3) for frame in after])
    frame_ms = 1000 / FPS
    return {
        "closed": frame_ms * (1 + int(np.flatnonzero(moves).max(initial=-1))),
        "silent": frame_ms * (1 + int(np.flatnonzero(heard).max(initial=-1))),
    }


def real_time(starter: Bundle, portrait: Portrait, speech: np.ndarray, hurried: bool) -> float:
    """Return the length of streamed frames over the time that they take."""
    stream = starter.stream(portrait, sample_rate=RATE)
    begun = time.perf_counter()
    for second in range(SHORT_S):
        stream.push(second_of(speech, second), RATE)
        while stream.next_frames(hurried):
            pass
    return stream.num_frames / FPS / (time.perf_counter() - begun)


def held(starter: Bundle, portrait: Portrait, speech: np.ndarray, seconds: int) -> dict:
    """Return how late frames are and how many are hurried, as sound arrives in real time."""
    stream = starter.stream(portrait, sample_rate=RATE)
    stream.rest(10)  # what is prepared once
    heard = sum(len(frame.sound) for frame in stream.frames())
    sound = np.concatenate([second_of(speech, second) for second in range(seconds)])
    first, late, repeated, before = stream.num_frames, [], 0, None
    started = time.perf_counter()
    for start in range(0, len(sound), PIECE):
        arrives = arrive(stream, sound, start, started)
        for frame in frames_at_pace(stream, arrives):
            late.append(time.perf_counter() - arrives)
            repeated += frame.image is before
            heard, before = heard + len(frame.sound), frame.image
    drift = heard / RATE - stream.num_frames / FPS
    return {
        "seconds": (stream.num_frames - first) / FPS,
        "late_ms": {"median": 1000 * float(np.median(late)), "worst": 1000 * max(late)},
        "shown_twice": 2 * repeated / len(late),
        "drift_ms": 1000 * abs(drift),
    }


def memory(starter: Bundle, portrait: Portrait, speech: np.ndarray) -> float:
    """Return the peak of resident memory of an hour over that of its first tenth."""
    stream, peaks = starter.stream(portrait, sample_rate=RATE), []
    for second in range(HOUR_S):
        if second == HOUR_S // 10:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        stream.push(second_of(speech, second), RATE)
        while stream.next_frames(hurried=True):
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / peaks[0]


def second_of(speech: np.ndarray, second: int) -> np.ndarray:
    """Return a second of speech that is repeated without end."""
    start = second * RATE % (len(speech) - RATE)
    return speech[start : start + RATE]


def jaw(values: torch.Tensor) -> np.ndarray:
    """Return the jaw's opening (T,) of motion (T, 70)."""
    controls = read(values[:, EXPRESSION] - rest_expression())
    return controls[:, CONTROLS.index("jaw")].numpy()
