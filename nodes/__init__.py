"""The pack's ComfyUI nodes."""
