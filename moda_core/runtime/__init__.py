"""Threads, background work, chunks of frames, and running out of memory."""
