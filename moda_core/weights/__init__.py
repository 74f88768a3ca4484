"""Reading of weights: formats, manifests, strict loading, conversion."""
