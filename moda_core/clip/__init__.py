"""A face in a clip: followed, seen performing, and played with another motion frame by frame."""
