"""The recipe: one frozen section per stage, composed into `Recipe`. Unknown keys are refused."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.base.credentials import credentials_in
from pipeline.recipe.calibration import Calibration
from pipeline.recipe.evaluation import Eval
from pipeline.recipe.section import Accelerator, NonNegativeFloat, PositiveFloat, PositiveInt, Section


class ModelSource(Section):
    """Where the source model comes from."""

    source: str
    """A folder, a hub id (`org/name`), or `packaged:demo`."""
    revision: str | None = None
    """Branch, tag or commit of a hub id; resolved to a commit and recorded."""
    licence: str | None = None
    """Overrides the licence found in the model card."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model. A hub id then needs a `revision` of 40 digits: a commit you read."""

    @model_validator(mode="after")
    def _revision_is_one(self) -> "ModelSource":
        revision = self.revision
        if revision is not None and (not re.fullmatch(r"\w[\w./+-]*", revision) or ".." in revision):
            raise ValueError(f"revision must be a branch, a tag or a commit, not {revision!r}")
        return self


GROUP_SIZES = (32, 64, 128)
Backend = Literal["autoawq", "llm-compressor"]
Share = Annotated[float, Field(ge=0, le=1)]


class Coverage(Section):
    """What a checkpoint must hold to be called AWQ. Shares count parameters of linear layers, ignored ones left out."""

    min_4bit: Share = 0.95
    """Smallest share that is 4 bit."""
    min_scaled: Share = 0.5
    """Smallest share that AWQ scaled by the activations, rather than only rounded."""


class Quantize(Section):
    """How the weights are quantized."""

    backend: Backend | Literal["auto"] = "auto"
    """`auto`: AutoAWQ where it knows the architecture and the settings, llm-compressor otherwise."""
    bits: Literal[4] = 4
    group_size: Literal[32, 64, 128, "channel"] = 128
    """Weights of one row that share a scale; `channel` is the whole row."""
    zero_point: bool = True
    """Asymmetric codes with a zero point per group; false for symmetric ones."""
    ignore: tuple[str, ...] = ("lm_head",)
    """Linear layers that stay in 16 bit: full names, or patterns with `*` such as `model.layers.0.*`. Routers of
    mixtures of experts always stay."""
    control: Literal["rtn"] | None = None
    """`rtn`: also round the same model to nearest without AWQ, and evaluate it beside the others."""
    coverage: Coverage = Coverage()
    calibration: Calibration
    n_parallel_calib_samples: PositiveInt | None = None
    """Blocks per forward pass during calibration (AutoAWQ's name). By default AutoAWQ takes all at once, so lower it
    when memory is short, and llm-compressor one."""

    @property
    def group(self) -> int:
        """Return the group size as backends write it; -1 for whole rows."""
        return -1 if self.group_size == "channel" else self.group_size


_MANAGED_ARGUMENTS = {
    *("--api-key", "--host", "--port", "--uds", "--model", "--served-model-name", "--ssl-keyfile", "--ssl-certfile"),
    *("--dtype", "--max-model-len", "--max-num-seqs", "--gpu-memory-utilization", "--enforce-eager"),
    *("--trust-remote-code", "--hf-token", "--load-format", "--hf-overrides", "--hf-config-path", "--tokenizer"),
    *("--revision", "--code-revision", "--tokenizer-revision"),
    # These import Python by name.
    *("--worker-cls", "--worker-extension-cls", "--logits-processors", "--middleware"),
    *("--tool-parser-plugin", "--reasoning-parser-plugin"),
}


class Engine(Section):
    """Settings of the vLLM engine, the same for every variant."""

    accelerator: Accelerator = "auto"
    dtype: Literal["bfloat16", "float16"] = "bfloat16"
    max_model_len: PositiveInt = 4096
    max_num_seqs: PositiveInt = 64
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.9
    cpu_kv_cache_gib: PositiveInt = 4
    """KV cache in GiB of system memory; used on the CPU only."""
    enforce_eager: bool = False
    """Skip compilation: quicker start, slower steps. On the CPU compilation needs g++."""
    start_timeout_s: PositiveInt = 900
    extra_args: tuple[str, ...] = ()
    """Further arguments of vLLM's API server, given to every variant alike."""

    @model_validator(mode="after")
    def _managed_arguments_stay_out(self) -> "Engine":
        given = {argument.split("=")[0] for argument in self.extra_args}
        if given & {"--quantization", "-q"}:
            raise ValueError("leave --quantization out: vLLM reads it from the checkpoint and picks the fast kernel")
        managed = sorted(given & _MANAGED_ARGUMENTS)
        if managed:
            raise ValueError(f"leave {', '.join(managed)} out of extra_args: awqctl sets it, or has a key for it")
        return self


class Bench(Section):
    """Which load is offered, through vLLM's own benchmark."""

    concurrency: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 4, 16)
    input_tokens: PositiveInt = 256
    output_tokens: PositiveInt = 128
    requests_per_concurrency: PositiveInt = 8
    """Requests of a run = this times its concurrency."""
    repeats: PositiveInt = 3
    """Runs per concurrency; the median is reported, with the smallest and largest."""
    warmup_requests: PositiveInt = 4
    seed: int = 0

    @model_validator(mode="after")
    def _concurrency_rises(self) -> "Bench":
        if list(self.concurrency) != sorted(set(self.concurrency)):
            raise ValueError("concurrency must rise, without repeats")
        return self


class Price(Section):
    """A price and where it came from."""

    usd: NonNegativeFloat
    origin: Literal["quoted", "assumed"]
    source: str
    """Who quoted it and when, or why it was assumed."""


class Load(Section):
    """The load the client has to serve."""

    requests_per_day: PositiveFloat
    output_tokens_per_request: PositiveFloat
    peak_to_average: Annotated[float, Field(ge=1)] = 1.0
    """Capacity is sized for the peak."""
    origin: Literal["measured", "quoted", "assumed"]
    source: str


class Roi(Section):
    """What it costs."""

    machine: str
    """The machine the price is for: one unit of capacity, as measured by `bench`."""
    hourly: Price
    """Price of one such machine for one hour."""
    load: Load
    engagement: Price | None = None
    """One-time price of the quantization project."""
    hours_per_month: PositiveFloat = 730.0


class Report(Section):
    """What stands on the cover of the report."""

    title: str = "AWQ deployment report"
    client: str | None = None
    prepared_by: str | None = None


class Serve(Section):
    """How the endpoint is offered."""

    model_name: str | None = None
    """Name clients ask for; default the recipe's name."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    """0 takes a free port."""
    tls: bool = True


class Recipe(Section):
    """Everything a user asks for, one section per stage."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    description: str = ""
    model: ModelSource
    quantize: Quantize
    engine: Engine = Engine()
    eval: Eval
    bench: Bench = Bench()
    roi: Roi
    report: Report = Report()
    serve: Serve = Serve()

    @model_validator(mode="before")
    @classmethod
    def _credentials_stay_out(cls, given: Any) -> Any:
        # Before the keys are checked one by one, because the message about a single key shows its value.
        if named := credentials_in(given):
            raise ValueError(
                f"{', '.join(named)} carries a token or password, and recipes are recorded and logged; take it out, "
                f"and set HF_TOKEN or run `hf auth login`"
            )
        return given

    @model_validator(mode="after")
    def _prompts_fit(self) -> "Recipe":
        longest = self.bench.input_tokens + self.bench.output_tokens
        if longest > self.engine.max_model_len:
            raise ValueError(
                f"bench.input_tokens + bench.output_tokens = {longest} exceeds engine.max_model_len = "
                f"{self.engine.max_model_len}"
            )
        return self
