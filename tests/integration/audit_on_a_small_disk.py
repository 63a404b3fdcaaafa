"""An endpoint whose audit lies on a disk of 48 MiB that fills up; run in a mount namespace of its own.

Prints what it answered and what the audit has, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from pipeline.base.progress import SilentReporter
from pipeline.recipe.serve import AuditSettings
from pipeline.runtimes.scratch import ScratchFolder
from serve.audit.chain import audit_files
from serve.audit.recorder import AuditRecorder
from serve.audit.verify import verify_folder
from serve.endpoint import EndpointFolder
from tests.fakes.counted_engine import CountedEngine
from tests.gateways import BACKEND, BEARER, OpenGateway, open_gateway

_RESERVE = 16 << 20
_PLACE = f"{BACKEND}/place-1"


def _free(folder: Path) -> int:
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


def main() -> None:
    """Answer, fill the disk, be refused, make room, answer again."""
    with tempfile.TemporaryDirectory() as base, ScratchFolder() as scratch:
        disk = Path(base) / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=True)
        folder = EndpointFolder(disk / "mine")
        doors: list[OpenGateway] = []

        def on_problem(problem: str | None) -> None:
            for door in doors:
                door.refuse(problem)

        recorder = AuditRecorder(
            folder,
            AuditSettings(strict=True),
            log=Path(base) / "audit.log",
            reporter=SilentReporter(),
            on_problem=on_problem,
            reserve_bytes=_RESERVE,
        )
        statuses: Counter[int] = Counter()
        ids = []
        with (
            recorder,
            CountedEngine(scratch / "engine.sock", recorder.usage_file(_PLACE)),
            open_gateway(scratch, Path(base) / "haproxy.log", lines=recorder.door_file()) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False, headers=BEARER) as client,
        ):
            doors.append(gateway)
            for number in range(400):
                if number == 100:
                    (disk / "ballast").write_bytes(b"x" * (_free(disk) - (1 << 20)))
                answer = client.post("/v1/completions", json={"model": "fake", "max_tokens": 1})
                statuses[answer.status_code] += 1
                ids += [answer.headers["X-Request-Id"]] if answer.status_code == httpx.codes.OK else []
                time.sleep(0.005)
            (disk / "ballast").unlink()
            while gateway.refusing:
                time.sleep(0.05)
            after = client.post("/v1/completions", json={"model": "fake", "max_tokens": 1}).status_code
            dropped = gateway.figures().dropped_logs
        lines = [json.loads(line) for path in audit_files(folder.audit) for line in path.open(encoding="utf-8")]
        status = recorder.status()
        found = {
            "statuses": statuses,
            "answered": len(ids),
            "refused": statuses[503],
            "lines_of_answered": len({line["id"] for line in lines if line.get("id") in set(ids)}),
            "answered_after": after,
            "dropped": dropped,
            "lost": status.lost,
            "whole": verify_folder(folder.audit).whole,
        }
        subprocess.run(["umount", "-l", str(disk)], check=True)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
