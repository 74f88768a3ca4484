"""How far two motions are apart in style, measured apart from the code that moves it."""

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from moda_core.motion.controls import CONTROLS, read
from moda_core.motion.motion import Motion

# Each statistic's unit: about how much two takes of a speaker differ in it.
UNITS = {
    "scale": 0.007,
    "x": 0.006,
    "y": 0.004,
    "pitch": 3.0,
    "yaw": 3.0,
    "roll": 1.5,
    "brow": 0.15,
    "worry": 0.15,
    "frown": 0.15,
    "gaze": 0.15,
    "lids": 0.15,
    "blinks": 10.0,  # a minute
    "rhythm": 0.5,  # octaves
}
GROUPS = {
    "pose": ("scale", "x", "y", "pitch", "yaw", "roll"),
    "brows": ("brow", "worry", "frown"),
    "eyes": ("gaze", "lids"),
    "blinks": ("blinks",),
    "rhythm": ("rhythm",),
}
HEAD_DIMS = {"scale": 63, "x": 64, "y": 65, "pitch": 67, "yaw": 68, "roll": 69}
JITTER_S = 0.1  # deviation of the smoothing before speeds are measured
LIDS_S, SHUT = 2.0, 0.5
SLOWEST_HZ = 0.02


def curves_of(motion: Motion) -> dict[str, np.ndarray]:
    """Return the curves that style is measured on, (N,) by name."""
    values = motion.values.double().numpy()
    controls = read(motion.offset.double()).numpy()
    curves = {name: values[:, dim] for name, dim in HEAD_DIMS.items()}
    curves |= {
        name: controls[:, CONTROLS.index(name)] for name in (*GROUPS["brows"], "gaze", "jaw")
    }
    curves["shown lids"] = sum(controls[:, CONTROLS.index(f"blink_{s}")] for s in ("left", "right"))
    curves["shown lids"] /= 2
    curves["lids"] = median_filter(curves["shown lids"], size=int(LIDS_S * motion.fps) | 1)
    return curves


def blinks_per_minute(curves: dict[str, np.ndarray], fps: float) -> float:
    """Count the times that the lids pass half of the way from open to shut."""
    opened = curves["lids"]
    shut = curves["shown lids"] - opened > SHUT * (1 - opened)
    return 60 * float((shut[1:] & ~shut[:-1]).sum() + shut[0]) * fps / len(shut)


def mean_frequency(curves: dict[str, np.ndarray], fps: float) -> float:
    """Return the frequency of a sine that would be as fast as the angles for their size, in Hz."""
    names = ("pitch", "yaw", "roll")
    angles = np.stack([curves[name] / UNITS[name] for name in names])
    smooth = gaussian_filter1d(angles, JITTER_S * fps, axis=1)
    spread = smooth.var(1).sum()
    speed = (np.diff(smooth, axis=1) * fps).var(1).sum() if smooth.shape[1] > 1 else 0.0
    return float(np.sqrt(speed / max(spread, 1e-12)) / (2 * np.pi))


def style_distances(motion: Motion, reference: Motion) -> dict[str, float]:
    """Return how far a motion's style is from that of a reference, by `GROUPS`, in `UNITS`.

    Root mean squares of the differences of means and deviations, of blinks a minute, and of the
    logarithms of the head's frequency.
    """
    own, wanted = curves_of(motion), curves_of(reference)
    found = {}
    for group, names in GROUPS.items():
        if group in ("blinks", "rhythm"):
            continue
        differences = [
            (measure(own[name]) - measure(wanted[name])) / UNITS[name]
            for name in names
            for measure in (np.mean, np.std)
        ]
        found[group] = float(np.sqrt(np.mean(np.square(differences))))
    rates = [blinks_per_minute(each, m.fps) for each, m in ((own, motion), (wanted, reference))]
    found["blinks"] = abs(rates[0] - rates[1]) / UNITS["blinks"]
    tempos = [mean_frequency(each, m.fps) for each, m in ((own, motion), (wanted, reference))]
    octaves = np.diff(np.log2(np.maximum(tempos, SLOWEST_HZ)))
    found["rhythm"] = abs(float(octaves[0])) / UNITS["rhythm"]
    return found


def jaw_correlation(motion: Motion, other: Motion) -> float:
    """Return the correlation of the jaws of two motions of one length."""
    return float(np.corrcoef(curves_of(motion)["jaw"], curves_of(other)["jaw"])[0, 1])
