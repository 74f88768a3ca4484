"""The stand-in's nodes for sounds: those of ComfyUI's that the pack's workflows use."""

import torch
from comfy_api.latest import io


class EmptyAudio(io.ComfyNode):
    """Silence."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="EmptyAudio",
            inputs=[
                io.Float.Input("duration", default=60.0, min=0.0, step=0.01),
                io.Int.Input("sample_rate", default=44100, min=1, max=192000),
                io.Int.Input("channels", default=2, min=1, max=2),
            ],
            outputs=[io.Audio.Output()],
        )

    @classmethod
    def execute(cls, duration, sample_rate, channels):
        silence = torch.zeros(1, channels, round(duration * sample_rate))
        return io.NodeOutput({"waveform": silence, "sample_rate": sample_rate})


class TrimAudioDuration(io.ComfyNode):
    """A part of a sound."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TrimAudioDuration",
            inputs=[
                io.Audio.Input("audio"),
                io.Float.Input("start_index", default=0.0, step=0.01),
                io.Float.Input("duration", default=60.0, min=0.0, step=0.01),
            ],
            outputs=[io.Audio.Output()],
        )

    @classmethod
    def execute(cls, audio, start_index, duration):
        rate = audio["sample_rate"]
        start = round(start_index * rate)
        part = audio["waveform"][..., start : start + round(duration * rate)]
        return io.NodeOutput({"waveform": part, "sample_rate": rate})


class AudioConcat(io.ComfyNode):
    """Two sounds of one rate after each other, in stereo."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="AudioConcat",
            inputs=[
                io.Audio.Input("audio1"),
                io.Audio.Input("audio2"),
                io.Combo.Input("direction", options=["after", "before"], default="after"),
            ],
            outputs=[io.Audio.Output()],
        )

    @classmethod
    def execute(cls, audio1, audio2, direction):
        parts = [stereo(each["waveform"]) for each in in_one_rate(audio1, audio2)]
        joined = torch.cat(parts if direction == "after" else parts[::-1], dim=-1)
        return io.NodeOutput({"waveform": joined, "sample_rate": audio1["sample_rate"]})


class AudioMerge(io.ComfyNode):
    """The sum of two sounds of one rate and length."""

    @classmethod
    def define_schema(cls):
        methods = ["add", "mean", "subtract", "multiply"]
        return io.Schema(
            node_id="AudioMerge",
            inputs=[
                io.Audio.Input("audio1"),
                io.Audio.Input("audio2"),
                io.Combo.Input("merge_method", options=methods),
            ],
            outputs=[io.Audio.Output()],
        )

    @classmethod
    def execute(cls, audio1, audio2, merge_method):
        if merge_method != "add":
            raise NotImplementedError(f"The stand-in only adds, it can't {merge_method}.")
        first, second = (each["waveform"] for each in in_one_rate(audio1, audio2))
        total = first + second
        total = total / total.abs().max().clamp(min=1)
        return io.NodeOutput({"waveform": total, "sample_rate": audio1["sample_rate"]})


def in_one_rate(*sounds: dict) -> tuple[dict, ...]:
    """Return sounds as they are, if they have one rate; the stand-in resamples nothing."""
    if len({each["sample_rate"] for each in sounds}) > 1:
        raise NotImplementedError("The stand-in joins only sounds of one rate.")
    return sounds


def stereo(waveform):
    """Give a mono sound (B, 1, T) a second channel."""
    return waveform.expand(-1, 2, -1) if waveform.shape[1] == 1 else waveform


SOUND_NODES = (EmptyAudio, TrimAudioDuration, AudioConcat, AudioMerge)
