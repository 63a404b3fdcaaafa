"""vLLM's own parsers read what we start it with: `engine_arguments`, `VllmServer.command` and the benchmark's.

The module that `pipeline/engines/vllm.py` names is run, until it would build the engine.
"""

from pathlib import Path
from typing import Any, get_args

import pytest

from pipeline.base.progress import SilentReporter
from pipeline.engines.production import Middleware, Production
from pipeline.engines.profiling import Profiling
from pipeline.engines.vllm import VllmServer
from pipeline.recipe.engine import _KEYS, _MANAGED, EngineSettings, KVCacheDtype
from pipeline.runtimes.store import Runtime
from tests.cuda_contract.conftest import Environment

ENGINES = ("vllm",)
NOT_FOR_VLLM = {"accelerator", "cpu_kv_cache_gib", "start_timeout_s", "extra_args"}
"""Keys that are no arguments, or are the user's own."""
VALUES: dict[str, tuple[Any, ...]] = {
    "dtype": ("bfloat16", "float16"),
    "max_model_len": (2048,),
    "max_num_seqs": (8,),
    "gpu_memory_utilization": (0.5,),
    "tensor_parallel_size": (2,),
    "pipeline_parallel_size": (2,),
    "kv_cache_dtype": get_args(KVCacheDtype),
    "kv_cache_dtype_skip_layers": (["0"], ["0", "31", "sliding_window"]),
    "enable_prefix_caching": (True, False),
    "enable_chunked_prefill": (True, False),
    "enforce_eager": (True, False),
}
ONE_BY_ONE = {f"{key}={value}": {key: value} for key, values in VALUES.items() for value in values}
TOGETHER = {"together": {key: values[-1] for key, values in VALUES.items()}}
SETTINGS: dict[str, dict[str, Any]] = ONE_BY_ONE | TOGETHER
WRAPPED = ["vllm_early_errors.EarlyErrors", "vllm_other.Class", "vllm_http10.WholeAnswers"]
PRODUCTION = Production(
    cache=Path("cache").absolute(),
    max_unfinished=24,
    max_prefill_tokens=4096,
    drain_timeout_s=90,
    max_logprobs=7,
    middlewares=(Middleware("vllm_other.Class", {"AWQCTL_OTHER": "1"}),),
)
SERVERS: dict[str, dict[str, Any]] = {
    "port": {},
    "production": {"uds": Path("vllm.sock"), "production": PRODUCTION},
    "trust_remote_code": {"trust_remote_code": True},
    "fp8": {"online_quantization": "fp8"},
    "dummy": {"dummy_weights": True},
    "torch profiler": {"profiling": Profiling.with_torch(Path("traces").absolute())},
    "Nsight Systems": {"profiling": Profiling.with_nsys(Path("traces").absolute(), "nsys")},
    "key": {"api_key": "made-up", "batch_invariant": True},
}


def server(environment: Environment, folder: Path, engine: dict[str, Any], **options: Any) -> VllmServer:
    """Return a server that is not started."""
    spec = environment.spec
    return VllmServer(
        Runtime(spec.name, spec.version, spec.digest, environment.python, "lock"),
        folder,
        EngineSettings.model_validate(engine),
        accelerator=spec.accelerator,
        log=folder / "vllm.log",
        served_name="demo",
        reporter=SilentReporter(),
        **options,
    )


@pytest.fixture(scope="session")
def servers(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, VllmServer]:
    """Servers by name: with every key of the recipe, and with every option of `VllmServer`."""
    folder = tmp_path_factory.mktemp("model")
    return {name: server(environment, folder, engine) for name, engine in SETTINGS.items()} | {
        name: server(environment, folder, {}, **options) for name, options in SERVERS.items()
    }


PROBE = Path(__file__).with_name("argument_probe.py")


