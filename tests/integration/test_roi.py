"""`awqctl roi SCENARIO` in a process of its own."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "mlflow", "matplotlib", "datasets", "huggingface_hub", "httpx", "scipy")


def test_nothing_heavy_is_imported() -> None:
    """Pricing a scenario needs no engine, no tracker, no network."""
    code = (
        "import sys; from click.testing import CliRunner; from pipeline.cli.main import cli\n"
        "assert CliRunner().invoke(cli, ['roi', 'support-chatbot', '--json']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
