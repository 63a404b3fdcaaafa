"""What `--help` shows beside Click's own: whole summaries, and examples."""

import click

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("awqctl doctor", "awqctl run demo", "awqctl serve demo"),
    "plan": (
        "awqctl plan Qwen/Qwen2.5-7B-Instruct --gpu L4,H100",
        "awqctl plan Qwen/Qwen3-30B-A3B --gpu H100 --gpus 8",
        "awqctl plan mine.yaml --gpu L4 --json",
        "awqctl plan hub-gpu",
        "awqctl plan demo --gpu cpu",
        "awqctl plan pack four-models",
        "awqctl plan fleet investment",
        "awqctl plan claims capacity-report",
        "awqctl plan fit out/mine",
        "awqctl plan ls",
    ),
    "gpus": ("awqctl gpus", "awqctl gpus ls --sort bandwidth-per-rent"),
    "gpus ls": ("awqctl gpus ls", "awqctl gpus ls --sort compute-per-dollar --context 32768", "awqctl gpus ls --deck"),
    "gpus show": ("awqctl gpus show L4",),
    "gpus refresh": ("awqctl gpus refresh", "awqctl gpus refresh --from catalog.zip"),
    "run": (
        "awqctl run demo",
        "awqctl run mine.yaml --dry-run",
        "awqctl run mine.yaml --set bench.repeats=5 --json",
        "awqctl run mine.yaml --set acceptance=deck-kpis",
    ),
    "quantize": (
        "awqctl quantize mine.yaml --dry-run --gpu L4",
        "awqctl quantize mine.yaml --set quantize.group_size=64",
    ),
    "eval": ("awqctl eval mine.yaml --dry-run", "awqctl eval mine.yaml"),
    "bench": (
        "awqctl bench mine.yaml --dry-run --gpu H100",
        "awqctl bench mine.yaml",
        "awqctl bench mine.yaml --soak --minutes 10",
        "awqctl bench --endpoint http://host:8000 --model NAME",
        "awqctl bench --endpoint http://host:8000 --rate 0.5,2",
        "awqctl bench --calibrate",
        "awqctl bench llama-0.4b-dummy",
        "awqctl bench mine.yaml --dummy-weights",
        "awqctl bench mine.yaml --profile 16",
    ),
    "bench rank": (
        "awqctl bench rank out/h100 out/l40s --by goodput",
        "awqctl bench rank out/a out/b --price b=0.80 --json",
    ),
    "roi": ("awqctl roi support-chatbot", "awqctl roi document-analysis --json", "awqctl roi mine.yaml"),
    "roi ls": ("awqctl roi ls",),
    "report verify": (
        "awqctl report verify out/demo/report/report.html",
        "awqctl report verify out/demo",
        "awqctl report verify report.pdf --run out/demo --json",
    ),
    "report": (
        "awqctl report mine.yaml",
        "awqctl report out/mine --format pdf,pptx,xlsx",
        "awqctl report out/mine --template ours.potx",
        "awqctl report out/mine --set report.language=de",
    ),
    "deliver": (
        "awqctl deliver out/demo --out delivery",
        "awqctl deliver out/demo --out delivery --format html,pdf",
        "awqctl deliver out/demo --out delivery --to org/name",
    ),
    "serve": (
        "awqctl serve mine.yaml --dry-run --gpu L4",
        "awqctl serve mine.yaml",
        "awqctl serve mine.yaml --host 0.0.0.0 --port 8443",
        "awqctl serve mine.yaml --endpoint team-a --detach",
        "awqctl serve --checkpoint delivery/checkpoint",
    ),
    "release": ("awqctl release ls", "awqctl release promote out/mine", "awqctl release rollback"),
    "release ls": ("awqctl release ls", "awqctl release ls --endpoint mine --json"),
    "release add": ("awqctl release add out/mine", "awqctl release add out/mine --arm baseline"),
    "release promote": (
        "awqctl release promote 3",
        "awqctl release promote out/mine --endpoint mine",
        "awqctl release promote 3 --yes",
    ),
    "release rollback": (
        "awqctl release rollback",
        "awqctl release rollback --to 2",
        "awqctl release rollback --to baseline --yes",
    ),
    "serve status": (
        "awqctl serve status",
        "awqctl serve status --watch",
        "awqctl serve status --endpoint demo --json",
    ),
    "serve stop": ("awqctl serve stop", "awqctl serve stop --endpoint demo"),
    "serve reload": ("awqctl serve reload",),
    "serve audit": (
        "awqctl serve audit",
        "awqctl serve audit --endpoint demo --json",
    ),
    "serve slo": ("awqctl serve slo", "awqctl serve slo --window 7d --json"),
    "serve report": (
        "awqctl serve report",
        "awqctl serve report --period month --usd-per-hour 2.10",
    ),
    "serve export": ("awqctl serve export systemd mine.yaml",),
    "serve export monitoring": (
        "awqctl serve export monitoring --out monitoring",
        "awqctl serve export monitoring --out m --target h:9400",
    ),
    "serve export systemd": (
        "awqctl serve export systemd mine.yaml --host 0.0.0.0",
        "awqctl serve export systemd mine.yaml --endpoint team-a",
    ),
    "compare": (
        "awqctl compare results/base results/awq --margin 0.02",
        "awqctl compare base.jsonl awq.jsonl --min-recovery 0.98",
    ),
    "verify": ("awqctl verify out/demo/checkpoint",),
    "checkpoints": ("awqctl checkpoints ls demo",),
    "checkpoints ls": ("awqctl checkpoints ls demo", "awqctl checkpoints ls --out out/demo --json"),
    "checkpoints prune": ("awqctl checkpoints prune demo --keep 1",),
    "runs": ("awqctl runs ls", "awqctl runs compare out/a out/b"),
    "runs ls": ("awqctl runs ls", "awqctl runs ls --out out --out /data/runs --json"),
    "runs show": ("awqctl runs show out/demo", "awqctl runs show out/demo --json"),
    "runs compare": (
        "awqctl runs compare out/before out/after",
        "awqctl runs compare out/a out/b out/c --html runs.html",
    ),
    "recipe": ("awqctl recipe ls", "awqctl recipe cp demo mine.yaml"),
    "recipe ls": ("awqctl recipe ls",),
    "recipe show": ("awqctl recipe show demo", "awqctl recipe show mine.yaml --resolved"),
    "recipe cp": ("awqctl recipe cp demo mine.yaml",),
    "recipe validate": ("awqctl recipe validate mine.yaml", "awqctl recipe validate demo --set bench.repeats=5"),
    "acceptance": ("awqctl acceptance ls", "awqctl acceptance cp deck-kpis mine-kpis.yaml"),
    "acceptance ls": ("awqctl acceptance ls",),
    "acceptance show": ("awqctl acceptance show deck-kpis",),
    "acceptance cp": ("awqctl acceptance cp deck-kpis mine-kpis.yaml",),
    "acceptance validate": ("awqctl acceptance validate deck-kpis",),
    "env": ("awqctl env ls", "awqctl env sync"),
    "env ls": ("awqctl env ls", "awqctl env ls --json"),
    "env sync": ("awqctl env sync", "awqctl env sync vllm --accelerator cuda"),
    "env rm": ("awqctl env rm vllm-cpu",),
    "doctor": ("awqctl doctor", "awqctl doctor --json", "awqctl doctor --gpu"),
    "keys": ("awqctl keys add team-a", "awqctl keys ls"),
    "keys add": (
        "awqctl keys add team-a",
        "awqctl keys add b --rpm 60 --tpm 20000 --expires 90d",
        "awqctl keys add c --endpoint mine --models small,large",
    ),
    "keys ls": ("awqctl keys ls", "awqctl keys ls --endpoint mine --json"),
    "keys revoke": ("awqctl keys revoke team-a",),
    "keys rotate": ("awqctl keys rotate team-a", "awqctl keys rotate team-a --overlap 24h"),
    "keys change": ("awqctl keys change team-a --rpm 120", "awqctl keys change team-a --expires none"),
    "audit": ("awqctl audit verify", "awqctl audit usage --by key,day"),
    "audit verify": (
        "awqctl audit verify",
        "awqctl audit verify --endpoint mine --head HASH",
        "awqctl audit verify copy/audit-*.jsonl --json",
    ),
    "audit usage": (
        "awqctl audit usage",
        "awqctl audit usage --from 2026-11-01 --csv",
        "awqctl audit usage --endpoint mine --by key,model --json",
    ),
    "ui": ("awqctl ui --open", "awqctl ui --store sqlite:///elsewhere/mlflow.db"),
    "completion": ('eval "$(awqctl completion bash)"',),
}
"""Command, without the program -> command lines."""


class Group(click.Group):
    """A group that lists its commands with their whole first sentence, however long."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        if commands:
            with formatter.section("Commands"):
                formatter.write_dl([(name, one.get_short_help_str(limit=1000)) for name, one in commands if one])


def with_examples(command: click.Command, path: str) -> click.Command:
    """Return the command with its examples, and those of its subcommands, at the end of its help."""
    lines = EXAMPLES.get(path, ())
    command.epilog = "\b\n" + "\n".join(("Examples:", *(f"  {line}" for line in lines))) if lines else None
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            with_examples(one, f"{path} {name}")
    return command
