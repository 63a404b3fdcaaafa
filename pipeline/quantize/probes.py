"""What the stage `quantize` looks at before a run: the model, the calibration text, the plan; and its disk space."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.base.errors import AwqctlError, ImpossiblePlanError
from pipeline.models import local_folder
from pipeline.models.trust import read_config
from pipeline.quantize.backends import BACKENDS
from pipeline.quantize.calibration.data_sets import open_data_set
from pipeline.quantize.calibration.files import read_file
from pipeline.quantize.calibration.sources import Place, locate
from pipeline.quantize.calibration.texts import UniqueTexts
from pipeline.quantize.preflight import preflight
from pipeline.quantize.resources import resources_of
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect, Space
from pipeline.runtimes.specs import external_interpreter, spec_for
from pipeline.runtimes.store import is_ready

_SUMMED_UP = "disk"
"""The check of a plan that the disk of the whole run takes the place of."""
_TAKEN = ("memory", "GPU memory", "time")
"""Checks of a plan that say what it takes, also where it is there."""


def _model(prospect: Prospect) -> Iterator[AwqctlError]:
    """Look for the model's folder and its configuration; the plan looks closer where there is time for it."""
    folder = local_folder(prospect.recipe.model, prospect.context.recipe_dir)
    if folder is not None and prospect.effort == Effort.FILES:
        read_config(folder / "config.json")
    yield from ()


def _calibration_files(prospect: Prospect) -> Iterator[AwqctlError]:
    """Read the files on this machine, every line; say what is wrong with each source."""
    for source in prospect.recipe.quantize.calibration.mixture:
        try:
            place = locate(source, prospect.context.recipe_dir)
            if place.path is not None and place.is_file:
                read_file(place.path, place.column)
        except AwqctlError as problem:
            yield problem


def _calibration_texts(prospect: Prospect) -> Iterator[AwqctlError]:
    """Take the first text of each source as the calibration would: data sets and folders, templates of chats."""
    calibration = prospect.recipe.quantize.calibration
    for source in calibration.mixture:
        try:
            place = locate(source, prospect.context.recipe_dir)
            _take_one(place, calibration.seed, prospect)
        except AwqctlError as problem:
            yield problem


def _take_one(place: Place, seed: int, prospect: Prospect) -> None:
    if place.is_chat:
        next(iter(UniqueTexts(place, seed, prospect.model.tokenizer(), set())), None)
    elif not place.is_file:
        data_set = open_data_set(place, seed)
        if data_set.stream.features is None:  # else the column is there; a row may cost tens of megabytes
            next(iter(data_set.rows()), None)


def _plan(prospect: Prospect) -> Iterator[ProbeResult | AwqctlError]:
    """Hold the model against the settings, the backends and, where the run will be here, this machine."""
    model = prospect.model
    found = preflight(model.headers, prospect.recipe, resources_of(prospect.context), tokenizer=model.tokenizer)
    for check in found.checks:
        text = f"{check.statement} {check.advice}".rstrip()
        if check.status == "impossible":
            if check.name != _SUMMED_UP:
                yield ImpossiblePlanError(text)
        elif check.status != "ok" or check.name in _TAKEN:
            subject = f"quantize: {check.name}" if check.name in _TAKEN else check.name
            yield ProbeResult(subject=subject, state=check.status, text=text)


def space(prospect: Prospect) -> Iterator[Space]:
    """Yield the download, the checkpoint with its control, what searches keep, and the backend's environment."""
    from huggingface_hub import constants  # noqa: PLC0415 -- half a second of import

    model, accelerator = prospect.model, prospect.planned[0]
    yield Space(Path(constants.HF_HUB_CACHE).expanduser(), model.headers.download_bytes, "the model's weights")
    found = preflight(model.headers, prospect.recipe, resources_of(prospect.context))
    if found.prediction is not None:
        yield Space(prospect.context.out, found.prediction.disk_bytes, "what quantize writes")
    if found.backend is not None:
        engine = BACKENDS[found.backend].engine
        spec = spec_for(engine, accelerator)
        if external_interpreter(engine) is None and not is_ready(spec, prospect.context.home):
            yield Space(prospect.context.home, spec.expected_bytes, f"the {spec.name} environment")


PROBES = (
    Probe("model", _model, Effort.FILES, "The source model is there."),
    Probe("calibration", _calibration_files, Effort.FILES, "Every calibration file can be read."),
    Probe("calibration", _calibration_texts, Effort.SECONDS, "Every calibration source gives text."),
    Probe("quantization", _plan, Effort.SECONDS, "The model, the settings and a backend fit one another."),
)
