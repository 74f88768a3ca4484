"""The ticks of an axis and their labels."""

import math

TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
CLOCK_FROM_S = 120  # from this duration on, times read as minutes and seconds


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5, times a power of 10, that is at least ``span / most``."""
    least = span / most * (1 - 1e-9)
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """Return the labelled values of an axis, in at most `most` steps, with 0 if it is in range."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def time_ticks(duration_s: float, most: int) -> list[float]:
    """Return the labelled times of an axis in seconds, from 0 on, in at most `most` steps."""
    step = nice_step(duration_s, most)
    if step > 1:
        step = next((usual for usual in TIME_STEPS_S if usual >= duration_s / most), step)
    return [index * step for index in range(math.floor(duration_s / step + 1e-9) + 1)]


def time_label(time_s: float, duration_s: float) -> str:
    """Return the label of a time on an axis: `2.5`, or `1:30` on long ones."""
    if duration_s < CLOCK_FROM_S:
        return f"{round(time_s, 6):g}"
    hours, seconds = divmod(round(time_s), 3600)
    if duration_s < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{hours}:{seconds // 60:02d}:{seconds % 60:02d}"


def time_unit(duration_s: float) -> str:
    """Return the unit of `time_label`."""
    if duration_s < CLOCK_FROM_S:
        return "seconds"
    return "minutes : seconds" if duration_s < 3600 else "hours : minutes : seconds"
