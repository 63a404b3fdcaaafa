"""An endpoint that somebody else runs: an engine of which only the address, a key and a model's name are known."""

import os
import ssl
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from pipeline.base.errors import EngineError, UsageError
from pipeline.engines.engine import EngineFacts
from pipeline.engines.prometheus import Metrics, parse_metrics

_ABSENT = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.NOT_IMPLEMENTED)
"""What a server answers for a route that it does not have."""
_FORBIDDEN = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class ExternalEndpoint:
    """A server with OpenAI's routes below `/v1`; nothing is asked before it is needed.

    Attributes:
        base_url: its address without `/v1`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str | None = None,
        api_key_env: str | None = None,
        ca_certificate: Path | None = None,
    ) -> None:
        """Keep what the recipe says of it.

        Args:
            base_url: its address, with or without `/v1`.
            model: name to ask for; None where the endpoint serves one model.
            api_key_env: name of the environment variable that holds its key; None where it wants none.
            ca_certificate: that signed the endpoint's, where the system does not know it.
        """
        self.base_url = base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._model = model
        self._api_key_env = api_key_env
        self._ca_certificate = ca_certificate

    @property
    def api_key(self) -> str | None:
        """The key, read from the environment.

        Raises:
            UsageError: the variable is not set.
        """
        if self._api_key_env is None:
            return None
        key = os.environ.get(self._api_key_env)
        if not key:
            raise UsageError(
                f"The key of {self.base_url} is read from the environment variable {self._api_key_env}, which is not "
                f"set. Export it, or name another one."
            )
        return key

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
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=timeout_s,
            verify=ssl.create_default_context(cafile=self._ca_certificate) if self._ca_certificate else True,
        )

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

    def require_alive(self) -> None:
        """Return if it can answer, so that what went wrong was something else.

        Raises:
            EngineError: it cannot.
        """
        if not self.alive():
            raise EngineError(f"{self.base_url} does not answer any more. Look at the server that runs there.")

    def _models(self) -> dict[str, dict[str, Any]]:
        """Return what the endpoint lists, by name."""
        document = self._json(self._checked(self._get("/v1/models")))
        listed = document.get("data", []) if isinstance(document, dict) else []
        return {str(entry["id"]): entry for entry in listed if isinstance(entry, dict) and "id" in entry}

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
            raise EngineError(f"{self.base_url} does not answer: {problem}. Check the address.") from problem

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in _FORBIDDEN:
            source = f"the one in {self._api_key_env}" if self._api_key_env else "none was given"
            raise EngineError(f"{answer.url} refuses the key ({source}). Name the variable that holds a valid one.")
        if not answer.is_success:
            raise EngineError(f"{answer.url} answers with status {answer.status_code}. Check the address.")
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            return None
