"""NVIDIA's critical errors (XID): what a number means and what to do.

Source: https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, whose resolution buckets these are.
"""

from typing import Literal

Bucket = Literal["restart the application", "reset the GPU", "check the hardware", "update the driver", "follow"]

_REMEDIES: dict[Bucket, str] = {
    "restart the application": "Look into the engine's log and start it again; with another error each time, "
    "look at the GPU.",
    "reset the GPU": "Stop what runs on it and reset it (`nvidia-smi --gpu-reset -i N`), or restart the machine.",
    "check the hardware": "Restart the machine; if it comes back, look at seating, power and cooling, and have the GPU "
    "replaced.",
    "update the driver": "Restart the machine; if it comes back, install another version of the driver.",
    "follow": "Do what the driver asks for: `nvidia-smi -q` names the recovery action.",
}
_XIDS: dict[int, tuple[str, Bucket]] = {
    13: ("exception of a kernel", "restart the application"),
    31: ("memory access by a kernel that is not allowed", "restart the application"),
    43: ("a process stopped working on the GPU", "restart the application"),
    45: ("a process was removed from the GPU", "restart the application"),
    48: ("memory error that cannot be corrected", "reset the GPU"),
    61: ("microcontroller breakpoint", "update the driver"),
    62: ("microcontroller halted", "reset the GPU"),
    63: ("memory row remapped; in force after a reset", "reset the GPU"),
    64: ("memory row could not be remapped", "check the hardware"),
    69: ("exception of the graphics engine", "restart the application"),
    74: ("NVLink error", "check the hardware"),
    79: ("the GPU has fallen off the bus", "check the hardware"),
    92: ("many corrected memory errors", "check the hardware"),
    94: ("memory error, contained in one application", "restart the application"),
    95: ("memory error that was not contained", "reset the GPU"),
    109: ("context switch timed out", "update the driver"),
    119: ("the GPU's system processor (GSP) does not answer", "reset the GPU"),
    120: ("error of the GPU's system processor (GSP)", "reset the GPU"),
    140: ("memory error that was not recovered", "reset the GPU"),
    143: ("the GPU could not be initialized", "check the hardware"),
    149: ("NVLink error", "check the hardware"),
    154: ("the driver asks for a recovery action", "follow"),
}


def xid_text(number: int) -> str:
    """Return what a number means: `XID 79 (the GPU has fallen off the bus)`."""
    known = _XIDS.get(number)
    return f"XID {number} ({known[0]})" if known else f"XID {number}"


def xid_remedy(number: int) -> str:
    """Return what to do."""
    known = _XIDS.get(number)
    return _REMEDIES[known[1]] if known else f"Look up XID {number} in NVIDIA's catalogue of XID errors."
