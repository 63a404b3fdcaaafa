"""One quantization, from a checked plan to published folders."""

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.base.errors import SourceError, WorkerError
from pipeline.base.files import write_atomically
from pipeline.base.results import Gate
from pipeline.models import SourceModel, described_files
from pipeline.models.checksums import sum_files
from pipeline.models.headers import headers_of
from pipeline.models.layers import LinearLayer, ignored, linear_layers
from pipeline.models.manifest import CARD, Manifest, ManifestSource, write_manifest
from pipeline.models.name import name_of_model
from pipeline.models.tensors import Tensor, parameters, read_headers, weight_bytes
from pipeline.quantize.audit.coverage import audit, gates
from pipeline.quantize.audit.layers import write_layers
from pipeline.quantize.audit.packing import packed_size
from pipeline.quantize.audit.reconstruction import compare
from pipeline.quantize.awq import Quantized, file_states, log_of, quantize_with
from pipeline.quantize.backends import Backend
from pipeline.quantize.calibration import CalibrationSet
from pipeline.quantize.card.card import model_card
from pipeline.quantize.checkpoint import assemble
from pipeline.quantize.control import write_control
from pipeline.quantize.result import NOTES, CoverageResult, LayerAudit, QuantizeResult
from pipeline.recipe.quantize import Quantize
from pipeline.record.context import CHECKPOINT, RunContext

