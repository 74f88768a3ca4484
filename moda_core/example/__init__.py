"""The bundled portrait and speech."""

from pathlib import Path

PORTRAIT = Path(__file__).with_name("portrait.jpg")
SPEECH = Path(__file__).with_name("speech.flac")
