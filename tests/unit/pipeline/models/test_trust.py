"""Code that comes with a model: found, listed, refused, allowed. None is run."""

import json
import os
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from pipeline.models.trust import CustomCode, check_pinned, check_trust, custom_code
from pipeline.recipe.model import ModelSource

AUTO_MAP = {"AutoConfig": "configuration_x.XConfig", "AutoModelForCausalLM": "modeling_x.XForCausalLM"}
CODE = {
    "configuration_x.py": "class XConfig: ...",
    "modeling_x.py": "from .configuration_x import XConfig\nfrom .parts import attention\nimport torch\n",
    "parts/__init__.py": "from .. import shared",
    "parts/attention.py": "from ...outside import nothing\n",
    "shared.py": "raise SystemExit('never run')",
    "convert.py": "print('a script beside the model')",
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with code of its own."""
    folder = tmp_path / "model"
    for name, text in CODE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "config.json").write_text(json.dumps({"model_type": "x", "auto_map": AUTO_MAP}))
    return folder


def trusting(folder: Path) -> ModelSource:
    """Return a recipe's section that trusts a folder."""
    return ModelSource(source=str(folder), trust_remote_code=True)


def test_model_without_code(tmp_path: Path) -> None:
    """Python files that no configuration names are not run, so they are no custom code."""
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "convert.py").write_text("print()")
    assert custom_code(tmp_path) == CustomCode()
    assert check_trust(tmp_path, trusting(tmp_path)) == CustomCode()


def test_a_configuration_that_is_no_file(tmp_path: Path) -> None:
    """A folder, a link into nothing and a named pipe, which would be waited for, are no configuration."""
    config = tmp_path / "config.json"
    for make in (config.mkdir, lambda: config.symlink_to("nowhere"), lambda: os.mkfifo(config)):
        make()
        with pytest.raises(SourceError, match=r"config\.json is missing"):
            custom_code(tmp_path)
        (config.rmdir if config.is_dir() else config.unlink)()


def test_files_are_those_named_and_all_they_import(model: Path) -> None:
    """Relative imports are followed through packages, never out of the folder; a script beside them is left out."""
    code = custom_code(model)
    assert code.files == (
        "configuration_x.py",
        "modeling_x.py",
        "parts/__init__.py",
        "parts/attention.py",
        "shared.py",
    )
    assert code.classes == ("config.json: configuration_x.XConfig", "config.json: modeling_x.XForCausalLM")


def test_generate_function_of_a_model_with_code(model: Path) -> None:
    """A trusted model's custom_generate/generate.py runs without being named, so it is listed."""
    (model / "custom_generate").mkdir()
    (model / "custom_generate" / "generate.py").write_text("")
    assert "custom_generate/generate.py" in custom_code(model).files


@pytest.mark.parametrize("name", ["configuration_x.py", "shared.py"])
def test_digest_follows_the_code(model: Path, name: str) -> None:
    """A change of any listed file changes the digest; a script beside them does not."""
    before = custom_code(model).digest
    (model / "convert.py").write_text("other")
    assert custom_code(model).digest == before
    (model / name).write_text("class XConfig: other = 1")
    assert custom_code(model).digest != before


@pytest.mark.parametrize(
    ("config", "document"),
    [
        ("config.json", {"auto_map": {"AutoModelForCausalLM": "modeling_y.Y"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoConfig": "modeling_y.Y"}}}),
        ("config.4.0.0.json", {"auto_map": {"AutoModelForCausalLM": "modeling_y.Y"}}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["modeling_y.Y", None]}}),
        ("tokenizer_config.json", {"auto_map": [None, "modeling_y.Y"]}),
        ("processor_config.json", {"auto_map": {"AutoProcessor": "modeling_y.Y"}}),
        ("preprocessor_config.json", {"auto_map": {"AutoImageProcessor": {"torchvision": "modeling_y.Y"}}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_form_of_auto_map_is_refused(tmp_path: Path, config: str, document: object) -> None:
    """The message names file, class and configuration, and says how to allow it."""
    (tmp_path / config).write_text(json.dumps(document))
    with pytest.raises(SourceError) as caught:
        check_trust(tmp_path, ModelSource(source="org/name"), "c" * 40)
    for part in ("modeling_y.py", f"{config}: modeling_y.Y", "trust_remote_code=true", f"model.revision={'c' * 40}"):
        assert part in caught.value.message


def test_folder_needs_no_revision(model: Path) -> None:
    """For a folder the advice is the one key, and it works."""
    with pytest.raises(SourceError, match=r"model\.trust_remote_code=true;"):
        check_trust(model, ModelSource(source=str(model)))
    assert check_trust(model, trusting(model)) == custom_code(model)


def test_code_that_is_not_there(model: Path) -> None:
    """A class whose file is missing is found before an engine starts."""
    (model / "configuration_x.py").unlink()
    with pytest.raises(SourceError, match=r"does not hold: configuration_x\.py"):
        check_trust(model, trusting(model))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"auto_map": {"AutoModel": "other/repo--modeling_x.XForCausalLM"}}, "code of another repository"),
        ({"attn_implementation": "somebody/kernel"}, "code of another repository"),
        ({"_attn_implementation": {"text_config": "somebody/kernel:layer"}}, "code of another repository"),
        ({"auto_map": {"AutoModel": "../outside.X"}}, "code of another repository"),
        ({"auto_map": {"AutoModel": "..outside.X"}}, "no class of a file"),
        ({"auto_map": {"AutoModel": "XForCausalLM"}}, "no class of a file"),
    ],
)
def test_code_elsewhere_is_always_refused(model: Path, document: object, message: str) -> None:
    """Trust is in one folder or one commit; nothing outside of it is covered."""
    (model / "config.json").write_text(json.dumps(document))
    with pytest.raises(SourceError, match=message):
        check_trust(model, trusting(model))


def test_attention_of_the_library_is_no_code(tmp_path: Path) -> None:
    """The usual values of attn_implementation pass."""
    (tmp_path / "config.json").write_text('{"attn_implementation": "flash_attention_2"}')
    assert custom_code(tmp_path) == CustomCode()


def test_broken_configuration_is_named(tmp_path: Path) -> None:
    """What cannot be read cannot be judged."""
    (tmp_path / "tokenizer_config.json").write_text('{"auto_map": ')
    with pytest.raises(SourceError, match=r"tokenizer_config\.json is not JSON"):
        custom_code(tmp_path)


@pytest.mark.parametrize("revision", [None, "main", "a" * 39, "A" * 40])
def test_trust_needs_a_whole_commit(revision: str | None) -> None:
    """A branch, a tag or a shortened commit may hold other code tomorrow."""
    with pytest.raises(SourceError, match=rf"model\.revision is {revision or 'not set'}\. Set it to the full 40-digit"):
        check_pinned(ModelSource(source="org/name", revision=revision, trust_remote_code=True))


def test_whole_commit_may_be_trusted() -> None:
    """40 digits are enough; without trust, none are needed."""
    check_pinned(ModelSource(source="org/name", revision="0123456789abcdef" * 2 + "01234567", trust_remote_code=True))
    check_pinned(ModelSource(source="org/name"))