@pytest.fixture(scope="session")
def answer(environment: Environment, servers: dict[str, VllmServer], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What vLLM makes of the servers' arguments, read in one process because vLLM is slow to import."""
    one = servers["port"]
    start = one.command.index("-m") + 2
    question = {
        "accelerator": environment.spec.accelerator,
        "module": one.command[start - 1],
        "server": {name: each.command[each.command.index("-m") + 2 :] for name, each in servers.items()},
    }
    answer = tmp_path_factory.mktemp("answer") / "answer.json"
    # Models that clients must not see the path of are named as they are from here.
    return environment.ask(PROBE, question, answer, one.environment, one.log.parent.parent)


def values_of(reading: Any, written: str) -> dict[str, Any]:
    """Return the values that were read; fail with the option that was not."""
    if reading["error"]:
        pytest.fail(f"vLLM refuses what {written} gives it: {reading['error']}", pytrace=False)
    if reading["unknown"] or reading["deprecated"]:
        pytest.fail(
            f"{written}: vLLM does not know {reading['unknown']}, deprecates {reading['deprecated']}", pytrace=False
        )
    values: dict[str, Any] = reading["values"]
    return values


def test_every_key_is_tried() -> None:
    """A new key of the recipe's section `engine` gets values here, or is named as none of vLLM's."""
    assert set(VALUES) | NOT_FOR_VLLM == set(EngineSettings.model_fields)


def test_nothing_is_deprecated(answer: Any) -> None:
    """Neither the module that we start nor any of the arguments makes vLLM warn of a deprecation."""
    assert answer["deprecations"] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_keys_of_the_recipe_are_read(answer: Any, name: str) -> None:
    """`engine_arguments` says what the recipe says: vLLM's engine gets the very values."""
    values = values_of(answer["readings"][name], f"engine_arguments (pipeline/engines/vllm.py) with {name}")
    expected = SETTINGS[name]
    assert {key: values[key] for key in expected} == expected


@pytest.mark.parametrize("name", SERVERS)
def test_server_command_is_read(answer: Any, servers: dict[str, VllmServer], name: str) -> None:
    """`VllmServer.command` names the model, where to listen, and what the checkpoint may do."""
    values = values_of(answer["readings"][name], f"VllmServer.command (pipeline/engines/vllm.py) with {name}")
    options, folder = SERVERS[name], servers[name].log.parent
    public = "production" in options
    assert (values["model"], values["served_model_name"]) == (folder.name if public else str(folder), ["demo"])
    assert values["middleware"] == (WRAPPED if public else [])
    assert values["shutdown_timeout"] == (90 if public else 5)
    assert values["uds"] == (str(options["uds"]) if "uds" in options else None)
    assert values["host"] == (None if "uds" in options else "127.0.0.1")
    assert values["trust_remote_code"] is options.get("trust_remote_code", False)
    assert values["quantization"] == options.get("online_quantization")
    loaded = "dummy" if options.get("dummy_weights") else "safetensors" if public else "auto"
    assert values["load_format"] == loaded


def test_production_is_read(answer: Any) -> None:
    """Limits are what they say, and nothing is told that need not be."""
    values = values_of(answer["readings"]["production"], "Production.arguments (pipeline/engines/production.py)")
    expected = {
        "max_num_queued_reqs": 24,
        "max_num_queued_tokens": 4096,
        "max_logprobs": 7,
        "fingerprint_mode": "none",
        "allowed_media_domains": ["none.invalid"],
        "disable_access_log_for_endpoints": "/health,/metrics",
        "disable_fastapi_docs": True,
    }
    assert {name: values[name] for name in expected} == expected


def test_refused_options_exist(answer: Any) -> None:
    """What a recipe may not have in `engine.extra_args` is still called that, so that the refusal means something."""
    gone = {*_KEYS, *_MANAGED} - set(answer["options"])
    assert gone == set(), f"no options of vLLM any more, though _KEYS or _MANAGED of pipeline/recipe/engine.py: {gone}"


def test_environment_variables_exist(answer: Any, servers: dict[str, VllmServer]) -> None:
    """Every variable of vLLM's that a server is started with is one that vLLM reads."""
    given = {name for one in ("key", "production") for name in servers[one].environment if name.startswith("VLLM_")}
    assert given <= set(answer["variables"]), "pipeline/engines/vllm.py and pipeline/runtimes/process.py set them"
