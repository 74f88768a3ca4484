"""The contract of AUDIO, as other packs send it: every node takes it, or refuses it in a sentence.

Each kind was seen in the code of a text-to-speech, video or audio pack, or in an issue about one.
"""

from collections import UserDict
from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from .test_audio import every_node, seen, tensor

RATE = 24000  # of most text-to-speech


def speech(seconds=0.4, rate=RATE):
    """Return a voice (T,) of 0.4 s, which is what the parts of the starter's graph last."""
    time = np.arange(round(seconds * rate)) / rate
    harmonics = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 9))
    return (0.15 * harmonics * np.sin(np.pi * 2.5 * time)).astype(np.float32)


WAVE = speech()
PCM = np.rint(WAVE * 32768).astype(np.int16)
STEP = 2.0**-15  # of 16 bits


def audio(waveform, sample_rate=RATE, **more):
    return {"waveform": waveform, "sample_rate": sample_rate, **more}


class OnDemand:
    """A sound that is decoded when it is read: some packs' copies of one are no Mapping."""

    def __init__(self, given):
        self.given = given

    def __getitem__(self, key):
        return self.given[key]

    def __iter__(self):
        return iter(self.given)

    def __len__(self):
        return len(self.given)


class OnDemandMapping(OnDemand, Mapping):
    """The same as VideoHelperSuite makes it."""


class FailingRate(OnDemandMapping):
    """A sound of which only the samples can be read."""

    def __getitem__(self, key):
        if key == "sample_rate":
            raise RuntimeError("no such stream")
        return tensor(WAVE[None])


class Failing(Mapping):
    """A video without sound: VideoHelperSuite raises when it is read, with ffmpeg's output."""

    def __getitem__(self, key):
        raise Exception("VHS failed to extract audio from a.mp4:\nStream map matches no streams")

    __iter__ = __len__ = __getitem__


def inference_tensor():
    with torch.inference_mode():
        return tensor(WAVE[None]).clone()


def strided():
    return tensor(WAVE[None]).repeat_interleave(2, dim=-1)[..., ::2]


# AUDIO, and how far its samples may be from those of WAVE.
TAKEN = {
    "of a core node": (audio(tensor(WAVE[None])), 0),
    "(C, T), without a batch": (audio(tensor(WAVE[None])[0]), 0),
    "(T,), without channels": (audio(tensor(WAVE)[0]), 0),
    "(1, T, 1), channels last": (audio(tensor(WAVE[None]).movedim(1, 2)), 0),
    "(T, 1), as soundfile reads": (audio(WAVE[:, None]), 0),
    "a list of one (1, T)": (audio([tensor(WAVE[None])[0]]), 0),
    "numpy, of a text-to-speech library": (audio(WAVE), 0),
    "numpy of 64 bits": (audio(WAVE.astype(np.float64)[None, None]), 0),
    "half": (audio(tensor(WAVE[None], torch.float16)), 2**-11),
    "bfloat16": (audio(tensor(WAVE[None], torch.bfloat16)), 2**-8),
    "16 bits": (audio(torch.from_numpy(PCM)[None, None]), STEP),
    "16 bits as floats": (audio(tensor(PCM[None])), STEP),
    "every other sample of memory": (audio(strided()), 0),
    "with a gradient": (audio(tensor(WAVE[None]).requires_grad_()), 0),
    "of inference mode": (audio(inference_tensor()), 0),
    "rate as numpy": (audio(tensor(WAVE[None]), np.int32(RATE)), 0),
    "rate as a float": (audio(tensor(WAVE[None]), float(RATE)), 0),
    "rate as text": (audio(tensor(WAVE[None]), str(RATE)), 0),
    "rate as a tensor": (audio(tensor(WAVE[None]), torch.tensor(RATE)), 0),
    "with more keys": (audio(tensor(WAVE[None]), path="a.wav", duration=0.4), 0),
    "a UserDict": (UserDict(audio(tensor(WAVE[None]))), 0),
    "read on demand": (OnDemandMapping(audio(tensor(WAVE[None]))), 0),
    "read on demand, not a Mapping": (OnDemand(audio(tensor(WAVE[None]))), 0),
    "an object with attributes": (SimpleNamespace(**audio(tensor(WAVE[None]))), 0),
    "a function of an AUDIO": (lambda: audio(tensor(WAVE[None])), 0),
    "a list of one AUDIO": ([audio(tensor(WAVE[None]))], 0),
    "a list of one function of a list": ([lambda: [audio(tensor(WAVE[None]))]], 0),
}

