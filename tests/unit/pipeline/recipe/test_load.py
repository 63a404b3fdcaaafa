"""Recipes: validation, overrides, errors that name the key."""

import os
from pathlib import Path

import pytest
import yaml

from pipeline.base.errors import RecipeError
from pipeline.recipe.load import load_recipe, packaged_recipes

ALL = sorted(packaged_recipes())


def write(tmp_path: Path, **changes: object) -> str:
    """Write the demo recipe with some sections replaced; return its path."""
    document = yaml.safe_load(packaged_recipes()["demo"].read_text()) | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


@pytest.mark.parametrize("name", ALL)
def test_packaged_recipe_is_valid(name: str) -> None:
    """Every recipe that ships validates and is named like its file."""
    loaded = load_recipe(name)
    recipe, path = loaded.recipe, loaded.path
    assert (recipe.name, path.stem) == (name, name)


def test_override_reaches_nested_keys() -> None:
    """`--set` replaces values in mappings and lists, parsed as YAML."""
    recipe = load_recipe("demo", ["bench.concurrency=[2, 8]", "eval.tasks.0.margin=0.5"]).recipe
    assert (recipe.bench.concurrency, recipe.eval.tasks[0].margin) == ((2, 8), 0.5)


def test_unknown_key_is_refused_with_the_allowed_ones() -> None:
    """An unknown key is named with its path, and the keys of that section are listed."""
    with pytest.raises(RecipeError, match=r"engine\.max_modellen: unknown key; allowed here: accelerator, dtype,"):
        load_recipe("demo", ["engine.max_modellen=1"])


def test_wrong_type_names_path_and_value() -> None:
    """A wrong type is reported with key path and value."""
    with pytest.raises(RecipeError, match=r"bench\.repeats: .*value: 'many'"):
        load_recipe("demo", ["bench.repeats=many"])


def test_missing_section_is_named(tmp_path: Path) -> None:
    """The one section that every recipe has, where it is missing; the others where somebody needs them."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\n")
    with pytest.raises(RecipeError, match=r"model: required, but missing"):
        load_recipe(str(path))
    path.write_text("name: mine\nmodel: {source: packaged:demo}\n")
    recipe = load_recipe(str(path)).recipe
    assert [recipe.has(name) for name in ("quantize", "eval", "roi", "bench")] == [False, False, False, True]
    with pytest.raises(RecipeError, match="The recipe mine has no section `eval`"):
        _ = recipe.eval


def test_prompts_longer_than_the_context_are_refused() -> None:
    """A benchmark that cannot fit into the context is refused before anything starts."""
    with pytest.raises(RecipeError, match=r"= 5064 exceeds engine\.max_model_len = 1024"):
        load_recipe("demo", ["bench.input_tokens=5000"])


def test_quantization_flag_is_refused() -> None:
    """vLLM must choose the kernel itself."""
    with pytest.raises(RecipeError, match="leave --quantization out"):
        load_recipe("demo", ["engine.extra_args=['--quantization=awq']"])


@pytest.mark.parametrize("argument", ["--uds=x", "--trust-remote-code", "--host=0.0.0.0", "--config", "--tokenizer=x"])
def test_managed_arguments_are_refused(argument: str) -> None:
    """What awqctl sets itself cannot be overridden behind the record's back, and no key reaches a process list."""
    with pytest.raises(RecipeError, match="out of extra_args: awqctl sets it"):
        load_recipe("demo", [f"engine.extra_args=['{argument}']"])


