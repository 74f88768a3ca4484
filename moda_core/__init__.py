"""MoDA talking heads in PyTorch: speech and a portrait in, facial motion and frames out."""
