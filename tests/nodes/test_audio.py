"""Speech in all the forms in which a graph brings it."""

import importlib
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.io import wavfile


def encode(host, parts, audio, **options):
    return host.call("MoDAEncodeAudio", audio_encoder=parts.encoder, audio=audio, **options)


def tone(rate, channels=1, seconds=0.5, batch=1):
    wave = torch.sin(torch.arange(int(rate * seconds)) * 0.05) * 0.3
    return {"waveform": wave.expand(batch, channels, -1).contiguous(), "sample_rate": rate}


def test_a_part_of_the_recording_is_used_and_handed_on(host, parts):
    features, used = encode(host, parts, parts.audio, start=1.0, duration=0.5)
    rate = parts.audio["sample_rate"]

    assert features.duration_s == pytest.approx(0.5, abs=1e-3)
    assert used["sample_rate"] == rate
    torch.testing.assert_close(
        used["waveform"], parts.audio["waveform"][..., rate : rate + rate // 2]
    )


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_number_of_channels_is_heard(host, parts, rate, channels):
    features, used = encode(host, parts, tone(rate, channels))

    assert features.duration_s == pytest.approx(0.5, abs=1e-3)
    assert torch.isfinite(features.values).all()
    assert used["waveform"].shape == (1, channels, rate // 2)


def test_half_precision_sound_is_heard(host, parts):
    audio = tone(16000)
    halved = {**audio, "waveform": audio["waveform"].half()}

    features, used = encode(host, parts, halved)

    assert used["waveform"].dtype == torch.float32
    expected, _ = encode(host, parts, {**audio, "waveform": audio["waveform"].half().float()})
    torch.testing.assert_close(features.values, expected.values)


def test_silence_has_features(host, parts):
    silent = {"waveform": torch.zeros(1, 2, 22050), "sample_rate": 44100}

    features, _ = encode(host, parts, silent, normalize_loudness=True)

    assert torch.isfinite(features.values).all()


def test_quiet_speech_becomes_louder_on_request(host, parts):
    quiet = {**parts.speech, "waveform": parts.speech["waveform"] * 0.05}
    _, plain = encode(host, parts, quiet)
    _, louder = encode(host, parts, quiet, normalize_loudness=True)

    assert plain["waveform"].abs().max() < 0.06
    assert louder["waveform"].abs().max() > 3 * plain["waveform"].abs().max()


def test_the_input_is_left_as_it_was(host, parts):
    audio = tone(16000)
    kept = audio["waveform"].clone()
    encode(host, parts, audio, normalize_loudness=True)

    assert torch.equal(audio["waveform"], kept)


RATE = 16000
SPOKEN = np.random.default_rng(0).normal(0, 0.1, (2, RATE // 2)).clip(-0.9, 0.9).round(4)
WAVE = SPOKEN.astype(np.float32)  # (C, T)
INT16, INT32 = (np.rint(WAVE.astype(float) * 2**bits) for bits in (15, 31))
STEP = 2.0**-15  # of 16 bits


class LazyAudio(Mapping):
    """An AUDIO that is loaded when it is read, as VideoHelperSuite's."""

    def __init__(self, audio):
        self.audio = audio

    def __getitem__(self, key):
        return self.audio[key]

    def __iter__(self):
        return iter(self.audio)

    def __len__(self):
        return len(self.audio)


def audio_of(waveform, sample_rate=RATE):
    return {"waveform": waveform, "sample_rate": sample_rate}


def wav_bytes():
    file = BytesIO()
    wavfile.write(file, RATE, INT16.T.astype(np.int16))
    return file.getvalue()


def tensor(samples, dtype=torch.float32):
    return torch.from_numpy(np.asarray(samples, np.float64)).to(dtype)[None]


# The same sound in each form: AUDIO, and the tolerance in full scales.
FORMS = {
    "as ComfyUI gives it": (audio_of(tensor(WAVE)), 0),
    "numpy": (audio_of(WAVE[None]), 0),
    "numpy of float64": (audio_of(SPOKEN), 1e-7),
    "numpy of float16": (audio_of(WAVE.astype(np.float16)), 2**-11),
    "numpy of big-endian floats": (audio_of(WAVE.astype(">f4")), 0),
    "read-only numpy": (audio_of(np.frombuffer(WAVE.tobytes(), np.float32).reshape(2, -1)), 0),
    "lists": (audio_of([WAVE.tolist()]), 0),
    "tuples of lists": (audio_of(tuple(WAVE.tolist())), 0),
    "a list of tensors": (audio_of([*tensor(WAVE)[0]]), 0),
    "a list of numpy arrays": (audio_of([*WAVE]), 0),
    "(C, T)": (audio_of(tensor(WAVE)[0]), 0),
    "(T, C)": (audio_of(WAVE.T), 0),
    "(1, T, C)": (audio_of(WAVE.T[None]), 0),
    "with a gradient": (audio_of(tensor(WAVE).requires_grad_()), 0),
    "bfloat16": (audio_of(tensor(WAVE, torch.bfloat16)), 2**-9),
    "float64": (audio_of(tensor(SPOKEN, torch.float64)), 1e-7),
    "int16": (audio_of(tensor(INT16, torch.int16)), STEP),
    "int32": (audio_of(tensor(INT32, torch.int32)), 1e-7),
    "uint8": (audio_of(tensor(np.rint(SPOKEN * 128) + 128, torch.uint8)), 2**-7),
    "numpy of int16": (audio_of(INT16.astype(np.int16)), STEP),
    "numpy of uint16": (audio_of((INT16 + 32768).astype(np.uint16)), STEP),
    "numpy of int32": (audio_of(INT32.astype(np.int32)), 1e-7),
    "lists of 16 bits": (audio_of(INT16.astype(int).tolist()), STEP),
    "lists of 32 bits": (audio_of(INT32.astype(int).tolist()), 1e-7),
    "floats of 16 bits": (audio_of(tensor(INT16)), STEP),
    "floats on a scale of 32767": (audio_of(tensor(SPOKEN * 32767)), 2 * STEP),
    "rate as a float": (audio_of(tensor(WAVE), 16000.0), 0),
    "rate as numpy": (audio_of(tensor(WAVE), np.int64(RATE)), 0),
    "rate as a tensor": (audio_of(tensor(WAVE), torch.tensor([RATE])), 0),
    "rate as text": (audio_of(tensor(WAVE), "16000"), 0),
    "lazy": (LazyAudio(audio_of(tensor(WAVE))), 0),
    "a function of an AUDIO": (lambda: audio_of(tensor(WAVE)), 0),
    "a function of bytes": (wav_bytes, STEP),
    "bytes": (wav_bytes(), STEP),
}


@pytest.mark.parametrize(("audio", "tolerance"), FORMS.values(), ids=FORMS)
def test_other_packs_sound_is_heard_as_it_is_meant(host, parts, audio, tolerance):
    _, used = encode(host, parts, audio)

    assert used["sample_rate"] == RATE
    assert used["waveform"].dtype == torch.float32
    np.testing.assert_allclose(used["waveform"][0].numpy(), WAVE, rtol=0, atol=tolerance)


@pytest.mark.parametrize("waveform", [WAVE[0], WAVE[0].tolist(), tensor(WAVE)[0, 0]])
def test_sound_without_channels_is_mono(host, parts, waveform):
    _, used = encode(host, parts, audio_of(waveform))

    np.testing.assert_array_equal(used["waveform"].numpy(), WAVE[None, :1])


@pytest.mark.parametrize("peak", [1.0, 1.5, 4.0])
def test_floats_a_little_above_full_scale_keep_their_values(host, parts, peak):
    loud = SPOKEN / np.abs(SPOKEN).max() * peak

    _, used = encode(host, parts, audio_of(tensor(loud)))

    torch.testing.assert_close(used["waveform"], tensor(loud), rtol=0, atol=1e-6)


def test_near_silence_of_16_bits_stays_quiet(host, parts):
    hiss = np.random.default_rng(1).integers(-3, 4, (1, 1, RATE)).astype(np.float32)

    _, used = encode(host, parts, audio_of(hiss))

    np.testing.assert_array_equal(used["waveform"].numpy(), hiss * STEP)


def failing():
    return {}["video"]


# AUDIO that can't be meant, and what the message must name: the value seen.
REFUSED = {
    "nothing": (None, "no sound"),
    "no samples": (audio_of(torch.zeros(1, 1, 0)), "no sound"),
    "an empty list": (audio_of([]), "no sound"),
    "a batch": (tone(16000, batch=2), r"shape \(1, C, T\), got \(2, "),
    "four axes": (audio_of(torch.zeros(1, 1, 1, 9)), r"got \(1, 1, 1, 9\)"),
    "a number": (audio_of(0.5), r"got \(\)"),
    "NaN": (audio_of(torch.full((1, 1, 16000), torch.nan)), "NaN.*0.000 s"),
    "infinite": (audio_of([[0.0] * 800 + [np.inf] * 800]), "infinity.*0.050 s"),
    "infinite for half": (audio_of(np.full((1, 1600), -np.inf, np.float16)), "infinity"),
    "a bare tensor": (torch.zeros(1, 1, 16000), "AUDIO.*Tensor"),
    "text": ("speech.wav", "AUDIO.*str"),
    "a function of nothing": (lambda: None, "no sound"),
    "a function of False": (lambda: False, "AUDIO.*bool"),
    "a function that fails": (failing, "KeyError.*video"),
    "a function with arguments": (lambda path: path, "argument"),
    "bytes of something else": (b"no sound file, whatever it is", "can't be read as sound"),
    "no waveform": ({"sample_rate": 16000, "path": "a.wav"}, "AUDIO.*sample_rate, path"),
    "an empty mapping": ({}, "AUDIO.*dict"),
    "a waveform of None": (audio_of(None), "None"),
    "a waveform of text": (audio_of("a.wav"), "str"),
    "unequal channels": (audio_of([[0.0] * 900, [0.0] * 800]), "list"),
    "unequal tensors": (audio_of([torch.zeros(900), torch.zeros(800)]), "list"),
    "an object": (audio_of(SimpleNamespace(data=1)), "SimpleNamespace"),
    "bool": (audio_of(torch.ones(1, 1, 16000, dtype=torch.bool)), "bool"),
    "complex": (audio_of(torch.ones(1, 1, 16000, dtype=torch.complex64)), "complex"),
    "numpy of complex": (audio_of(np.ones(16000, complex)), "numbers"),
    "no rate": ({"waveform": tensor(WAVE)}, "sample rate.*None"),
    "a rate of None": (audio_of(tensor(WAVE), None), "sample rate.*None"),
    "a rate of 0": (audio_of(tensor(WAVE), 0), "sample rate.*got 0"),
    "a rate below 0": (audio_of(tensor(WAVE), -16000), "sample rate.*got -16000"),
    "a rate in kHz": (audio_of(tensor(WAVE), 44.1), "sample rate.*got 44.1"),
    "a rate of NaN": (audio_of(tensor(WAVE), np.nan), "sample rate.*got nan"),
    "a rate of text": (audio_of(tensor(WAVE), "CD"), "sample rate.*got 'CD'"),
    "several rates": (audio_of(tensor(WAVE), torch.tensor([1, 2])), "sample rate.*Tensor"),
    "an unknown scale": (audio_of(tensor(WAVE * 100)), "-1 to 1, got -40.23 to 39.46"),
    "floats of 32 bits": (audio_of(tensor(INT32)), "-1 to 1, got -.*e"),
    "whole numbers of 64 bits": (audio_of(INT32.astype(int) * 2**20), "-1 to 1, got -.*e"),
}


@pytest.mark.parametrize(("audio", "message"), REFUSED.values(), ids=REFUSED)
def test_sound_that_cannot_be_used_is_refused_in_one_sentence(host, parts, audio, message):
    with pytest.raises(Exception, match=message) as caught:
        encode(host, parts, audio)

    assert not isinstance(caught.value, AttributeError | KeyError | TypeError)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def speaking_cast(host, parts):
    """Return a cast of one person with a motion."""
    speaker = {"portrait": parts.portrait, "motion": parts.motion}
    return host.call("MoDASpeaker", **speaker)[0]


def every_node(host, parts, audio):
    """Return each node that takes an AUDIO, with inputs."""
    motion = {"motion": parts.motion}
    rendered = {"renderer": parts.renderer, "portrait": parts.portrait, **motion}
    sampled = {"model": parts.model, "portrait": parts.portrait, "audio_features": parts.features}
    cast = speaking_cast(host, parts)
    talking = {"model": parts.model, "audio_encoder": parts.encoder, "cast": cast}
    return {
        "MoDAEncodeAudio": {"audio_encoder": parts.encoder, "audio": audio},
        "MoDACleanSpeech": {"audio": audio},
        "MoDABestOfN": {**sampled, "audio": audio, "takes": 1, "steps": 1},
        "MoDARefineMotion": {**sampled, **motion, "audio": audio, "steps": 1},
        "MoDALips": {**motion, "audio": audio, "closure": 0.5},
        "MoDAScore": {**motion, "audio": audio},
        "MoDAPreviewMotion": {**motion, "audio": audio},
        "MoDARenderVideo": {**rendered, "audio": audio},
        "MoDAConversation": {**talking, "audio": audio, "steps": 1},
        "MoDARenderScene": {"renderer": parts.renderer, "cast": cast, "audio": audio},
    }


def seen(host, name, inputs):
    """Return what a node made, as numbers or bytes."""
    output = host.call(name, **inputs)[0]
    if name in ("MoDARenderVideo", "MoDARenderScene"):
        return Path(output.get_stream_source()).read_bytes()
    if name == "MoDAConversation":
        (speaker,) = output.speakers
        return speaker.motion.values
    if name == "MoDAScore":
        return output.encode()
    if name == "MoDACleanSpeech":
        return output["waveform"]
    return output if isinstance(output, torch.Tensor) else output.values


HAND_ON = {"MoDATalkingPortrait", "MoDARelipVideo"}  # to MoDA Encode Audio


def takes_sound(info):
    inputs = {**info["input"]["required"], **info["input"].get("optional", {})}
    return any(entry[0] == "AUDIO" for entry in inputs.values())


def test_every_node_with_sound_converts_it(host, parts):
    rate = parts.speech["sample_rate"]
    integers = (parts.speech["waveform"][0].numpy() * 32768).astype(np.int16)
    floats = torch.from_numpy(integers / np.float32(32768))[None]
    plain, odd = audio_of(floats, rate), lambda: audio_of(integers, float(rate))

    made = {name: seen(host, name, inputs) for name, inputs in every_node(host, parts, odd).items()}

    expected = every_node(host, parts, plain)
    ours = [name for name in host.node_classes if name.startswith("MoDA")]
    taking = {name for name in ours if takes_sound(host.object_info(name))}
    assert taking - HAND_ON == set(made)
    for name, value in made.items():
        same = seen(host, name, expected[name])
        assert value == same if isinstance(same, bytes) else torch.equal(value, same), name


@pytest.mark.parametrize("audio", [audio_of(tensor(WAVE), None), torch.zeros(1, 1, 9), {}])
def test_every_node_with_sound_refuses_alike(host, parts, audio):
    for name, inputs in every_node(host, parts, audio).items():
        with pytest.raises(ValueError, match="Expected an AUDIO"):
            host.call(name, **inputs)


@pytest.mark.parametrize(
    ("channel", "heard"), [("mix", WAVE.mean(axis=0)), ("left", WAVE[0]), ("right", WAVE[1])]
)
def test_a_channel_is_chosen_and_the_sound_keeps_both(host, parts, channel, heard):
    features, used = encode(host, parts, audio_of(WAVE), channel=channel)

    expected, _ = encode(host, parts, audio_of(heard))
    torch.testing.assert_close(features.values, expected.values)
    np.testing.assert_array_equal(used["waveform"][0].numpy(), WAVE)


@pytest.mark.parametrize(
    ("waveform", "channel", "heard", "says"),
    [
        (np.stack([WAVE[0], -WAVE[0]]), "mix", WAVE[0], "cancel.* left"),
        (np.stack([WAVE[0], 0 * WAVE[0]]), "right", 0 * WAVE[0], "silent in its right channel"),
        (0 * WAVE, "mix", 0 * WAVE[0], "is silent"),
        (WAVE, "mix", WAVE.mean(axis=0), None),
        (np.stack([WAVE[0], 0 * WAVE[0]]), "mix", WAVE[0], None),
    ],
    ids=["opposite", "silent side", "silence", "two voices", "one side"],
)
def test_what_is_heard_is_shown_where_it_is_not_obvious(
    host, parts, monkeypatch, waveform, channel, heard, says
):
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    shown = []
    expected, _ = encode(host, parts, audio_of(heard))
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))

    features, _ = encode(host, parts, audio_of(waveform), channel=channel)

    torch.testing.assert_close(features.values, expected.values)
    assert bool(shown) == bool(says)
    assert not says or re.search(says, shown[0])


@pytest.mark.parametrize("channel", ["left", "mix"])
def test_levels_are_those_of_the_channel_that_is_heard(host, parts, channel):
    speech = parts.speech["waveform"][0, 0]
    noise = torch.rand(len(speech), generator=torch.Generator().manual_seed(0)) - 0.5
    sides = audio_of(torch.stack([speech, noise]), parts.speech["sample_rate"])
    alone, both = every_node(host, parts, parts.speech), every_node(host, parts, sides)
    lips = {"threshold": 0.9, "channel": channel}

    (closed,) = host.call("MoDALips", **{**both["MoDALips"], **lips})
    _, ranking = host.call("MoDABestOfN", **both["MoDABestOfN"], channel=channel)

    (expected,) = host.call("MoDALips", **{**alone["MoDALips"], **lips})
    _, expected_ranking = host.call("MoDABestOfN", **alone["MoDABestOfN"])
    assert torch.equal(closed.values, expected.values) == (channel == "left")
    assert (ranking == expected_ranking) == (channel == "left")


def test_a_start_behind_the_end_is_refused_with_both_times(host, parts):
    with pytest.raises(ValueError, match=r"0\.5.*|.*9"):
        encode(host, parts, tone(16000), start=9.0)