@pytest.mark.parametrize("argument", ["--trust_remote_code", "--trust-remote", "--middlew=x", "--hf-overrides.a=1"])
def test_other_spellings_of_managed_arguments_are_refused(argument: str) -> None:
    """vLLM's parser takes underscores, beginnings of names and dotted keys for the same."""
    with pytest.raises(RecipeError, match="out of extra_args: awqctl sets it"):
        load_recipe("demo", [f"engine.extra_args=['{argument}']"])


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("--dtype", "dtype"),
        ("-tp=2", "tensor_parallel_size"),
        ("--pipeline_parallel_size=2", "pipeline_parallel_size"),
        ("--kv-cache-dtype", "kv_cache_dtype"),
        ("--kv-cache-dtype-skip-layers", "kv_cache_dtype_skip_layers"),
        ("--no-enable-prefix-caching", "enable_prefix_caching"),
        ("--enable-chunked", "enable_chunked_prefill"),
    ],
)
def test_arguments_with_a_key_name_it(argument: str, key: str) -> None:
    """The key is where the setting belongs."""
    with pytest.raises(RecipeError, match=f"set engine.{key} instead"):
        load_recipe("demo", [f"engine.extra_args=['{argument}']"])


def test_arguments_that_only_resemble_managed_ones_pass() -> None:
    """A longer name is another option, and a value is no option."""
    arguments = ["--tokenizer-mode", "slow", "--model-impl=transformers", "--max-num-batched-tokens", "512"]
    assert load_recipe("demo", [f"engine.extra_args={arguments}"]).recipe.engine.extra_args == tuple(arguments)


def test_key_in_the_engine_arguments_is_refused() -> None:
    """It would stand in the record and in the process list."""
    with pytest.raises(RecipeError, match=r"extra_args\.0 carries a token or password"):
        load_recipe("demo", ["engine.extra_args=['--api-key=k']"])


@pytest.mark.parametrize(("reference", "message"), [("nosuch", "no recipe named"), ("./no.yaml", "no recipe file")])
def test_missing_recipe_says_where_to_look(reference: str, message: str) -> None:
    """An unknown name and a missing file are told apart."""
    with pytest.raises(RecipeError, match=message):
        load_recipe(reference)


def test_broken_yaml_is_reported_in_one_line(tmp_path: Path) -> None:
    """A YAML error is a recipe error on one line."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: [unclosed\n")
    with pytest.raises(RecipeError, match="not valid YAML"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"name: a\nmodel: {source: x,\n  source: y}\n",
            r"mine.yaml is not valid YAML: line 3: the key 'source' is given",
        ),
        (b"name: a\n# \xe4\nb: 1\n", r"mine.yaml is not UTF-8 in line 2"),
        (b"name: a\nmodel: &m {source: *m}\n", r"line 2: \*m stands inside of what it names"),
        (b"- a\n", r"a mapping of sections is expected"),
    ],
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes, message: str) -> None:
    """A key given twice and what cannot be read are named with file and line."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        load_recipe(str(path))


