"""A 3D head: its model, its fit to a face, the depth that it gives a picture, and its teeth."""
