"""The unit file with which systemd keeps an endpoint up."""

import getpass
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.commands import invocation
from pipeline.base.homes import config_home, user_home

_PRIVATE = ("/home", "/root", "/run/user")
"""What `ProtectHome=yes` hides."""
_BEYOND_DRAIN_S = 30
"""For engines and HAProxy to end, once the answers under way have."""
_OPEN_FILES = 24000
_VARIABLES = ("AWQCTL_HOME", "AWQCTL_HAPROXY", "AWQCTL_RUNTIME_VLLM", "XDG_CONFIG_HOME")


@dataclass(frozen=True)
class Unit:
    """One endpoint as a service.

    Attributes:
        endpoint: its name.
        command: that serves it, with absolute paths.
        user: that it runs as.
        folder: that it is started in.
        environment: of the command, by name.
        written: folders that it writes to.
        drain_timeout_s: how long answers under way may take at a stop.
    """

    endpoint: str
    command: Sequence[str]
    user: str
    folder: Path
    environment: dict[str, str]
    written: Sequence[Path]
    drain_timeout_s: int

    def missing(self) -> tuple[Path, ...]:
        """Return the folders that must be there before the service starts, and are not."""
        return tuple(path for path in self.written if not path.is_dir())

    def text(self) -> str:
        """Return the unit file."""
        variables = " ".join(_quoted(f"{name}={value}") for name, value in self.environment.items())
        return "\n".join(
            [
                "[Unit]",
                f"Description=Endpoint {self.endpoint} of awqctl",
                "After=network-online.target",
                "Wants=network-online.target",
                "StartLimitIntervalSec=600",
                "StartLimitBurst=5",
                "",
                "[Service]",
                f"User={self.user}",
                f"WorkingDirectory={_escaped(str(self.folder))}",
                *([f"Environment={variables}"] if variables else []),
                f"ExecStart={' '.join(_quoted(part) for part in self.command)}",
                "Restart=on-failure",
                "# A wrong recipe and a gate that was not passed do not go away by starting again.",
                "RestartPreventExitStatus=2 3",
                "RestartSec=10",
                f"TimeoutStopSec={self.drain_timeout_s + _BEYOND_DRAIN_S}",
                "KillMode=mixed",
                f"LimitNOFILE={_OPEN_FILES}",
                "UMask=0077",
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                f"ProtectHome={'read-only' if self._in_a_home() else 'yes'}",
                "# Not PrivateTmp: `awqctl serve status` asks over a socket there, in a folder of mode 0700.",
                f"ReadWritePaths={' '.join(_quoted(str(path)) for path in (*self.written, Path('/tmp')))}",  # noqa: S108
                "",
                "[Install]",
                "WantedBy=multi-user.target",
                "",
            ]
        )

    def _in_a_home(self) -> bool:
        paths = (Path(self.command[0]), self.folder, *self.written, *(Path(part) for part in self.command))
        return any(path.is_relative_to(home) for path in paths for home in _PRIVATE)


def unit_for(endpoint: str, arguments: Sequence[str], *, out: Path, drain_timeout_s: int) -> Unit:
    """Return the service that serves as whoever asks for it, from the folder that it is asked in.

    Args:
        endpoint: its name.
        arguments: of `awqctl serve`.
        out: folder of the run.
        drain_timeout_s: how long answers under way may take at a stop.
    """
    folder = Path.cwd()
    return Unit(
        endpoint=endpoint,
        command=(*invocation(), "serve", "--verbose", *arguments),
        user=getpass.getuser(),
        folder=folder,
        environment={name: os.environ[name] for name in _VARIABLES if os.environ.get(name)},
        written=_outermost((folder, out, user_home(), config_home())),
        drain_timeout_s=drain_timeout_s,
    )


def _outermost(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders that lie in no other of them, each once."""
    alone = dict.fromkeys(folders)
    return tuple(one for one in alone if not any(one != other and one.is_relative_to(other) for other in alone))


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Return a word as systemd reads it: its specifiers and variables doubled, quoted where a shell would."""
    plain = _escaped(text).replace("$", "$$")
    if shlex.quote(plain) == plain:
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
