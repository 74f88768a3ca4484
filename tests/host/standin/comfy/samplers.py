"""ComfyUI's samplers, of which the stand-in has Euler's."""

import math


class Sampler:
    """Base of what a SAMPLER link carries."""

    def max_denoise(self, model_wrap, sigmas):
        """Tell whether sampling begins with pure noise."""
        highest = float(model_wrap.inner_model.model_sampling.sigma_max)
        return math.isclose(highest, float(sigmas[0]), rel_tol=1e-5) or float(sigmas[0]) > highest


class KSAMPLER(Sampler):
    """A sampler that is a function of a denoiser, noise and noise levels."""

    def __init__(self, sampler_function, extra_options=None, inpaint_options=None):
        self.sampler_function = sampler_function
        self.extra_options = extra_options or {}

    def sample(
        self,
        model_wrap,
        sigmas,
        extra_args,
        callback,
        noise,
        latent_image=None,
        denoise_mask=None,
        disable_pbar=False,
    ):
        """Return clean latents; the model is called with noise levels of shape (B,)."""
        flow = model_wrap.inner_model.model_sampling
        begin = self.max_denoise(model_wrap, sigmas)
        latents = flow.noise_scaling(sigmas[0], noise, latent_image, begin)

        def heard(step):
            callback(step["i"], step["denoised"], step["x"], len(sigmas) - 1)

        options = {"extra_args": extra_args, "callback": heard, "disable": disable_pbar}
        latents = self.sampler_function(
            model_wrap, latents, sigmas, **options, **self.extra_options
        )
        return flow.inverse_noise_scaling(sigmas[-1], latents)


def sample_euler(model, x, sigmas, extra_args, callback, disable):
    """Follow the model's direction at the beginning of each step."""
    for index in range(len(sigmas) - 1):
        denoised = model(x, sigmas[index] * x.new_ones(len(x)), **extra_args)
        callback({"x": x, "i": index, "denoised": denoised})
        x = x + (x - denoised) / sigmas[index] * (sigmas[index + 1] - sigmas[index])
    return x


def sampler_object(name):
    """Return a sampler by its name."""
    return KSAMPLER({"euler": sample_euler}[name])
