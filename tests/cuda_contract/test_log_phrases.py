"""Every word that `pipeline/engines/vllm_log.py` reads in vLLM's log stands in vLLM's source."""

import re

import pytest

from pipeline.engines.vllm_log import COMPARED, CONSEQUENCES, DEATHS, LINES, MODES, STAGES, phrases
from tests.cuda_contract.conftest import Environment
from tests.cuda_contract.literals import literals_below, literals_of, normalized

ENGINES = ("vllm",)
READ_IN = {
    **{phrase: f'LINES["{name}"]' for name, line in LINES.items() for phrase in line.phrases},
    **{mark: f'STAGES, "{stage}"' for mark, stage in STAGES},
    **dict.fromkeys(MODES.values(), "MODES"),
    **dict.fromkeys(CONSEQUENCES, "CONSEQUENCES"),
    **dict.fromkeys(DEATHS, "DEATHS"),
}
"""Where in `vllm_log` each phrase is read."""


@pytest.fixture(scope="session")
def written(environment: Environment) -> str:
    """All that vLLM's Python can write."""
    return literals_below(environment.packages / "vllm")


@pytest.fixture(scope="session")
def configuration(environment: Environment) -> str:
    """What the line `Initializing a V1 LLM engine ... with config: ...` consists of."""
    return literals_of(environment.packages / "vllm" / "config" / "vllm.py", "VllmConfig", "__str__")


def test_every_phrase_is_looked_for() -> None:
    """Nothing of `phrases()` is left out here."""
    assert {*READ_IN, *(f"{name}=" for name in COMPARED)} == set(phrases())


@pytest.mark.parametrize("phrase", READ_IN)
def test_phrase_is_written(written: str, environment: Environment, phrase: str) -> None:
    """A string literal, formatted or not, holds the phrase."""
    spec = environment.spec
    assert normalized(phrase) in written, (
        f"{spec.package} {spec.version} never writes '{phrase}', which {READ_IN[phrase]} of "
        f"pipeline/engines/vllm_log.py reads"
    )


@pytest.mark.parametrize("name", COMPARED)
def test_setting_is_in_the_line_of_the_configuration(configuration: str, environment: Environment, name: str) -> None:
    """`VllmConfig.__str__` writes the setting by that name, after a comma as `vllm_log` splits it."""
    spec = environment.spec
    assert re.search(rf"(?:^|, ){name}=", configuration), (
        f"{spec.package} {spec.version} does not write '{name}=' in its line of the configuration, where COMPARED of "
        f"pipeline/engines/vllm_log.py looks for it"
    )
