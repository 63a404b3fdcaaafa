"""A calibration of the load client that no test has to wait for."""

from pathlib import Path

from eval.bench.load.calibration import calibration_path
from eval.bench.load.ceiling import Calibration
from eval.bench.load.client import LoadClient


def calibrate_as_known(client: LoadClient, home: Path, *, ceiling: float = 10_000) -> None:
    """Put a calibration with a high ceiling where it is looked for."""
    known = Calibration(
        client=client.version,
        machine="of a test",
        measured_at="2026-11-29T12:00:00+00:00",
        ceiling_output_tokens_per_s=ceiling,
        ceiling_concurrency=1_000,
        foreign_cpu_share=0,
        levels=(),
    )
    path = calibration_path(client, home)
    path.parent.mkdir(exist_ok=True)
    path.write_text(known.model_dump_json())
