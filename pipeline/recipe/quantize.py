"""The recipe section `quantize`: how the weights are quantized."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.recipe.calibration import Calibration
from pipeline.recipe.section import PositiveInt, Section

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
    coverage: Coverage = Coverage()
    calibration: Calibration
    n_parallel_calib_samples: PositiveInt | None = None
    """Blocks per forward pass during calibration (AutoAWQ's name). By default AutoAWQ takes all at once, so lower it
    when memory is short, and llm-compressor one."""

    @property
    def group(self) -> int:
        """Return the group size as backends write it; -1 for whole rows."""
        return -1 if self.group_size == "channel" else self.group_size
