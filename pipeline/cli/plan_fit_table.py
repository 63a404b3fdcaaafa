"""What `awqctl plan fit` learned, on a terminal."""

from typing import Any

from pipeline.base.format import NONE, extent, listed, number, percent, plural


def print_fit(fit: Any, screen: Any) -> None:
    """Print what is known of each device that a run was made on, how good it is, and where it was written."""
    for lesson in fit.lessons:
        gpus = f"{lesson.gpus} x " if lesson.gpus > 1 else ""
        _line(screen, f"{gpus}{lesson.device}, {lesson.quantization}, {lesson.kernel}, vLLM {lesson.vllm}")
        least, most = lesson.weights_gib
        sizes = extent(least, most, lambda gib: f"{number(gib)} GiB")
        _line(screen, f"  by {plural(lesson.runs, 'run')} of {listed(lesson.models)} (weights {sizes})")
        for name, learned, form in (
            ("bandwidth attained", lesson.bandwidth_gb_s, lambda value: f"{number(value)} GB/s"),
            ("compute attained", lesson.tflops, lambda value: f"{number(value)} TFLOPS"),
            ("memory beside", lesson.beside_gib, lambda value: f"{number(value)} GiB"),
        ):
            _line(screen, f"  {name:<20} {_learned(learned, form)}")
        _line(screen, f"  median error of the throughput: {_errors(lesson)}")
    for reason in fit.left_out:
        _line(screen, f"Not learned from: {reason}.")
    _line(screen, f"Written to {fit.file}; `awqctl plan` uses it on these devices.")


def _learned(found: Any, form: Any) -> str:
    if found is None:
        return "not told by these runs"
    planned = "no plan without runs" if found.planned is None else f"{form(found.planned)} without runs"
    return f"{form(found.value)}, another run {extent(found.low, found.high, form)} (80 %); {planned}"


def _errors(lesson: Any) -> str:
    """Return the error without corrections, with them, and with those of other runs alone."""
    before, after, left = (
        NONE if error is None else percent(error)
        for error in (lesson.error, lesson.error_in_sample, lesson.error_left_out)
    )
    unknown = "one run alone does not tell how well it serves another"
    told = unknown if lesson.error_left_out is None else f"{left} with each run left out"
    return f"{before} uncorrected, {after} corrected by these very runs; {told}"


def _line(screen: Any, text: str) -> None:
    screen.print(text, markup=False, soft_wrap=True)
