"""The pack in a real ComfyUI's page, driven in Chromium."""
