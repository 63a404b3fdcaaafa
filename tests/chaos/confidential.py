"""What must not leave: secrets into files and command lines, and anything into the network."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil

from tests.chaos.row import Row
from tests.chaos.served import Served, Setting
from tests.chaos.traffic import Load, Traffic, failed, running, said

_PRIVATE = ("haproxy.cfg", "endpoint.pem")
"""Files of mode 0600 that the door reads its own secrets from."""

_AMONG = ("logs/", "audit/", "mlruns/", "exported/", "record.json", "command line")
"""What must be among the places, or nothing was looked at."""


def planted_secrets() -> Row:
    """Tokens in the environment, keys, prompts and answers, looked for wherever anything is written."""
    planted = {
        name: f"canary{secrets.token_hex(12)}" for name in ("HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY")
    }
    prompt = f"canary{secrets.token_hex(12)}"
    with Served(Setting(replicas=2, environment=planted)) as served:
        found = {f"the variable {name}": value for name, value in planted.items()}
        found |= {"the API key": served.key, "the prompt": prompt}
        with running(Traffic(served.target, Load(50), prompt=prompt), 4) as traffic:
            found["the engines' key"] = _engine_key(served)
            lines = list(_command_lines(served))
        for engine in served.engines().values():
            engine.kill()  # what is said of a death is a place to look, too
        done = [served.awqctl(*command) for command in _COMMANDS]
        texts = [*_files(served.folder), *(("a command line", line) for line in lines)]
        texts += [("what a command says", (one.stdout + one.stderr).encode()) for one in done]
    hits = [f"{name} in {place}" for name, value in found.items() for place, text in texts if value.encode() in text]
    bad = (" ".join(command) for command, one in zip(_COMMANDS, done, strict=True) if one.returncode)
    seen = [f"`{command}` FAILED" for command in bad]
    seen += [f"NO {name} seen" for name in _AMONG if not any(name in place for place, _ in texts)]
    return Row(
        what="planted secrets: tokens in the environment, API key, the engines' key, a prompt",
        asked="0 in logs, MLflow, records, exports, command lines",
        reached=f"{len(hits)} in {len(texts)} places looked at, {', '.join(_AMONG)} among them"
        + "".join(f"; {hit}" for hit in hits[:5] or seen),
        passed=not hits and not seen and not failed(traffic.answers),
        requests=len(traffic.answers),
    )


_COMMANDS = (
    ("keys", "ls", "--json"),
    ("keys", "ls"),
    ("serve", "status", "--json"),
    ("serve", "export", "monitoring", "--out", "exported", "--target", "127.0.0.1:9100"),
    ("serve", "export", "systemd", "demo"),
    ("audit", "usage", "--json"),
)


def no_way_out() -> Row:
    """The endpoint in a network namespace that has loopback alone."""
    inside = 'ip link set lo up && exec "$@"'
    command = ["unshare", "-rn", "sh", "-c", inside, "sh", sys.executable, "-m", "tests.chaos.confidential"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Row(**json.loads(done.stdout.splitlines()[-1]))


def _without_network() -> Row:
    interfaces = sorted(psutil.net_if_addrs())
    with Served(Setting()) as served, running(Traffic(served.target, Load(60, stream=True)), 6) as traffic:
        pass
    return Row(
        what="no way out: a network namespace that has loopback alone",
        asked="serves and answers",
        reached=f"interfaces: {', '.join(interfaces)}; {said(traffic.answers)}",
        passed=interfaces == ["lo"] and not failed(traffic.answers) and bool(traffic.answers),
        requests=len(traffic.answers),
    )


def _engine_key(served: Served) -> str:
    engine = next(iter(served.engines().values()))
    return engine.environ()["VLLM_API_KEY"]


def _command_lines(served: Served) -> Iterator[bytes]:
    for pid in [served.process.pid, *(process.pid for process in served.below())]:
        with contextlib.suppress(OSError):
            yield Path(f"/proc/{pid}/cmdline").read_bytes()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if name not in _PRIVATE and path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()


if __name__ == "__main__":
    print(json.dumps(asdict(_without_network())))