# AUDIO, the value that the message must name, and the remedy.
REFUSED = {
    "no samples, after a failure": (audio(torch.zeros(1, 1, 0)), "no sound", "Link"),
    "a video without sound": (Failing(), "VHS failed to extract audio from a.mp4", "Load Audio"),
    "a batch of sentences": (audio(torch.zeros(3, 1, 9600)), r"\(3, 1, 9600\)", "Pick one"),
    "sentences of unequal length": (audio([torch.zeros(900), torch.zeros(800)]), "list", "Link"),
    "a list of AUDIO": ([audio(tensor(WAVE[None]))] * 3, "a list of 3", "Link one"),
    "an empty list": ([], "a list of 0", "Link one"),
    "a pair of rate and samples": ((RATE, WAVE), "a tuple of 2", "Link one"),
    "a bare tensor": (tensor(WAVE[None]), "Tensor", "Link"),
    "a path": ("speech.wav", "str", "Link"),
    "samples under another name": ({"audio": WAVE, "sampling_rate": RATE}, "sampling_rate", "Link"),
    "the rate under another name": (
        {"waveform": tensor(WAVE[None]), "sampling_rate": RATE},
        "sample rate.*None",
        "Load Audio",
    ),
    "a rate in kHz": (audio(tensor(WAVE[None]), 24), "got 24", "Load Audio"),
    "NaN, of an overflow": (audio(tensor(np.full((1, 9600), np.nan))), "NaN", "export"),
    "a rate that fails when it is read": (FailingRate(audio(0)), "no such stream", "Load Audio"),
    "an unknown scale": (audio(tensor(100 * WAVE[None])), "-1 to 1, got -", "Scale"),
}


@pytest.fixture(scope="module")
def reference():
    """What nodes make of the sound as a core node gives it, by their name."""
    return {}


@pytest.mark.parametrize(("given", "tolerance"), TAKEN.values(), ids=TAKEN)
def test_every_node_hears_what_is_meant(host, parts, reference, given, tolerance):
    plain = every_node(host, parts, audio(tensor(WAVE[None])))

    for name, inputs in every_node(host, parts, given).items():
        made = seen(host, name, inputs)

        if name not in reference:
            reference[name] = seen(host, name, plain[name])
        expected = reference[name]
        if tolerance:  # the samples differ, and so may the file
            assert len(made) == pytest.approx(len(expected), rel=0.2), name
        elif isinstance(made, bytes):
            assert made == expected, name
        else:
            assert torch.equal(made, expected), name


@pytest.mark.parametrize(("given", "tolerance"), TAKEN.values(), ids=TAKEN)
def test_the_samples_are_those_that_are_meant(host, parts, given, tolerance):
    _, heard = host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=given)

    assert heard["sample_rate"] == RATE
    assert heard["waveform"].dtype == torch.float32
    for channel in heard["waveform"][0]:
        np.testing.assert_allclose(channel.numpy(), WAVE, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("given", "names", "remedy"), REFUSED.values(), ids=REFUSED)
def test_every_node_refuses_alike_with_the_value_and_the_remedy(host, parts, given, names, remedy):
    for name, inputs in every_node(host, parts, given).items():
        with pytest.raises(Exception, match=rf"(?s){names}.*{remedy}") as caught:
            host.call(name, **inputs)

        assert not isinstance(caught.value, AttributeError | LookupError | TypeError), name
        assert "\n" not in str(caught.value), name


@pytest.mark.parametrize("name", ["MoDAEncodeAudio", "MoDACleanSpeech", "MoDABestOfN"])
def test_none_is_refused_where_sound_is_needed(host, parts, name):
    with pytest.raises(ValueError, match=r"no sound.*Link"):
        host.call(name, **every_node(host, parts, None)[name])


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000])
def test_every_usual_rate_lasts_as_long_as_it_should(host, parts, rate):
    given = audio(tensor(speech(rate=rate)[None]), rate)

    features, heard = host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=given)
    (cleaned,) = host.call("MoDACleanSpeech", audio=given)

    assert features.duration_s == pytest.approx(0.4, abs=1e-3)
    assert heard["waveform"].shape == cleaned["waveform"].shape == given["waveform"].shape


@pytest.mark.parametrize("samples", [1, 100])
def test_the_placeholder_of_a_node_that_failed_is_refused_with_its_length(host, parts, samples):
    placeholder = audio(torch.zeros(1, 1, samples))

    with pytest.raises(ValueError, match=rf"{1000 * samples / RATE:.1f} ms.*at least 40 ms"):
        host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=placeholder)


def test_cancel_while_a_sound_is_loaded_stays_a_cancel(host, parts):
    def cancelled():
        raise host.management.InterruptProcessingException

    with pytest.raises(host.management.InterruptProcessingException):
        host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=cancelled)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_sound_on_a_gpu_is_heard(host, parts):
    given = audio(tensor(WAVE[None]).cuda())

    _, heard = host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=given)

    np.testing.assert_array_equal(heard["waveform"][0, 0].numpy(), WAVE)
