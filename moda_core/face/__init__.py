"""Face detection, landmarks, and the choice among several faces."""
