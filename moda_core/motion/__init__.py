"""The 70 numbers of a frame of motion: statistics, keypoints, controls, regions, files."""
