"""The load client: `vllm-rs bench serve`, out of the environment that has it, or by itself."""

from pathlib import Path

from pipeline.base.progress import Reporter
from pipeline.runtimes.specs import ANY, external_interpreter, spec_for
from pipeline.runtimes.store import Runtime, ensure, is_ready, place

ENGINE = "loadgen"
"""Name of the runtime."""


def ensure_loadgen(home: Path, reporter: Reporter) -> Runtime:
    """Return the load client; that of the CUDA environment of vLLM where it is there, else one made for it alone.

    Raises:
        RuntimeInstallError: it could not be made; the message has the root cause.
    """
    beside = None if external_interpreter(ENGINE) else _beside_vllm(home)
    return beside or ensure(ENGINE, ANY, home, reporter)


def _beside_vllm(home: Path) -> Runtime | None:
    """Return the client in the CUDA environment of vLLM, whose lock has the same wheel."""
    spec, program = spec_for("vllm", "cuda"), spec_for(ENGINE, ANY).program
    if not is_ready(spec, home) or external_interpreter("vllm"):
        return None
    found = next(place(spec, home).glob(f"lib/python*/site-packages/{program}"), None)
    return Runtime(ENGINE, spec.version, spec.digest, found, "lock") if found else None
