"""Noise levels of flow models, and how noise is mixed in."""

import torch


class CONST:
    """A path straight from noise to clean."""

    def noise_scaling(self, sigma, noise, latent_image, max_denoise=False):
        """Return the latents at a noise level."""
        return sigma * noise + (1 - sigma) * latent_image

    def inverse_noise_scaling(self, sigma, latent):
        """Return clean latents."""
        return latent / (1 - sigma)


class ModelSamplingDiscreteFlow(torch.nn.Module):
    """Noise levels above 0 and up to 1."""

    def __init__(self, model_config=None):
        super().__init__()
        self.register_buffer("sigmas", torch.arange(1, 1001) / 1000)

    @property
    def sigma_min(self):
        """Return the lowest noise level."""
        return self.sigmas[0]

    @property
    def sigma_max(self):
        """Return the highest noise level."""
        return self.sigmas[-1]

    def percent_to_sigma(self, percent):
        """Return the noise level after a share of the way."""
        return min(max(1.0 - percent, 0.0), 1.0)
