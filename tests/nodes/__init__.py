"""Tests of the nodes, on the stand-in host or on a real ComfyUI named by COMFYUI_PATH."""
