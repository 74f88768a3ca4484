"""Several people in one picture: who they are, who speaks when, and their frames."""
