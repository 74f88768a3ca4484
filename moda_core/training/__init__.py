"""How the starter's motion model was made."""
