"""Stand-in for the parts of ComfyUI's core that the pack speaks to."""
