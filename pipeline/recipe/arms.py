"""The recipe section `arms`: the sets of weights that are compared, each under a name of its own."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.recipe.endpoint import Endpoint, gathered
from pipeline.recipe.section import Section

BASELINE = "baseline"
AWQ = "awq"
RTN = "rtn"
AGAIN = "again"
"""What `eval.noise_floor` calls the baseline's second run; no arm may be called so."""
Kind = Literal["baseline", "awq", "rtn", "fp8", "checkpoint", "dummy", "endpoint"]
_NAMED_BY_KIND = (BASELINE, AWQ, RTN)


class Arm(Section):
    """One set of weights. A kind alone is short for an arm of that name: `- rtn`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    kind: Kind
    """`baseline`: the source model. `awq`: what `quantize` makes of it, the arm that margins are agreed for. `rtn`: the
    control, the same model rounded to nearest without AWQ. `fp8`: the source model, its weights cast by vLLM when it
    loads them; needs a GPU that knows FP8. `checkpoint`: weights that somebody else made. `dummy`: weights that the
    engine makes up from the source model's configuration. `endpoint`: a server that somebody runs already, whatever it
    is. Of these two the speed alone is measured, by `bench`."""
    checkpoint: str | None = None
    """Of the kind `checkpoint`: a folder (relative to the recipe) or hub id."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    quantization: Literal["awq", "none", "fp8"] | None = None
    """Of the kind `dummy`: what its weights are made up as, `awq` with the settings of `quantize` where it is left
    out."""
    endpoint: Endpoint | None = None
    """Of the kind `endpoint`; its keys may stand beside `name`."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"name": given, "kind": given}
        if isinstance(given, dict):
            named = "checkpoint" if given.get("checkpoint") else "endpoint" if given.get("url") else given.get("name")
            kind = given.get("kind") or named
            if kind == "dummy":
                given = {**given, "quantization": given.get("quantization") or AWQ}
            return {"name": kind, **(gathered(given) if kind == "endpoint" else given), "kind": kind}
        return given

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Arm":
        if (self.kind == "checkpoint") != (self.checkpoint is not None):
            raise ValueError("an arm of the kind `checkpoint` has the key `checkpoint`, and no other has")
        if (self.kind == "endpoint") != (self.endpoint is not None):
            raise ValueError("an arm of the kind `endpoint` has the key `url`, and no other has")
        if self.kind != "dummy" and self.quantization is not None:
            raise ValueError("`quantization` is of an arm of the kind `dummy`")
        if self.kind == "dummy" and "dummy" not in self.name:
            raise ValueError(
                f"an arm of the kind `dummy` has that word in its name, because the name stands beside its figures; "
                f"write dummy-{self.name}"
            )
        if self.revision is not None and self.checkpoint is None:
            raise ValueError("`revision` is of a `checkpoint` on the hub")
        if self.kind in _NAMED_BY_KIND and self.name != self.kind:
            raise ValueError(f"the arm of the kind `{self.kind}` is called {self.kind}")
        if self.kind not in _NAMED_BY_KIND and self.name in (*_NAMED_BY_KIND, AGAIN):
            raise ValueError(f"an arm of the kind `{self.kind}` cannot be called {self.name}; choose another name")
        return self

    @property
    def is_4bit(self) -> bool:
        """Whether a quantized kernel multiplies its weights, where that does not depend on somebody else's files."""
        return self.kind in (AWQ, RTN) or self.quantization == AWQ

    @property
    def is_fp8(self) -> bool:
        """Whether the engine casts its weights to FP8."""
        return "fp8" in (self.kind, self.quantization)


Arms = tuple[Arm, ...]
DEFAULT_ARMS: Arms = tuple(Arm(name=kind, kind=kind) for kind in (BASELINE, AWQ))


def check_arms(arms: Arms) -> Arms:
    """Return the arms: baseline and AWQ first, then as written.

    Raises:
        ValueError: two have the same name, or one of these is missing.
    """
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names):
        raise ValueError("each arm needs a name of its own")
    missing = [kind for kind in (BASELINE, AWQ) if kind not in names]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be among the arms: every other is compared with them")
    return tuple(sorted(arms, key=lambda arm: (BASELINE, AWQ, arm.name).index(arm.name)))


def with_engine(arms: Iterable[Arm]) -> Arms:
    """Return the arms that an engine of ours serves: all but servers that somebody runs already."""
    return tuple(arm for arm in arms if arm.kind != "endpoint")


def with_weights(arms: Iterable[Arm]) -> Arms:
    """Return the arms of which answers mean something to us: those whose weights an engine of ours loads."""
    return tuple(arm for arm in with_engine(arms) if arm.kind != "dummy")


def of_kind(arms: Iterable[Arm], kind: Kind) -> Arms:
    """Return the arms of one kind."""
    return tuple(arm for arm in arms if arm.kind == kind)
