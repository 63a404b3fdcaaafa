"""MLflow's own UI for one reader, in this process.

`mlflow ui` starts four workers, and nine processes more for jobs that a reader of runs never asks for. This is the
application that those workers serve, with threads in place of processes, and without MLflow's assistant and gateway,
which are only in the larger application around it.
"""

import logging
import os
import socket
import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipeline.run.runs_view import VIEW

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.serving import BaseWSGIServer

# MLflow's page keeps in the browser whether it greets with its assistant, which of its two faces it shows, and whether
# it announces telemetry. What the reader chose before stays chosen.
_PAGE = """<style>[data-assistant-ui]{{display:none!important}}</style><script>
for (const [key, value] of Object.entries({{
  "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
  "mlflow.workflowType_v1": '"machine_learning"',
  "mlflow.settings.telemetry.enabled_v1": "false",
  "mlflow.telemetry.info.alert.dismissed_v1": "true",
}})) if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
if (location.hash.length < 3) location.replace("#{route}");
</script></head>"""


def ui_server(listener: socket.socket, store: str, experiment: str) -> "BaseWSGIServer":
    """Return MLflow's server on a socket that listens on loopback; its first page shows the runs of an experiment."""
    # Read while MLflow is imported.
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    from mlflow import server  # noqa: PLC0415 -- slow
    from mlflow.server import security  # noqa: PLC0415 -- slow
    from werkzeug.serving import make_server  # noqa: PLC0415 -- slow

    os.environ[server.BACKEND_STORE_URI_ENV_VAR] = store
    if not server.is_running_as_server:  # otherwise it has done this itself: foreign hosts and origins are refused
        security.init_security_middleware(server.app)
    chosen = urlencode({"workflowType": "machine_learning", "viewStateShareKey": VIEW})
    extra = _PAGE.format(route=f"/experiments/{experiment}/runs?{chosen}")

    def with_defaults(response: "Response") -> "Response":
        if response.mimetype == "text/html":
            response.direct_passthrough = False
            response.set_data(response.get_data(as_text=True).replace("</head>", extra, 1))
        return response

    server.app.after_request(with_defaults)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise a line per request
    warnings.simplefilter("ignore")  # what its libraries say to each other while they are imported by a request
    host, port = listener.getsockname()
    return make_server(host, port, server.app, threaded=True, fd=listener.fileno())
