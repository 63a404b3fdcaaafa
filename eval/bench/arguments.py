"""An engine's arguments by option, and how many GPUs they ask for. Pure."""

from collections.abc import Mapping, Sequence

PARALLEL = (("tensor-parallel-size", "-tp"), ("pipeline-parallel-size", "-pp"))
"""Options, with their short forms, of which the product is the number of GPUs that one engine uses."""


def options_of(arguments: Sequence[str]) -> dict[str, str]:
    """Return the values by option, without the dashes of long ones; `on` for a switch."""
    found: dict[str, list[str]] = {}
    option = ""
    for argument in arguments:
        if argument.startswith("-") and not argument.lstrip("-").replace(".", "").isdigit():
            option, _, value = argument.removeprefix("--").partition("=")
            found[option] = [value] if value else []
        else:
            found.setdefault(option, []).append(argument)
    return {option: " ".join(values) or "on" for option, values in found.items()}


def workers_of(options: Mapping[str, str]) -> int:
    """Return how many GPUs one engine uses; on the CPU how many NUMA nodes."""
    found = 1
    for names in PARALLEL:
        found *= next((int(options[name]) for name in names if name in options), 1)
    return found
