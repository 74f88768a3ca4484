"""A 3D head: its model, its fit to a face, and the depth that it gives a picture."""
