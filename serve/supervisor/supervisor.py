"""`Supervisor`: one endpoint from its first process to its last answer: started, followed and ended together."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from pipeline.base.commands import command
from pipeline.base.errors import EngineError, EnvironmentLackError, UsageError
from pipeline.base.progress import Reporter
from pipeline.runtimes.scratch import ScratchFolder
from serve.checks.exposure.result import SelfAudit
from serve.endpoint import EndpointFolder
from serve.gateway.backends import Backend
from serve.gateway.connections import RAISE, open_files
from serve.gateway.gateway import Gateway
from serve.gateway.keys import KeyStore, digest, new_key
from serve.gateway.rules import KeyRule, temporary_rule
from serve.gateway.settings import DoorSettings
from serve.monitoring.engines import EnginePage
from serve.monitoring.monitoring import Monitoring
from serve.monitoring.promises import ServedCheckpoint
from serve.releases.control_commands import ReleaseCommands
from serve.status import EndpointStatus
from serve.supervisor.auditing import Auditing
from serve.supervisor.certificate_watch import CertificateWatch
from serve.supervisor.commands import commands_of
from serve.supervisor.control import ControlServer
from serve.supervisor.door_watch import DoorWatch
from serve.supervisor.fleet import Fleet
from serve.supervisor.hooks import Hooks
from serve.supervisor.key_sync import KeySync
from serve.supervisor.overview import absence, endpoint_status
from serve.supervisor.ownership import owned
from serve.supervisor.refusals import Refusals
from serve.supervisor.releases import Releases, release_commands
from serve.supervisor.replica import Replica
from serve.supervisor.rollout import FleetRollout
from serve.supervisor.rotation import Rotation
from serve.supervisor.self_audit import KEY_SECONDS, ProbeFacts, audit_endpoint
from serve.supervisor.spec import ServedModel, ServingSpec
from serve.supervisor.stop import Stop

_POLL_S = 0.5
_PATIENCE_S = 10.0
"""For a door that does not answer its owner."""
_READY_TIMEOUT_S = 30.0
_FEW_CONNECTIONS = 1000
_SHUTTING_DOWN = "shutting down"


class Supervisor:
    """The gateway and the engines of all models; a context manager that leaves nothing behind.

    The gateway starts first: a port in use is found before minutes of loading, and whoever calls meanwhile is
    told 503. At the end it takes nothing new, answers under way finish, then the engines go, then the gateway.

    An engine that dies or hangs is started again while the others serve on, and so is HAProxy.

    Args:
        spec: what is served and how.
        logs: folder of `serve-vllm.log` (with a number where there are several) and `serve-haproxy.log`, which are
            links to the files of the latest start.
        reporter: told about the start, and about what goes wrong without ending it.
        key_store: keys let in, followed while serving; None for none but `extra_keys`.
        extra_keys: further keys, never written down.
        stop: set from a signal handler to give up a start that is under way, or to end.
        folder: of the endpoint, which is owned and can be asked from other terminals; None for one that is only tried.
        reread: reads again what is to be served, for `awqctl serve reload`.
        releases: of the endpoint; None for what is no release.

    Attributes:
        spec: as given; a reload changes it.
        reread: as given.
        stop: as given.
        ca_certificate: what a client must trust; None over plain HTTP.
        gateway: the door, from the start on.
        fleet: the engines, from the start on.
    """

    def __init__(
        self,
        spec: ServingSpec,
        *,
        logs: Path,
        reporter: Reporter,
        key_store: KeyStore | None,
        extra_keys: Sequence[str] = (),
        stop: Stop | None = None,
        folder: EndpointFolder | None = None,
        reread: Callable[[], ServingSpec] | None = None,
        releases: Releases | None = None,
    ) -> None:
        self.spec = spec
        self.stop = stop or Stop()
        self.reread = reread
        self._releases = releases
        self.ca_certificate: Path | None = None
        self._logs = logs
        self._reporter = reporter
        self._folder = folder
        extra = [temporary_rule(digest(key)) for key in extra_keys]
        self._keys = KeySync(key_store, extra, reporter, self._name_keys)
        self._refusals = Refusals()
        self._auditing: Auditing | None = None
        self._monitoring: Monitoring | None = None
        self._certificate: CertificateWatch | None = None
        self._complaint = ""
        self._engine_key = new_key()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._stack = ExitStack()
        self._door_watch: DoorWatch
        self.gateway: Gateway
        self.fleet: Fleet

    @property
    def base_url(self) -> str:
        """Return what an OpenAI client takes as its base URL."""
        return f"{self.gateway.base_url}/v1"

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Return the engines that there are."""
        return self.fleet.replicas

    @property
    def logs(self) -> tuple[Path, ...]:
        """Return the logs of the engines and of HAProxy."""
        return (*(replica.log for replica in self.replicas), self.gateway.log)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._folder:
                stack.enter_context(owned(self._folder))
                self._auditing = stack.enter_context(self._make_auditing(self._folder))
            scratch = stack.enter_context(ScratchFolder())
            internal = new_key()
            backends = tuple(_backend(number, model, scratch) for number, model in enumerate(self.spec.models, 1))
            self.gateway = stack.enter_context(self._make_gateway(scratch, backends, internal))
            self._tell_connections(self.gateway.connections.clients)
            self._refusals.attach(self.gateway)
            self._door_watch = stack.enter_context(DoorWatch(self.gateway, self._warn))
            self.fleet = stack.enter_context(self._make_fleet(backends))
            if self._folder:
                self._monitoring = stack.enter_context(self._make_monitoring(self._folder, scratch))
                socket, commands = scratch / "supervisor.sock", commands_of(self, self._make_changes())
                stack.enter_context(ControlServer(self._folder, socket, commands, started_at=self._started_at))
            with self._reporter.task("starting vLLM") as task:
                self.fleet.start(self.stop, lambda text: task.update(text=text))
            self._wait_until_ready(internal)
            self.sync_keys()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._drain()
        finally:
            self._stack.__exit__(kind, error, trace)

    def wait(self, stop: threading.Event | None = None) -> None:
        """Keep the endpoint up until it is asked to end, following the key store.

        Args:
            stop: in place of the one of the endpoint.

        Raises:
            EngineError: all engines were given up, or HAProxy; names the root cause.
        """
        silent_since = math.inf
        while not (stop or self.stop).wait(_POLL_S) and not self.stop.is_set():
            self._check_processes()
            self._refusals.sync()
            try:
                self.sync_keys()
                self._account()
                self._explain()
                self.renew_certificate()
                silent_since = math.inf
            except EngineError:
                # That HAProxy was killed is known a moment later than it is silent, and the next one needs a moment.
                silent_since = min(silent_since, time.monotonic())
                if self.gateway.running() and time.monotonic() - silent_since > _PATIENCE_S:
                    raise

    def status(self) -> EndpointStatus:
        """Return how the endpoint is."""
        return endpoint_status(
            self.spec,
            self.gateway,
            self._door_watch,
            self.replicas,
            started_at=self._started_at,
            ca_certificate=self.ca_certificate,
            audit=self._auditing.status() if self._auditing else None,
            metrics_url=self._monitoring.url if self._monitoring else None,
            certificate_expires_at=self._certificate.shown.expires_at if self._certificate else None,
        )

    def probe_facts(self) -> ProbeFacts:
        """Return what the self-audit has to know, with a key of its own that is let in from now on."""
        key = self._keys.lend(KEY_SECONDS)
        self.sync_keys()
        offered = self.spec.offered
        sockets = [path for replica in self.replicas for path in (replica.socket.parent, replica.socket)]
        return ProbeFacts(
            key=key,
            host=self.spec.host,
            port=self.gateway.port,
            engine_python=str(self.spec.runtime.python),
            max_body_bytes=int(offered.limits.max_body_mib * 2**20),
            probes_at_door=offered.probes_at_door,
            private=tuple(str(path) for path in dict.fromkeys(sockets)),
        )

    def self_audit(self, reporter: Reporter) -> SelfAudit:
        """Return what the endpoint shows to the outside, without requests that burden an engine.

        Raises:
            UsageError: the endpoint has no folder.
        """
        return audit_endpoint(self._own_folder(), self.status(), self.probe_facts(), reporter, hostile=False)

    def rollout(self, model: ServedModel) -> FleetRollout:
        """Return the change from what the engines of the model of that name serve to this.

        Raises:
            UsageError: the endpoint keeps no lines of its requests, by which a canary is judged.
        """
        drain_s = self.spec.offered.drain_timeout_s
        return FleetRollout(self.fleet, model, spool=self._own_folder().spool, drain_s=drain_s, stop=self.stop)

    def _own_folder(self) -> EndpointFolder:
        if self._folder is None:
            raise UsageError(f"An endpoint that is only tried changes no release. Start it with `{command('serve')}`.")
        return self._folder

    def sync_keys(self) -> None:
        """Let in the keys that are active now.

        A key file that cannot be read leaves the keys as they are, with a warning.
        """
        self._keys.sync(self.gateway)

    def renew_certificate(self, *, at_once: bool = False) -> bool:
        """Have the door show the certificate that there is now; return whether that is another one.

        Args:
            at_once: although the last look was less than a minute ago.
        """
        return self._certificate is not None and self._certificate.follow(self.gateway, at_once=at_once)

    def _account(self) -> None:
        """Tell the audit what HAProxy lost, the door whose tokens are used up, and what the endpoint is held to."""
        if self._auditing is not None:
            self._auditing.dropped(self.gateway.figures().dropped_logs)
            self.gateway.limit_tokens(self._auditing.over_budget(self._keys.stored))
        self.promise()

    def _name_keys(self, rules: Sequence[KeyRule]) -> None:
        if self._auditing is not None:
            self._auditing.name_keys(rules)

    def _explain(self) -> None:
        """Have the door say why it answers nothing for a model of which no engine is up."""
        for backend, model in zip(self.gateway.backends, self.spec.models, strict=True):
            self.gateway.explain(backend.name, absence(model.name, self.fleet.of(model.name)))

    def _warn(self, text: str) -> None:
        """Say what went wrong without ending the endpoint, and keep it."""
        self._reporter.warn(text)
        if self._auditing is not None:
            self._auditing.event(text)

    def _make_changes(self) -> ReleaseCommands | None:
        if self._releases is None or self._auditing is None:
            return None
        return release_commands(self, self._releases, event=self._auditing.event, reporter=self._reporter)

    def _make_auditing(self, folder: EndpointFolder) -> Auditing:
        return Auditing(
            folder,
            self.spec.offered.audit,
            logs=self._logs,
            reporter=self._reporter,
            refusals=self._refusals,
        )

    def _make_monitoring(self, folder: EndpointFolder, scratch: Path) -> Monitoring:
        return Monitoring(
            folder,
            self.spec.offered,
            self._served(),
            status=self.status,
            engines=self._engine_pages,
            gateway=self.gateway.metrics,
            socket_path=scratch / "metrics.sock",
        )

    def promise(self) -> None:
        """Keep what the endpoint is held to, after that has changed; what cannot be kept now is kept later."""
        if self._monitoring is None:
            return
        try:
            self._monitoring.promise(self.spec.offered, self._served())
        except EnvironmentLackError as problem:
            if problem.message != self._complaint:
                self._warn(f"What the endpoint is held to cannot be written down. {problem.message}")
            self._complaint = problem.message
        else:
            self._complaint = ""

    def _served(self) -> tuple[ServedCheckpoint, ...]:
        served = (self.fleet.serving(model.name) for model in self.spec.models)
        return tuple(
            ServedCheckpoint(model=each.name, release=each.release, checkpoint=str(each.checkpoint)) for each in served
        )

    def _engine_pages(self) -> tuple[EnginePage, ...]:
        return tuple(
            EnginePage(
                model=replica.model.name,
                replica=replica.seat.place.server,
                release=replica.model.release,
                socket=replica.socket,
                api_key=self._engine_key,
            )
            for replica in self.replicas
            if replica.pid is not None
        )

    def _make_gateway(self, folder: Path, backends: Sequence[Backend], internal: str) -> Gateway:
        if self.spec.tls:
            self._certificate = CertificateWatch(self.spec, folder, self._warn)
            self.ca_certificate = self._certificate.shown.trusted
        return Gateway(
            backends=backends,
            engine_key=self._engine_key,
            folder=folder,
            host=self.spec.host,
            port=self.spec.port,
            bundle=self._certificate.shown.bundle if self._certificate else None,
            keys=(*self._keys.active(), temporary_rule(digest(internal))),
            log=self._logs / "serve-haproxy.log",
            lines=self._auditing.lines if self._auditing else None,
            settings=DoorSettings.of(self.spec.offered),
            threads=self.spec.offered.door_threads,
        )

    def _tell_connections(self, bound: int) -> None:
        said = f"at most {bound} connections at once, as a process may open {open_files()} files here"
        if bound < _FEW_CONNECTIONS:
            self._reporter.warn(f"The gateway holds {said}. {RAISE}")
        else:
            self._reporter.note(said, head="gateway")

    def _make_fleet(self, backends: Sequence[Backend]) -> Fleet:
        hooks = Hooks(warn=self._warn, changed=self.promise)
        if self._auditing is not None:
            hooks = replace(hooks, serving=self._auditing.serving, middlewares=self._auditing.middlewares)
        return Fleet(
            self.spec,
            backends,
            Rotation(self.gateway),
            engine_key=self._engine_key,
            logs=self._logs,
            hooks=hooks,
        )

    def _wait_until_ready(self, key: str) -> None:
        """Ask the door for its models, past TLS, until they are listed."""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        transport = httpx.HTTPTransport(uds=str(self.gateway.local_socket))
        with httpx.Client(transport=transport, headers={"Authorization": f"Bearer {key}"}) as client:
            while True:
                self._check_processes()
                try:
                    answer = client.get("http://door/v1/models")
                    said = f"status {answer.status_code}"
                    if answer.status_code == httpx.codes.OK:
                        return
                except httpx.TransportError as problem:
                    said = str(problem)
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"vLLM is up but the door's /v1/models says: {said}. Look at HAProxy's log.",
                        log=self.gateway.log,
                    )
                time.sleep(0.1)

    def _check_processes(self) -> None:
        """Return while there is anything left to hope for."""
        if self._door_watch.failure:
            raise self._door_watch.failure
        given_up = [replica.failure for replica in self.replicas if replica.state == "given_up"]
        if given_up and len(given_up) == len(self.replicas):
            raise given_up[-1] or EngineError("All engines were given up. Look at their logs.")

    def _drain(self) -> None:
        """Take nothing new, and give answers under way the time that the recipe sets."""
        if self._monitoring is not None:
            self._monitoring.stopping()
        self._refusals.set("stop", _SHUTTING_DOWN)
        left = self.fleet.drain(self.spec.offered.drain_timeout_s, self.stop.cut)
        if left:
            self._reporter.warn(f"{left} answers had not ended and are cut; they stand in the log as cut.")


def _backend(number: int, model: ServedModel, folder: Path) -> Backend:
    """Return the places of one model: as many again as it has engines, for those of a new release."""
    name = f"model-{number}"
    sockets = tuple(folder / f"m{number}-p{place}.sock" for place in range(1, model.replicas * 2 + 1))
    return Backend(name, (model.name, *model.adapters), sockets, max_model_len=model.engine.max_model_len)
