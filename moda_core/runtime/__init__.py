"""Loading, threads, background work, chunks of frames, out-of-memory errors, and timing."""