CONTROL = "control"
_SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class Quantization:
    """One quantization, from a checked plan to published folders."""

    source: SourceModel
    changes: tuple[str, ...]
    settings: Quantize
    controlled: bool
    """Whether a control is made beside it."""
    backend: Backend
    calibration: CalibrationSet
    context: RunContext

    def publish(self) -> tuple[QuantizeResult, tuple[Gate, ...]]:
        """Quantize, audit and publish; the checkpoint first, so that a mix of old and new is noticed."""
        before = file_states(self.source.path)
        with ExitStack() as stack:
            notes = stack.enter_context(self.context.staged(NOTES))
            write_atomically(notes / "calibration.json", self.calibration.model_dump_json())
            control = stack.enter_context(self.context.staged(CONTROL)) if self.controlled else None
            folder = stack.enter_context(self.context.staged(CHECKPOINT))
            return self._fill(folder, control, notes, before)

    def _fill(
        self, folder: Path, control: Path | None, notes: Path, before: dict[str, tuple[int, ...]]
    ) -> tuple[QuantizeResult, tuple[Gate, ...]]:
        tensors = read_headers(self.source.path)
        layers = linear_layers(tensors)
        left = ignored(layers.values(), self.settings.ignore)
        quantized = self._quantize(folder, left)
        with self.context.reporter.task("comparing the checkpoint with its source"):
            audits, coverage = self._audit(tensors, left, quantized, folder)
        write_layers(notes, audits)
        control_digest = None
        if control is not None:
            packed = [layers[row.name] for row in audits if row.treatment != "16 bit"]
            control_digest = self._control(tensors, packed, control)
        if file_states(self.source.path) != before:
            raise SourceError(
                f"{self.source.path} changed while it was being quantized. Let it come to rest and run this again."
            )
        origin = self._origin()
        result, manifest = self._describe(folder, origin, quantized, coverage, control_digest)
        (folder / CARD).write_text(model_card(result, manifest, audits), encoding="utf-8")
        card = sum_files(folder, names=[CARD], cache=self.context.sums, publish_as=self.context.out / CHECKPOINT)
        write_manifest(manifest.model_copy(update={"files": manifest.files | card}), folder)
        return result, gates(coverage, self.settings.coverage)

    def _quantize(self, folder: Path, left: Iterable[str]) -> Quantized:
        """Run the backend and assemble the checkpoint in `folder`."""
        work = self.context.scratch / "work"
        shutil.rmtree(work, ignore_errors=True)
        try:
            # A tied head has no tensor of its own, but is a linear layer to a backend.
            leave = {*left, "lm_head"} if headers_of(self.source).tied else set(left)
            blocks = self.calibration.token_ids
            quantized = quantize_with(self.backend, self.source, blocks, self.settings, leave, self.context, work)
            dtype = self.backend.writes_dtype
            assemble(self.source, quantized.weights, folder, quantized.answer.quantization_config, dtype=dtype)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return quantized

    def _audit(
        self, tensors: dict[str, Tensor], left: dict[str, str], quantized: Quantized, folder: Path
    ) -> tuple[tuple[LayerAudit, ...], CoverageResult]:
        """Compare the checkpoint with its source.

        Raises:
            WorkerError: it is not what the source and the backend's scales make it.
        """
        made, answer = read_headers(folder), quantized.answer
        scalings = [scaling.model_dump() for scaling in answer.scalings]
        reconstruction = compare(
            tensors,
            made,
            answer.quantization_config,
            scalings,
            quantized.scales,
            model_type=self._model_type,
            zero_point=self.settings.zero_point,
            clips=self.backend.clips,
        )
        if reconstruction.problems:
            shutil.rmtree(self.context.resume(NOTES), ignore_errors=True)  # what was found may be what is wrong
            shown, more = reconstruction.problems[:_SHOWN_PROBLEMS], len(reconstruction.problems) - _SHOWN_PROBLEMS
            rest = f" And {more} more." if more > 0 else ""
            raise WorkerError(
                f"{self.backend.label} wrote a checkpoint that is not the source in 4 bit: {' '.join(shown)}{rest} "
                f"Nothing was kept; set quantize.backend to another one.",
                log=log_of(self.context, self.backend),
            )
        return audit(tensors, made, scalings, quantized.scales, left, reconstruction, answer.equivalence)

    def _control(self, tensors: dict[str, Tensor], layers: Iterable[LinearLayer], folder: Path) -> str:
        """Write the round-to-nearest control; return its digest."""
        with self.context.reporter.task("rounding to nearest, for the control"):
            group, weights = self.settings.group, folder / "weights"
            weights.mkdir()
            config = write_control(tensors, layers, weights, group=group, zero_point=self.settings.zero_point)
            assemble(self.source, weights, folder, config, dtype=None)
            shutil.rmtree(weights)
            self._check_control(tensors, folder, config)
        manifest = self._manifest(folder, self._origin(), {}, CONTROL)
        write_manifest(manifest, folder)
        return manifest.digest()

    def _check_control(self, tensors: dict[str, Tensor], folder: Path, config: dict[str, Any]) -> None:
        """Compare the control with the source, as the checkpoint is.

        Raises:
            WorkerError: it is not the source in 4 bit.
        """
        reconstruction = compare(
            tensors,
            read_headers(folder),
            config,
            [],
            {},
            model_type=self._model_type,
            zero_point=self.settings.zero_point,
            clips=False,
        )
        if reconstruction.problems:
            raise WorkerError(
                f"The round-to-nearest control is not the source in 4 bit: {reconstruction.problems[0]} "
                f"Take `rtn` out of the arms."
            )

    @property
    def _model_type(self) -> str:
        return str(self.source.config().get("model_type"))

    def _origin(self) -> ManifestSource:
        names = described_files(self.source.path) | set(self.source.code.files)
        return ManifestSource(
            reference=self.source.reference,
            commit=self.source.commit,
            licence=self.source.licence,
            files=sum_files(self.source.path, names=names, cache=self.context.sums),
        )

    def _manifest(self, folder: Path, origin: ManifestSource, versions: dict[str, str], final: str) -> Manifest:
        place = self.context.out / final
        return Manifest(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            source=origin,
            quantize=self.settings.model_dump(mode="json"),
            versions={"awqctl": __version__, **versions},
            files=sum_files(folder, cache=self.context.sums, publish_as=place),
        )

    def _describe(
        self,
        folder: Path,
        origin: ManifestSource,
        quantized: Quantized,
        coverage: CoverageResult,
        control_digest: str | None,
    ) -> tuple[QuantizeResult, Manifest]:
        """Return the stage's result, and the manifest as it is before there is a card."""
        answer, facts = quantized.answer, self.calibration.facts
        manifest = self._manifest(folder, origin, answer.versions, CHECKPOINT)
        total, (packed, held) = parameters(self.source.path), packed_size(read_headers(folder))
        result = QuantizeResult(
            source=self.source.reference,
            source_name=name_of_model(self.source.path, self.source.reference),
            source_path=str(self.source.path),
            source_commit=self.source.commit,
            licence=self.source.licence,
            backend=self.backend.name,
            backend_versions=answer.versions,
            bits=self.settings.bits,
            format=self.backend.format,
            group_size=self.settings.group,
            zero_point=self.settings.zero_point,
            calibration_source=facts.title,
            calibration_blocks=facts.blocks,
            calibration_block_tokens=facts.block_tokens,
            quantized_modules=sum(kind.scaled + kind.rounded for kind in coverage.kinds),
            coverage=coverage,
            source_changes=self.changes,
            recalled=answer.recalled,
            parameters=total,
            quantized_parameters=packed,
            source_bytes=weight_bytes(self.source.path),
            checkpoint_bytes=weight_bytes(folder),
            bits_per_weight=8 * weight_bytes(folder) / total,
            bits_per_quantized_weight=8 * held / packed,
            quantize_seconds=quantized.seconds,
            peak_memory_gib=answer.peak_memory_gib,
            peak_gpu_memory_gib=answer.peak_gpu_memory_gib,
            checkpoint_digest=manifest.digest(),
            code_digest=self.source.code.digest if self.source.trust_remote_code else None,
            control_digest=control_digest,
        )
        return result, manifest
