"""`awqctl recipe`: the recipes that ship, and yours."""

from pathlib import Path

import click

from pipeline.cli.common import UserPath, emit, json_option, write_new
from pipeline.cli.help import Group
from pipeline.cli.table import print_rows


@click.group(cls=Group)
def recipe() -> None:
    """The recipes that ship, and yours."""


@recipe.command("ls")
@json_option
def ls(as_json: bool) -> None:  # noqa: FBT001 -- a flag
    """List the recipes that ship."""
    from pipeline.recipe.load import load_recipe, packaged_recipes

    found = {name: load_recipe(name).recipe.description.strip() for name in packaged_recipes()}
    rows = [{"name": name, "description": " ".join(text.split())} for name, text in found.items()]
    emit(as_json, rows, lambda: print_rows([(row["name"], row["description"]) for row in rows]))


@recipe.command("show")
@click.argument("recipe_name", metavar="RECIPE")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key.")
@click.option("--resolved", is_flag=True, help="With every default filled in.")
@json_option
def show(recipe_name: str, overrides: tuple[str, ...], resolved: bool, as_json: bool) -> None:  # noqa: FBT001 -- flags
    """Print RECIPE as it stands in its file, or resolved."""
    from pipeline.base.yaml_text import write_yaml
    from pipeline.recipe.load import load_recipe, recipe_text

    loaded = load_recipe(recipe_name, overrides)
    document = loaded.recipe.model_dump(mode="json")
    plain = not (resolved or overrides)
    text = recipe_text(loaded.path) if plain else write_yaml(document)
    emit(as_json, document, text.rstrip())


@recipe.command("cp")
@click.argument("recipe_name", metavar="RECIPE")
@click.argument("destination", type=UserPath())
def cp(recipe_name: str, destination: Path) -> None:
    """Copy RECIPE to DESTINATION, a file that does not exist yet, to make it yours.

    The copy is named after its file, so that its results get a folder of their own: out/mine for mine.yaml.
    """
    from pipeline.base.errors import UsageError
    from pipeline.recipe.copy import named_after
    from pipeline.recipe.load import find_recipe

    source = find_recipe(recipe_name)
    target = destination / source.name if destination.is_dir() else destination
    if target.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{target} must end in .yaml, so that commands know it for a recipe file.")
    write_new(target, named_after(target, source))
    click.echo(str(target))


@recipe.command("validate")
@click.argument("recipe_name", metavar="RECIPE")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key.")
@json_option
def validate(recipe_name: str, overrides: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 -- a flag
    """Check RECIPE and the files that it names; ends with 2, or with 4 where the model cannot do it.

    Every problem is on a line of its own. What takes longer, such as asking the hub or lm-eval, `awqctl run RECIPE
    --dry-run` looks at.
    """
    from pipeline.base.errors import refuse
    from pipeline.cli.common import context_of, reporter
    from pipeline.recipe.load import load_recipe
    from pipeline.record.preflight import Effort, Prospect
    from pipeline.run.preflight import examine, obstacles
    from pipeline.run.stages import stages_for

    loaded = load_recipe(recipe_name, overrides)
    context = context_of(loaded, None, reporter())
    stages, _ = stages_for(loaded.recipe)
    refuse(obstacles(examine(stages, Prospect(loaded.recipe, context, context, Effort.FILES))))
    document = {"recipe": loaded.recipe.name, "file": loaded.path, "valid": True, "notes": loaded.notes}
    emit(as_json, document, "\n".join([f"{loaded.path}: valid", *loaded.notes]))
