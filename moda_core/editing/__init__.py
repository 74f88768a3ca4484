"""What is done to finished motion: mixed, posed, smoothed, retimed, faded and joined."""
