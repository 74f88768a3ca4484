"""The networks that turn a portrait and keypoints into frames (spec F)."""