def test_clocks_and_dates_are_texts(tmp_path: Path) -> None:
    """A price of 1:30 is none, and a title that looks like a date is a title."""
    with pytest.raises(RecipeError, match=r"roi\.hourly\.usd: .*value: '1:30'"):
        load_recipe("demo", ["roi.hourly.usd=1:30"])
    with pytest.raises(RecipeError, match=r"model\.revision: .*; write it in quotes \(value: 1234567\)"):
        load_recipe("demo", ["model.revision=1234567"])
    assert load_recipe("demo", ["report.title=2026-02-30"]).recipe.report.title == "2026-02-30"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["bench.repeats=1", "bench.repeats=2"], r"--set gives bench\.repeats and after it bench\.repeats"),
        (["bench.repeats=1", "bench={}"], r"--set gives bench\.repeats and after it bench, which undoes it"),
        (["bench={repeats: 1, repeats: 2}"], r"line 1: the key 'repeats' is given twice"),
        (["bench.repeats=[&a [*a]]", "eval={}"], r"stands inside"),
        ([f"{'a.' * 3_000}b=1"], r"no key has more than 20 parts"),
        (["bench.repeats=" + "9" * 5_000], r"more than 18 digits"),
        (["bench.repeats='" + "9" * 4_000 + "'"], r"bench\.repeats: Input should be less than"),
        (["bench.repeats=\udce4"], r"not UTF-8"),
        (["bench.repeats=true"], r"bench\.repeats: Input should be a number, not true or false"),
        (["bench.concurrency=[true, 4]"], r"bench\.concurrency: Input should be a number"),
        (["eval.tasks.0.margin=TRUE"], r"eval\.tasks\.0\.margin: Input should be a number"),
        (["schema_version=true"], r"schema_version: "),
        (["eval.tasks.0.margin=0.1", "eval.tasks.00.margin=0.2"], r"'00' is no position in a list of 2"),
        (["eval.tasks.-1.margin=0.1"], r"'-1' is no position in a list of 2; the first is 0"),
        (["eval.tasks.\u0661.margin=0.1"], r"is no position"),
        (["eval.tasks.x=1"], r"'x' is no position"),
        (["bench.concurrency.9=1"], r"'9' is no position in a list of 3"),
        (["bench.concurrency.0.x=1"], r"there is no key 'x' in a single value"),
        (["name=" + "x" * 101], r"name: String should match"),
    ],
    ids=lambda value: value[-1][:30] if isinstance(value, list) else None,
)
def test_overrides_that_cannot_be_meant(overrides: list[str], message: str) -> None:
    """One `--set` undoes no other, and its value is read as strictly as a file."""
    with pytest.raises(RecipeError, match=message):
        load_recipe("demo", overrides)


def test_a_section_may_be_set_before_its_keys() -> None:
    """The later, narrower one keeps what the wider one says else."""
    recipe = load_recipe("demo", ["bench={concurrency: [1, 2]}", "bench.repeats=2"]).recipe
    assert (recipe.bench.concurrency, recipe.bench.repeats) == ((1, 2), 2)


def test_many_mistakes_are_told_in_few_lines(tmp_path: Path) -> None:
    """A file of another kind is refused at once and not with a line per key."""
    path = tmp_path / "mine.yaml"
    path.write_text("".join(f"k{number}: {'x' * 1_000}\n" for number in range(5_000)), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert (len(str(caught.value)) < 10_000, "more" in str(caught.value)) == (True, True)


def test_long_overrides_are_told_in_short() -> None:
    """Nobody needs thousands of characters of a mistake, whether they are the key or the value."""
    for override in ("bench.repeats=" + "9" * 5_000, "x" * 9_000 + "=1", "y" * 9_000):
        with pytest.raises(RecipeError) as caught:
            load_recipe("demo", [override])
        assert len(str(caught.value)) < 600


def test_truth_stays_truth() -> None:
    """Keys that are true or false take every word for it."""
    engine = load_recipe("demo", ["engine.enforce_eager=off", "engine.enable_prefix_caching=TRUE"]).recipe.engine
    assert (engine.enforce_eager, engine.enable_prefix_caching) == (False, True)


def test_what_is_no_file_is_told_as_that(tmp_path: Path) -> None:
    """A folder and a named pipe are there, and cannot be read as a recipe."""
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("folder", "pipe"):
        with pytest.raises(RecipeError, match=rf"{name}\.yaml is a folder, a pipe or a device"):
            load_recipe(str(tmp_path / f"{name}.yaml"))


@pytest.mark.parametrize("override", ["noequals", "=1", "name.deeper=1", "eval.tasks.7.margin=1"])
def test_override_that_does_not_fit(override: str) -> None:
    """An override of a wrong form or path is a recipe error."""
    with pytest.raises(RecipeError):
        load_recipe("demo", [override])


def test_repeated_task_is_refused(tmp_path: Path) -> None:
    """The same task twice would overwrite its own samples."""
    task = {"name": "stdlib_bits", "metric": "bits_per_byte", "margin": 0.1}
    with pytest.raises(RecipeError, match="each task may appear once"):
        load_recipe(write(tmp_path, eval={"tasks": [task, task]}))
