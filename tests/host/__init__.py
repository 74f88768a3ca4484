"""Tests that need a host: the stand-in, or a real ComfyUI named by COMFYUI_PATH."""
