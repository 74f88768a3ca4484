"""Emotion labels, emotions over time, and the words that users have for them."""
