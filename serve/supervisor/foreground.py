"""`awqctl serve`: the endpoint in the foreground until it is asked to stop."""

import json
from collections.abc import Callable
from pathlib import Path

from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from serve.endpoint import endpoint_folder
from serve.gateway.keys import KeyStore
from serve.supervisor.spec import ServingSpec
from serve.supervisor.stop import Stop
from serve.supervisor.supervisor import Supervisor

FIRST_KEY = "default"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Serving(Result):
    """What a client has to know."""

    base_url: str
    model: str
    ca_certificate: str | None
    """File of the certificate to trust; None over plain HTTP."""
    max_connections: int
    """At once; what the gateway may hold."""
    despite_gates: tuple[str, ...] = ()
    """What the gates say that this model did not pass and that were passed over."""
    new_key: str | None = None
    """The first key, readable this once; None when there were keys already."""


def serve_forever(
    spec: ServingSpec,
    *,
    logs: Path,
    reporter: Reporter,
    key_store: KeyStore,
    stop: Stop,
    on_ready: Callable[[Serving], None],
) -> None:
    """Serve until `stop` is set, during the start as well as later; `on_ready` is called once it is up.

    Without any active key a first one, named `default`, is made; only `on_ready` ever sees it.

    Raises:
        BusyError: the port is in use, or another process serves this endpoint.
        EngineError: vLLM or HAProxy did not start, or died.
        Interrupted: asked to stop before it was up.
    """
    if not spec.tls and spec.host not in _LOOPBACK:
        reporter.warn(f"Without TLS, API keys and prompts travel to {spec.host} in clear text. Better serve with TLS.")
    folder = endpoint_folder(spec.endpoint)
    with Supervisor(spec, logs=logs, reporter=reporter, key_store=key_store, stop=stop, folder=folder) as endpoint:
        # Not before: a start that fails would leave a key that nobody has seen.
        first = None if key_store.active() else key_store.add(FIRST_KEY).key
        endpoint.sync_keys()
        certificate = str(endpoint.ca_certificate) if endpoint.ca_certificate else None
        on_ready(
            Serving(
                base_url=endpoint.base_url,
                model=spec.models[0].name,
                ca_certificate=certificate,
                max_connections=endpoint.gateway.connections.clients,
                despite_gates=spec.despite_gates,
                new_key=first,
            )
        )
        endpoint.wait()


def usage_lines(serving: Serving) -> str:
    """Return what to type to use the endpoint: the key, `curl`, Python; what gates say against it comes first."""
    against = [f"Not passed, and served all the same: {said}" for said in serving.despite_gates]
    lines = [*_key_lines(serving), "", *_curl_lines(serving), "", *_python_lines(serving)]
    return "\n".join([*against, *([""] if against else []), *lines])


def _key_lines(serving: Serving) -> list[str]:
    if serving.new_key:
        return ["The first API key, shown only now:", "", f"export AWQCTL_API_KEY={serving.new_key}"]
    return ["A new API key comes from `awqctl keys add NAME`:", "", "export AWQCTL_API_KEY=..."]


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
