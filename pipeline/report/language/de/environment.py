"""What the chapter on the environment says in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.environment import Environment


class GermanEnvironment(GermanWords, Environment):
    """Labels of machine and software."""

    title = "Umgebung"
    machine = "Maschine und Software"
    packages = "Python-Pakete"
    processor = "Prozessor"
    memory = "Arbeitsspeicher"
    gpu = "GPU"
    driver = "GPU-Treiber"
    none = "nicht vorhanden"
    platform = "Plattform"
    engine = "Engine"
    arguments = "Argumente der Engine"
    kernel_baseline = "Kernel, Baseline"
    kernel_awq = "Kernel, AWQ"
    recipe = "Rezept"
    recipe_commit = "Git-Commit des Rezepts"

    def processors(self, name: str, cores: str) -> str:
        return f"{name} ({cores} Kerne, keine GPU)"

    def gpus(self, amount: str, name: str) -> str:
        return f"{amount} x {name}"

    def recipe_text(self, name: str, digest: str) -> str:
        return f"{name}, SHA-256 {digest}"

    def commit(self, version: str, commit: str) -> str:
        return f"{version}, Git-Commit {commit}"
