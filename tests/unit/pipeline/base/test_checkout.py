"""Whose commit is whose: this program's, and that of the files it is given."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.base.checkout import BAKED, commit_of, own_commit

REPO = Path(__file__).parents[4]


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody; return what it prints."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    command, environment = ["git", *arguments], {**os.environ, **who}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def committed(folder: Path, *names: str) -> str:
    """Make a repository that holds these files; return its commit."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    git(folder, "init", "--quiet")
    git(folder, "add", *names)
    git(folder, "commit", "--quiet", "--message", "first")
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A client's repository."""
    committed(tmp_path / "client", "mine.yaml", "other.txt")
    return tmp_path / "client"


def head(folder: Path) -> str:
    """Return the commit of a repository."""
    return git(folder, "rev-parse", "HEAD").strip()


def test_the_recipe_has_the_commit_of_its_own_folder(client: Path, tmp_path: Path) -> None:
    """Not that of the working directory; a file in no repository has none."""
    (tmp_path / "alone.yaml").write_text("")
    assert (commit_of(client / "mine.yaml"), commit_of(tmp_path / "alone.yaml")) == (head(client), None)


@pytest.mark.parametrize("name", ["mine.yaml", "other.txt", "new.yaml"])
def test_what_is_not_as_committed_is_dirty(client: Path, name: str) -> None:
    """The recipe changed, a file beside it, or a recipe that was never committed."""
    (client / name).write_text("changed")
    asked = client / (name if name.endswith(".yaml") else "mine.yaml")
    assert commit_of(asked) == f"{head(client)}-dirty"


def test_an_ignored_recipe_is_dirty_and_output_beside_it_is_not(client: Path) -> None:
    """A file that git was told to leave alone is in no commit; untracked output does not change the recipe."""
    (client / "out").mkdir()
    (client / "out" / "record.json").write_text("{}")
    assert commit_of(client / "mine.yaml") == head(client)
    (client / ".git" / "info" / "exclude").write_text("ours.yaml\n")
    (client / "ours.yaml").write_text("")
    assert commit_of(client / "ours.yaml") == f"{head(client)}-dirty"


def test_a_packaged_recipe_has_no_commit_of_its_own() -> None:
    """It ships with the program, whose commit stands beside it."""
    assert commit_of(REPO / "recipes" / "demo.yaml") is None


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    """`git init` and no more."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "mine.yaml").write_text("")
    assert commit_of(tmp_path / "mine.yaml") is None


def test_a_hook_of_another_repository_names_no_commit(
    client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git's hooks set GIT_DIR for all that they start."""
    committed(tmp_path / "hooked", "a.txt", "b.txt")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "hooked" / ".git"))
    found = commit_of(client / "mine.yaml")
    monkeypatch.delenv("GIT_DIR")
    assert found == head(client)


def test_our_commit_is_that_of_our_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the user stands; changes of the packages make it dirty, other files in the checkout do not."""
    source = tmp_path / "source"
    commit = committed(source, "pipeline/__init__.py", "README.md")
    committed(tmp_path / "client", "mine.yaml")
    monkeypatch.chdir(tmp_path / "client")
    (source / "README.md").write_text("changed")
    assert own_commit.__wrapped__(source) == commit
    (source / "pipeline" / "new.py").write_text("")
    assert own_commit.__wrapped__(source) == f"{commit}-dirty"


def test_installed_in_somebody_elses_repository_it_is_unknown(client: Path) -> None:
    """A virtual environment below a project, committed or not, is none of the project's source."""
    site = client / ".venv" / "lib" / "site-packages"
    (site / "pipeline").mkdir(parents=True)
    (site / "pipeline" / "__init__.py").write_text("")
    assert own_commit.__wrapped__(site) == "unknown"
    git(client, "add", "--force", ".venv")
    assert own_commit.__wrapped__(site) == "unknown"


def test_what_was_baked_in_counts(client: Path) -> None:
    """A wheel says what it was built from, wherever it is unpacked."""
    (client / BAKED).parent.mkdir()
    (client / BAKED).write_text("0123abcd\n")
    assert own_commit.__wrapped__(client) == "0123abcd"


def test_without_git_nothing_is_claimed(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program, no commit."""
    assert shutil.which("git")
    monkeypatch.setenv("PATH", "")
    assert (own_commit.__wrapped__(client), commit_of(client / "mine.yaml")) == ("unknown", None)
