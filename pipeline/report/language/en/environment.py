"""What the chapter on the environment says."""

from pipeline.report.language.en.words import Words


class Environment(Words):
    """Labels of machine and software."""

    title = "Environment"
    machine = "Machine and software"
    packages = "Python packages"
    processor = "Processor"
    memory = "System memory"
    gpu = "GPU"
    driver = "GPU driver"
    none = "none"
    platform = "Platform"
    engine = "Engine"
    arguments = "Engine arguments"
    kernel_baseline = "Kernel, baseline"
    kernel_awq = "Kernel, AWQ"
    recipe = "Recipe"
    recipe_commit = "Git commit of the recipe"

    def processors(self, name: str, cores: str) -> str:
        return f"{name} ({cores} cores, no GPU)"

    def gpus(self, amount: str, name: str) -> str:
        return f"{amount} x {name}"

    def recipe_text(self, name: str, digest: str) -> str:
        return f"{name}, SHA-256 {digest}"

    def commit(self, version: str, commit: str) -> str:
        return f"{version}, git commit {commit}"
