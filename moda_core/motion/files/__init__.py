"""Motion in files: safetensors, JSON, and LivePortrait's motion templates."""
