"""The backends' environments hold what our workers take from them: imports, calls, overridden and patched names."""

import ast
from importlib import resources
from pathlib import Path

from tests.cuda_contract.conftest import Environment

ENGINES = ("autoawq", "llmcompressor", "vllm")
WORKERS = Path(str(resources.files("pipeline.runtimes"))) / "workers"
ENTRIES = {
    "autoawq": ("autoawq_quantize",),
    "llmcompressor": ("llmcompressor_quantize",),
    "vllm": ("vllm_arguments",),
}
INSTANCES = {
    "autoawq": {"autoawq_quantize": {"model": "awq.models.base:BaseAWQForCausalLM"}},
    "llmcompressor": {"llmcompressor_quantize": {"model": "transformers:PreTrainedModel"}},
    "vllm": {},
}
"""Objects whose class only running the worker would tell, by worker and by their name in it."""


def files_of(names: tuple[str, ...]) -> list[Path]:
    """Return workers and the files beside them that they import, directly or not."""
    found, waiting = [], list(names)
    while waiting:
        path = WORKERS / f"{waiting.pop()}.py"
        if path.exists() and path not in found:
            found.append(path)
            nodes = list(ast.walk(ast.parse(path.read_text())))
            waiting += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
            waiting += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return found


def test_workers_find_what_they_use(environment: Environment, tmp_path: Path) -> None:
    """Everything imports without a GPU, and what is called takes the arguments that it is given."""
    engine = environment.spec.engine
    files = files_of(ENTRIES[engine])
    question = {"files": [str(path) for path in files], "instances": INSTANCES[engine]}
    answer = environment.ask(Path(__file__).with_name("import_probe.py"), question, tmp_path / "answer.json")
    assert answer["problems"] == []
    assert answer["checked"] >= len(files)
