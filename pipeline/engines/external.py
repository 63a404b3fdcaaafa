"""An endpoint that somebody else runs: an engine of which only the address, a key and a model's name are known."""

import os
import ssl
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from pipeline.base.credentials import masked
from pipeline.base.errors import EngineError, UsageError
from pipeline.engines.engine import EngineFacts
from pipeline.engines.prometheus import Metrics, parse_metrics

_ABSENT = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.NOT_IMPLEMENTED)
"""What a server answers for a route that it does not have."""
_CERTIFICATE = (
    "Name the certificate of the authority that signed the server's (--ca, or `ca` in a recipe), or do not look at it "
    "(--insecure)."
)
_FORBIDDEN = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class ExternalEndpoint:
    """A server with OpenAI's routes below `/v1`; nothing is asked before it is needed.

    Attributes:
        base_url: its address without `/v1`.
        headers: sent with every request, beside the key; nothing secret.
        ca_certificate: that signed its own, where the system does not know it.
        insecure: whether its certificate is not looked at.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str | None = None,
        api_key_env: str | None = None,
        ca_certificate: Path | None = None,
        insecure: bool = False,
        headers: Mapping[str, str] | None = None,
        header_env: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the recipe says of it.

        Args:
            base_url: its address, with or without `/v1`.
            model: name to ask for; None where the endpoint serves one model.
            api_key_env: name of the environment variable that holds its key; None where it wants none.
            ca_certificate: that signed the endpoint's, where the system does not know it.
            insecure: whether its certificate is not looked at.
            headers: sent with every request; nothing secret.
            header_env: further headers, and the environment variables that hold their values.
        """
        self.base_url = base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._model = model
        self._api_key_env = api_key_env
        self.ca_certificate = ca_certificate
        self.insecure = insecure
        self.headers = dict(headers or {})
        self._header_env = dict(header_env or {})

    @property
    def secret_headers(self) -> dict[str, str]:
        """The headers whose values are read from the environment.

        Raises:
            UsageError: a variable is not set.
        """
        return {name: self._read(variable, f"header {name}") for name, variable in self._header_env.items()}

    @property
    def api_key(self) -> str | None:
        """The key, read from the environment.

        Raises:
            UsageError: the variable is not set.
        """
        return None if self._api_key_env is None else self._read(self._api_key_env, "key")

    def _read(self, variable: str, what: str) -> str:
        value = os.environ.get(variable)
        if not value:
            raise UsageError(
                f"The {what} of {self.base_url} is read from the environment variable {variable}, which is not set. "
                f"Export it, or name another one."
            )
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise UsageError(
                f"The value of {variable} cannot be sent as a {what}: it has other than printable ASCII, or a space at "
                f"an end. Export it without."
            )
        return value

    @cached_property
    def model(self) -> str:
        """Name to ask for: the one given, else the only one that the endpoint serves.

        Raises:
            EngineError: it does not answer, or serves none.
            UsageError: it serves several.
        """
        if self._model is not None:
            return self._model
        names = sorted(self._models())
        if not names:
            raise EngineError(f"{self.base_url} lists no model. Name the model that it serves.")
        if len(names) > 1:
            raise UsageError(f"{self.base_url} serves {', '.join(names)}. Name the model to ask for.")
        return names[0]

    def client(self, timeout_s: float = 10.0) -> httpx.Client:
        """Return an HTTP client for the endpoint, with its key; proxies of the environment are used."""
        key = self.api_key
        return httpx.Client(
            base_url=self.base_url,
            headers=self.headers | self.secret_headers | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=timeout_s,
            verify=self._verification(),
        )

    def _verification(self) -> ssl.SSLContext | bool:
        if self.insecure:
            return False
        if self.ca_certificate is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_certificate)
        except OSError as problem:
            raise UsageError(
                f"{self.ca_certificate} is no certificate that can be read ({problem.strerror or problem}). Name a PEM "
                f"file of the authority that signed the server's."
            ) from problem

    def facts(self) -> EngineFacts:
        """Return version and length of the context, where it states them.

        Raises:
            EngineError: it does not answer.
        """
        entry = self._models().get(self.model, {})
        length, version = entry.get("max_model_len"), self._version()
        return EngineFacts(version=version, max_model_len=length if isinstance(length, int) else None)

    def metrics(self) -> Metrics | None:
        """Return its metrics as they are now; None where it offers none, or not to this key.

        Raises:
            EngineError: it does not answer, or not with metrics.
        """
        answer = self._get("/metrics")
        if answer.status_code in (*_ABSENT, *_FORBIDDEN):
            return None
        return parse_metrics(self._checked(answer).text)

    def alive(self) -> bool:
        """Return whether it says that it can answer: by `/health`, or where there is none, by listing its models."""
        try:
            answer = self._get("/health")
            if answer.status_code in (*_ABSENT, *_FORBIDDEN):
                answer = self._get("/v1/models")
        except EngineError:
            return False
        return answer.is_success

    def require_reachable(self) -> None:
        """Return if somebody answers at the address, whatever it is; one that takes its time is not waited for.

        Raises:
            EngineError: nobody does, or its certificate is not trusted.
            UsageError: a variable is not set, or the certificate of the authority cannot be read.
        """
        try:
            self._get("/health")
        except EngineError as problem:
            if not isinstance(problem.__cause__, httpx.ReadTimeout):
                raise

    def require_alive(self, because: str = "") -> None:
        """Return if it can answer, so that what went wrong was something else.

        Args:
            because: what it answered last.

        Raises:
            EngineError: it cannot.
        """
        if not self.alive():
            state = f"is not well: {because.rstrip('. ')}" if because else "does not answer any more"
            raise EngineError(f"{self.base_url} {state}. Look at the server that runs there.")

    def _models(self) -> dict[str, dict[str, Any]]:
        """Return what the endpoint lists, by name."""
        document = self._json(self._checked(self._get("/v1/models")))
        listed = document.get("data") if isinstance(document, dict) else None
        entries = listed if isinstance(listed, list) else []
        return {str(entry["id"]): entry for entry in entries if isinstance(entry, dict) and "id" in entry}

    def _version(self) -> str | None:
        answer = self._get("/version")
        document = self._json(answer) if answer.is_success else None
        version = document.get("version") if isinstance(document, dict) else None
        return version if isinstance(version, str) else None

    def _get(self, path: str) -> httpx.Response:
        try:
            with self.client() as client:
                return client.get(path)
        except httpx.HTTPError as problem:
            reason = str(problem).rstrip(". ") or type(problem).__name__
            advice = _CERTIFICATE if "CERTIFICATE_VERIFY_FAILED" in reason else "Check the address."
            raise EngineError(f"{self.base_url} does not answer: {reason}. {advice}") from problem

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in _FORBIDDEN:
            source = f"the one in {self._api_key_env}" if self._api_key_env else "none was given"
            raise EngineError(f"{answer.url} refuses the key ({source}). Name the variable that holds a valid one.")
        if answer.has_redirect_location:
            raise EngineError(
                f"{answer.url} leads to {masked(answer.headers['location'])}. Give the address that it leads to."
            )
        if not answer.is_success:
            raise EngineError(f"{answer.url} answers with status {answer.status_code}. Check the address.")
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            return None
