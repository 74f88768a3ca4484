"""A conversation: who speaks moves as their speech says, and who does not listens."""

from collections.abc import Callable

import torch
from torch import Tensor

from ...audio.phrases import Span, merged_spans
from ...editing.lips import speech_matrix
from ...editing.mixing import difference
from ...motion.motion import EXPRESSION, FPS, HEAD, Motion
from ..rest_pose import rest_pose
from .cast import Cast, Speaker
from .listening import FARTHEST, Listening, envelope, listen
from .speech_parts import Sound, SpeechParts
from .voice_activity import voice_spans

# Pauses up to this stay with the speaker: the state changes with hysteresis.
HOLDS_S = 0.8
# In which the lips, and all else, begin to move before speech and settle after it. Smiles are of
# the face: they outlast the words.
LIPS_S, FACE_S = (0.12, 0.09), (0.4, 0.7)


def converse(
    cast: Cast,
    speech: SpeechParts,
    perform: Callable[[Speaker, Sound], Motion],
    listening: Listening | None = None,
    seed: int = 0,
) -> Cast:
    """Return a cast whose motions are those of a conversation.

    Parameters
    ----------
    speech : SpeechParts
        What each of the cast says, in its order.
    perform : callable (speaker, sound) -> Motion
        Samples the motion of a speaker for a sound (waveform, sample rate) as long as the
        conversation, at 25 frames a second. Not called for who says nothing.
    listening : Listening, optional
    seed : int
        Draws blinks, glances and nods.

    Raises
    ------
    ValueError
        If the number of parts is not that of the cast.
    """
    if len(speech.own) != len(cast):
        raise ValueError(
            f"Expected {len(cast)} parts, one for each speaker, got {len(speech.own)}."
        )
    phrases = [voice_spans(own, speech.sample_rate) for own in speech.own]
    motions = []
    for index, speaker in enumerate(cast.speakers):
        spoken = None
        if phrases[index]:
            spoken = perform(speaker, (speech.own[index], speech.sample_rate))
        others = [other for other in range(len(cast)) if other != index]
        rest, head = _rest(spoken, speaker)
        listened = listen(
            max(speech.duration_s, 1 / FPS),
            merged_spans(phrases[index], HOLDS_S),
            [phrases[other] for other in others],
            [_side(speaker, cast.speakers[other]) for other in others],
            rest,
            head,
            listening,
            seed + index,
        )
        motions.append(listened if spoken is None else alternate(spoken, listened, phrases[index]))
    return cast.with_motions(motions)


def alternate(spoken: Motion, listened: Motion, phrases: list[Span]) -> Motion:
    """Cross-fade the motion of speech with that of listening, by when there is a voice.

    Parameters
    ----------
    spoken, listened : Motion
        Of one frame rate; the first gives the length and the expression at rest.
    phrases : list of (start, stop)
        When the person's voice is heard, in seconds.

    Returns
    -------
    Motion
        The lips are those of listening from a tenth of a second after speech on, the rest of the
        face and the head follow more slowly.
    """
    states = merged_spans(phrases, HOLDS_S)
    listened = listened.resampled(spoken.fps, len(spoken))
    change = difference(spoken, listened)
    lips = torch.zeros_like(change)
    lips[:, EXPRESSION] = change[:, EXPRESSION] @ speech_matrix().to(change)
    silent = [
        1 - envelope(spoken.time_s, states, *seconds)[:, None] for seconds in (LIPS_S, FACE_S)
    ]
    values = spoken.values.double() + silent[0] * lips + silent[1] * (change - lips)
    return Motion(values.to(spoken.values), spoken.rest, spoken.fps)


def _rest(spoken: Motion | None, speaker: Speaker) -> tuple[Tensor | None, Tensor | None]:
    """Return the expression at rest and the head pose of a listener.

    The head is the mean of the speech's, from which each turn departs.
    """
    if spoken is None:
        return rest_pose(None, speaker.portrait)
    return spoken.rest, spoken.values[:, HEAD].double().mean(dim=0).float()


def _side(speaker: Speaker, other: Speaker) -> float:
    """Return how far another person is to the image's right, from -1 to 1."""
    face = speaker.portrait.landmarks
    away = float(other.portrait.landmarks.eyes[0] - face.eyes[0]) / face.eye_distance
    return max(-1.0, min(1.0, away / FARTHEST))
