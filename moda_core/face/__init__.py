"""Finding a face in a picture: detection, landmarks, and the choice among several."""
