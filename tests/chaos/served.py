"""`awqctl serve` as users start it, in a home and a folder of its own, and the ways to break parts of it."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import psutil
import yaml

from pipeline.base.yaml_text import read_yaml
from pipeline.hardware.machine import Machine
from pipeline.models import packaged_model
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, read_manifest, write_manifest
from pipeline.recipe.load import load_recipe, packaged_recipes
from pipeline.record.environment import Environment
from pipeline.record.record import RECORD, RunRecord, StageResult, save_record
from pipeline.run.stages import settings_of, stage_named
from serve.endpoint import EndpointFolder, endpoint_folder
from serve.gateway.keys import KeyStore
from serve.gateway.tls import ensure_certificate
from tests.chaos.client import Target
from tests.fakes.scripted_engine import interpreter, order
from tests.results import quantize_result

REPO = Path(__file__).parents[2]
MODEL = "demo"
_PORTS = range(20_000, 30_000)


@dataclass(frozen=True)
class Setting:
    """What is served."""

    replicas: int = 3
    slots: int = 64
    """Answers in the batch of each engine at once."""
    ttft_s: float = 0.02
    tpot_s: float = 0.005
    load_s: float = 0.5
    real: Path | None = None
    """Python of a real vLLM; None for the scripted engine."""
    more: tuple[str, ...] = ()
    """Further `--set`."""
    wrapper: tuple[str, ...] = ()
    """In front of the command."""
    environment: dict[str, str] = field(default_factory=dict)


class Served:
    """The command, running; a context manager that leaves nothing behind."""

    last_errors: ClassVar[str] = ""
    """What the command that ended last had said on standard error."""

    def __init__(self, setting: Setting, *, certificates: int = 0) -> None:
        self.setting = setting
        self._certificates = certificates
        self._scratch = tempfile.TemporaryDirectory(prefix="chaos-")
        self.folder = Path(self._scratch.name)
        self.scripts = self.folder / "scripts"
        self.process: subprocess.Popen[str]
        self.target: Target
        self.said: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.out = self.folder / "out"
        write_run(self.out, real=self.setting.real is not None)
        self.recipe = self.folder / f"{MODEL}.yaml"
        shutil.copy(packaged_recipes()[MODEL], self.recipe)
        self._make_certificates()
        self._home = os.environ.get("AWQCTL_HOME")
        os.environ["AWQCTL_HOME"] = str(self.folder / "home")
        self.key = KeyStore(self.endpoint.keys).add("chaos").key
        python = self.setting.real or interpreter(
            self.folder,
            self.scripts,
            ttft_s=self.setting.ttft_s,
            tpot_s=self.setting.tpot_s,
            load_s=self.setting.load_s,
        )
        self._environment = {**os.environ, "AWQCTL_RUNTIME_VLLM": str(python), "PYTHONPATH": str(REPO)}
        self._environment |= self.setting.environment
        self.port = _free_port()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        Served.last_errors = self.errors
        if self._home is None:
            del os.environ["AWQCTL_HOME"]
        else:
            os.environ["AWQCTL_HOME"] = self._home
        self._scratch.cleanup()

    @property
    def endpoint(self) -> EndpointFolder:
        """Return the endpoint's folder."""
        return endpoint_folder(MODEL)

    @property
    def errors(self) -> str:
        """Return what the command has said on standard error."""
        return (self.folder / "errors.txt").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start the command, and wait until it says how to call the endpoint."""
        command = [
            *self.setting.wrapper,
            sys.executable,
            "-m",
            "pipeline.cli",
            "serve",
            str(self.recipe),
            "--json",
            "--verbose",
        ]
        settings = ["engine.accelerator=cpu", f"serve.replicas={self.setting.replicas}"]
        settings += [f"engine.max_num_seqs={self.setting.slots}", *self.setting.more]
        command += [part for one in settings for part in ("--set", one)]
        command += ["--out", str(self.out), "--port", str(self.port)]
        with (self.folder / "errors.txt").open("a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.said = json.loads(self._announcement())
        authority = self.folder / "authorities.pem" if self._certificates else self.said["ca_certificate"]
        self.target = Target(self.said["base_url"], self.key, self.said["model"], authority and Path(authority))

    def _announcement(self) -> str:
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"awqctl serve did not start: {self.errors[-2000:]}")
            text += line
        return text

    def stop(self) -> None:
        """Stop the command, and whatever of it is still there."""
        below = self.below()
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self.process.kill()
        self.process.wait()
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)
        eventually(lambda: not any(alive(process) for process in below), 15)
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def below(self) -> list[psutil.Process]:
        """Return all processes of the endpoint but the command itself."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def engines(self) -> dict[str, psutil.Process]:
        """Return the engines' processes by their places (`m1-p1`)."""
        found = {}
        for process in self.below():
            with contextlib.suppress(psutil.Error):
                line = process.cmdline()
                if "--uds" in line and not any(part.endswith("guardian.py") for part in line):
                    found[Path(line[line.index("--uds") + 1]).stem] = process
        return found

    def gateway(self) -> list[psutil.Process]:
        """Return HAProxy's processes."""
        found = []
        for process in self.below():
            with contextlib.suppress(psutil.Error):
                if process.name() == "haproxy":
                    found.append(process)
        return found

    def edit_recipe(self, **sections: dict[str, Any]) -> None:
        """Change settings in the recipe's file."""
        document = read_yaml(self.recipe.read_text(encoding="utf-8"))
        for name, values in sections.items():
            document[name] = {**document.get(name, {}), **values}
        self.recipe.write_text(yaml.safe_dump(document), encoding="utf-8")

    def _make_certificates(self) -> None:
        """Make those that are asked for, each in a folder, and use the first."""
        authorities = ""
        for number in range(1, self._certificates + 1):
            made = ensure_certificate("127.0.0.1", self.folder / f"tls-{number}")
            authorities += made.certificate.read_text(encoding="utf-8")
        if self._certificates:
            (self.folder / "authorities.pem").write_text(authorities, encoding="utf-8")
            self.use_certificate(1)
            files = {"certificate": str(self.folder / "door.crt"), "private_key": str(self.folder / "door.key")}
            self.edit_recipe(serve=files)

    def use_certificate(self, number: int) -> None:
        """Put one in place of the door's, as a renewal does."""
        made = self.folder / f"tls-{number}"
        certificate = (made / "endpoint.crt").read_text(encoding="utf-8")
        key = (made / "endpoint.pem").read_text(encoding="utf-8").replace(certificate, "")
        for name, text in (("door.key", key), ("door.crt", certificate)):
            new = self.folder / f".{name}"
            new.touch(mode=0o600)
            new.write_text(text, encoding="utf-8")
            new.replace(self.folder / name)

    def order(self, name: str = "all", **orders: object) -> None:
        """Tell scripted engines what to do."""
        order(self.scripts, name, **orders)

    def awqctl(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run another command on the endpoint, as its owner."""
        command = [sys.executable, "-m", "pipeline.cli", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def places(self) -> dict[str, str]:
        """Return what HAProxy says of each place: UP, DOWN, MAINT."""
        line = self.gateway()[0].cmdline()
        control = Path(line[line.index("-f") + 1]).parent / "control.sock"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(control))
            connection.sendall(b"show stat\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        names, *rows = (line.split(",") for line in text.removeprefix("# ").splitlines() if line)
        at, state = names.index("svname"), names.index("status")
        return {row[at].replace("place-", "m1-p"): row[state] for row in rows if row[at].startswith("place-")}


def alive(process: psutil.Process) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def eventually(condition: Callable[[], bool], seconds: float, every_s: float = 0.05) -> float | None:
    """Return the seconds after which the condition held; None where it did not in time."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(every_s)
    return None


@contextmanager
def engine_alone(setting: Setting) -> Iterator[Target]:
    """Serve one scripted engine on a unix socket, without anything in front of it."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        folder, key = Path(scratch), "alone"
        program = interpreter(folder, folder, ttft_s=setting.ttft_s, tpot_s=setting.tpot_s)
        uds = folder / "m1-p1.sock"
        command = [str(program), "--uds", str(uds), "--served-model-name", MODEL, "--max-num-seqs", str(setting.slots)]
        with subprocess.Popen(command, env={**os.environ, "VLLM_API_KEY": key}, stdout=subprocess.DEVNULL) as process:
            try:
                eventually(uds.exists, 20)
                yield Target("http://vllm/v1", key, MODEL, uds=uds)
            finally:
                process.terminate()


def _free_port() -> int:
    """Return a port below those that the kernel gives to outgoing connections: one of them could take it meanwhile."""
    while True:
        with socket.socket() as holder, contextlib.suppress(OSError):
            port = secrets.choice(_PORTS)
            holder.bind(("127.0.0.1", port))
            return port


def write_run(out: Path, *, real: bool = False, note: str = "") -> None:
    """Write the folder of a run that has quantized: the packaged model, or a note in its place."""
    out.mkdir()
    checkpoint = out / "checkpoint"
    if real:
        shutil.copytree(packaged_model(), checkpoint)
    else:
        checkpoint.mkdir()
        (checkpoint / "config.json").write_text(json.dumps({"note": note}), encoding="utf-8")
    source = ManifestSource(reference="packaged:demo", commit=None, licence="apache-2.0", files={})
    manifest = Manifest(created_at="t", source=source, quantize={}, versions={}, files=sum_files(checkpoint))
    write_manifest(manifest, checkpoint)
    recipe = load_recipe(MODEL).recipe
    environment = Environment(
        awqctl="0",
        python="3",
        accelerator="cpu",
        machine=Machine(cpu="c", cores=1, memory_bytes=2**30, platform="p"),
        awqctl_commit="unknown",
        recipe_commit=None,
        packages={},
    )
    digest = read_manifest(checkpoint).digest()
    done = StageResult(
        stage="quantize",
        status="passed",
        inputs=settings_of(stage_named("quantize"), recipe),
        environment=environment,
        started_at="t",
        seconds=1.0,
        payload=quantize_result(checkpoint_digest=digest).model_dump(mode="json"),
    )
    record = RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment, stages={"quantize": done})
    save_record(record, out / RECORD)
