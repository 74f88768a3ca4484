"""The built-in renderer, which warps a picture and needs no weights."""
