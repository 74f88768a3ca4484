"""How good a talking head is, by figures: lips against the sound, the head, and the picture."""
