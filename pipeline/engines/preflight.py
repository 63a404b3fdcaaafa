"""What an engine needs of this machine, asked before it starts."""

import shutil

from pipeline.base.errors import EnvironmentLackError
from pipeline.recipe.engine import Engine
from pipeline.runtimes.specs import Resolved


def check_compiler(engine: Engine, accelerator: Resolved) -> None:
    """Refuse to compile on a CPU machine without a C++ compiler.

    Raises:
        EnvironmentLackError: it is missing and the recipe does not say `enforce_eager`.
    """
    if accelerator == "cpu" and not engine.enforce_eager and shutil.which("g++") is None:
        raise EnvironmentLackError(
            "vLLM compiles the model with g++ on the CPU, and there is none. "
            "Install g++, or set engine.enforce_eager=true (quicker start, slower steps)."
        )
