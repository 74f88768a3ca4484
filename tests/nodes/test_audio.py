"""Speech in all the forms in which a graph brings it."""

import pytest
import torch


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


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (None, "no sound"),
        ({"waveform": torch.zeros(1, 1, 0), "sample_rate": 16000}, "no sound"),
        (tone(16000, batch=2), r"shape \(1, C, T\), got \(2, "),
        ({"waveform": torch.full((1, 1, 16000), torch.nan), "sample_rate": 16000}, "finite|number"),
    ],
)
def test_sound_that_cannot_be_used_is_refused(host, parts, audio, message):
    with pytest.raises(Exception, match=message):
        encode(host, parts, audio)


def test_a_start_behind_the_end_is_refused_with_both_times(host, parts):
    with pytest.raises(ValueError, match=r"0\.5.*|.*9"):
        encode(host, parts, tone(16000), start=9.0)
