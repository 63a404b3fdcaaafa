"""`awqctl serve`: the endpoint in the foreground until it is asked to stop."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from serve.endpoint import endpoint_folder
from serve.gateway.keys import KeyStore
from serve.supervisor.first_key import keep_first_key
from serve.supervisor.releases import Releases
from serve.supervisor.spec import ServingSpec
from serve.supervisor.stop import Stop
from serve.supervisor.supervisor import Supervisor

FIRST_KEY = "default"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Serving(Result):
    """What a client has to know."""

    endpoint: str
    """Its name, for `awqctl serve status` and `awqctl keys`."""
    pid: int
    """Of the process that keeps it up."""
    base_url: str
    model: str
    """The first of `models`."""
    models: tuple[str, ...]
    """What clients may ask for, adapters included."""
    ca_certificate: str | None
    """File of the certificate to trust; None over plain HTTP."""
    max_connections: int
    """At once; what the gateway may hold."""
    despite_gates: tuple[str, ...] = ()
    """What the gates say that this model did not pass and that were passed over."""
    new_key: str | None = None
    """The first key, readable this once; None when there were keys already, or it is in `new_key_file`."""
    new_key_file: str | None = None
    """File of the first key, where what is printed is kept by somebody; only its owner can read it."""
    log: str | None = None
    """What the endpoint says, where it runs in the background."""


def serve_forever(
    spec: ServingSpec,
    *,
    logs: Path,
    reporter: Reporter,
    key_store: KeyStore,
    stop: Stop,
    on_ready: Callable[[Serving], None],
    show_key: bool = True,
    reread: Callable[[], ServingSpec] | None = None,
    releases: Releases | None = None,
) -> None:
    """Serve until `stop` is set, during the start as well as later; `on_ready` is called once it is up.

    Without any active key a first one, named `default`, is made.

    Args:
        spec: what is served.
        logs: folder of the logs.
        reporter: told about the start, and about what goes wrong.
        key_store: of the endpoint.
        stop: set to end it.
        on_ready: told how to call it.
        reread: reads again what is to be served; None where there is nothing to read.
        releases: of the endpoint; None for what is no release.
        show_key: whether `on_ready` gets the first key; otherwise its file.

    Raises:
        BusyError: the port is in use, or another process serves this endpoint.
        EngineError: vLLM or HAProxy did not start, or died.
        Interrupted: asked to stop before it was up.
    """
    if not spec.tls and spec.host not in _LOOPBACK:
        reporter.warn(f"Without TLS, API keys and prompts travel to {spec.host} in clear text. Better serve with TLS.")
    folder = endpoint_folder(spec.endpoint)
    with Supervisor(
        spec,
        logs=logs,
        reporter=reporter,
        key_store=key_store,
        stop=stop,
        folder=folder,
        reread=reread,
        releases=releases,
    ) as endpoint:
        # Not before: a start that fails would leave a key that nobody has seen.
        first = None if key_store.active() else key_store.add(FIRST_KEY).key
        endpoint.sync_keys()
        serving = _serving(spec, endpoint, first)
        on_ready(serving if show_key else without_key(serving))
        endpoint.wait()
        drain_s = spec.offered.drain_timeout_s
        reporter.note(f"answers under way may end within {drain_s} s; once more cuts them", head="stopping")


def _serving(spec: ServingSpec, endpoint: Supervisor, first_key: str | None) -> Serving:
    names = tuple(name for model in spec.models for name in (model.name, *model.adapters))
    return Serving(
        endpoint=spec.endpoint,
        pid=os.getpid(),
        base_url=endpoint.base_url,
        model=names[0],
        models=names,
        ca_certificate=str(endpoint.ca_certificate) if endpoint.ca_certificate else None,
        max_connections=endpoint.gateway.connections.clients,
        despite_gates=spec.despite_gates,
        new_key=first_key,
    )


def without_key(serving: Serving) -> Serving:
    """Return it for what is kept: the first key, if there is one, is in a file of its own then.

    Raises:
        EnvironmentLackError: that cannot be written.
    """
    if serving.new_key is None:
        return serving
    file = keep_first_key(endpoint_folder(serving.endpoint), serving.new_key)
    return serving.model_copy(update={"new_key": None, "new_key_file": str(file)})


def usage_lines(serving: Serving) -> str:
    """Return what to type to use the endpoint: the key, `curl`, Python; what gates say against it comes first."""
    against = [f"Not passed, and served all the same: {said}" for said in serving.despite_gates]
    lines = [*_key_lines(serving), "", *_curl_lines(serving), "", *_python_lines(serving)]
    return "\n".join([*against, *([""] if against else []), *lines])


def _key_lines(serving: Serving) -> list[str]:
    if serving.new_key:
        return ["The first API key, shown only now:", "", f"export AWQCTL_API_KEY={serving.new_key}"]
    if serving.new_key_file:
        file = _shell(serving.new_key_file)
        return [
            "The first API key is in a file; whatever keeps this text does not have it:",
            "",
            f"export AWQCTL_API_KEY=$(cat {file})",
        ]
    return [
        f"A new API key comes from `awqctl keys add NAME --endpoint {serving.endpoint}`:",
        "",
        "export AWQCTL_API_KEY=...",
    ]


def _curl_lines(serving: Serving) -> list[str]:
    body = json.dumps({"model": serving.model, "messages": [{"role": "user", "content": "Hello"}]})
    trust = [f"  --cacert {_shell(serving.ca_certificate)} \\"] if serving.ca_certificate else []
    return [
        f"curl {serving.base_url}/chat/completions \\",
        *trust,
        '  -H "Authorization: Bearer $AWQCTL_API_KEY" \\',
        '  -H "Content-Type: application/json" \\',
        f"  -d {_shell(body)}",
    ]


def _python_lines(serving: Serving) -> list[str]:
    trust = (
        [f"trusted = ssl.create_default_context(cafile={serving.ca_certificate!r})"] if serving.ca_certificate else []
    )
    return [
        "import os, ssl, openai" if trust else "import os, openai",
        *trust,
        "client = openai.OpenAI(",
        f'    base_url="{serving.base_url}",',
        '    api_key=os.environ["AWQCTL_API_KEY"],',
        *(["    http_client=openai.DefaultHttpxClient(verify=trusted),"] if trust else []),
        ")",
        "answer = client.chat.completions.create(",
        f"    model={serving.model!r},",
        '    messages=[{"role": "user", "content": "Hello"}],',
        ")",
        "print(answer.choices[0].message.content)",
    ]


def _shell(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"
