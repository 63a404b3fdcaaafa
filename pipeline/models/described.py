"""A recipe's model before its weights are there: configuration, headers, tokenizer, from a folder or from the hub."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from pipeline.models.headers import ModelHeaders, headers_of
from pipeline.models.hub_headers import hub_description, hub_headers, hub_tokenizer
from pipeline.models.resolve import local_folder, resolve_source
from pipeline.models.tokenizer import Tokenizer, load_tokenizer
from pipeline.recipe.model import ModelSource


@dataclass(frozen=True)
class DescribedModel:
    """What is known of a model without its weights; what takes a look at the hub again is asked when it is needed."""

    headers: ModelHeaders
    tokenizer: Callable[[], Tokenizer]
    description: Callable[[], Path]
    """Returns a folder with its files but the weights."""


def describe(source: ModelSource, recipe_dir: Path) -> DescribedModel:
    """Return what a model says of itself; of a hub model no weights are fetched.

    Raises:
        SourceError: there is no such model, or it is none that can be quantized.
        EnvironmentLackError: the hub cannot be reached.
    """
    if local_folder(source, recipe_dir) is None:
        return DescribedModel(
            hub_headers(source), cache(partial(hub_tokenizer, source)), cache(partial(hub_description, source))
        )
    found = resolve_source(source, recipe_dir)
    loader = partial(load_tokenizer, found.path, trust_remote_code=found.trust_remote_code)
    return DescribedModel(headers_of(found), cache(loader), lambda: found.path)
