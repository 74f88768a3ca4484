"""The bundled portraits and speech."""

from pathlib import Path

PORTRAIT = Path(__file__).with_name("portrait.jpg")
SECOND_PORTRAIT = Path(__file__).with_name("second_portrait.jpg")  # of the same height
SPEECH = Path(__file__).with_name("speech.flac")
