"""The released renderer: the portrait networks, driving, and frames."""
