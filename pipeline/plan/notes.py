"""What a plan assumes or does not model, in sentences."""

from pipeline.plan.architecture import Architecture
from pipeline.plan.gpu import Gpu
from pipeline.plan.interconnect import joined_by
from pipeline.plan.settings import Settings


def notes_of(architecture: Architecture, gpu: Gpu, settings: Settings, length: int, load: Settings) -> tuple[str, ...]:
    """Return the notes of a plan.

    Args:
        architecture: the model.
        gpu: one of them.
        settings: as asked.
        length: `max_model_len`.
        load: the settings with prompts and answers that the length admits.
    """
    notes = []
    if length > architecture.max_position:
        notes.append(
            f"A context of {length:,} tokens is longer than the {architecture.max_position:,} that the model was made "
            f"for; vLLM refuses it unless its positions are scaled (rope_scaling)."
        )
    if load != settings:
        notes.append(
            f"Requests of {settings.input_tokens:,} + {settings.output_tokens:,} tokens do not fit into a context of "
            f"{length:,}; speeds are for {load.input_tokens:,} + {load.output_tokens:,}."
        )
    if gpu.memory_estimated:
        notes.append(
            f"The memory of {gpu.name} as its driver reports it is not known; {gpu.memory_gib:.2f} GiB assumed."
        )
    if architecture.encoder:
        weights = "" if architecture.encoder_parameters else ", and its weights are not counted"
        notes.append(
            f"The model takes {architecture.encoder} input; vLLM profiles that encoder too, which is not "
            f"modelled (2 to 16 GiB in logs){weights}. Text alone: --limit-mm-per-prompt with zeros."
        )
    if not settings.engine.graphs_inside and not settings.eager:
        notes.append("CUDA graphs come on top of the utilization in this version of vLLM.")
    if settings.data_parallel > 1:
        notes.append(
            f"KV cache, sequences and max_num_seqs are of each of the {settings.data_parallel:,} data-parallel "
            f"replicas, as vLLM's logs have them; tokens per second and sequences at once are of all together."
        )
    if architecture.has_experts and settings.ranks.experts > 1 and settings.expert_parallel:
        notes.append(
            "Experts are taken as equally busy; where some are asked more often than others, the GPUs that hold them "
            "are slower and the rest wait."
        )
    joined = joined_by(gpu, settings)
    return (*notes, joined) if joined else tuple(notes)
