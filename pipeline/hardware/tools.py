"""What a vendor's command line tool answers."""

import shutil
import subprocess

_TIMEOUT_S = 30


def answer_of(*command: str) -> str:
    """Return what a command prints on standard output; nothing where it is missing or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=True).stdout
        return answer.decode(errors="replace")
    except (subprocess.SubprocessError, OSError):
        return ""
