"""`awqctl plan claims`: what was told to clients, held against the plan; the files that ship, and wrong ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.base.errors import UsageError
from pipeline.catalogue.claims import HeldClaims, held_claims
from pipeline.catalogue.files import plan_file
from pipeline.cli.main import cli


def shipped(name: str) -> HeldClaims:
    """Return the claims of a file that ships."""
    return held_claims(plan_file(name))


def judged(found: HeldClaims) -> dict[tuple[str, str], str]:
    """Return the judgements by claim and figure."""
    return {(claim.name, figure.figure): figure.judged for claim in found.claims for figure in claim.figures}


def test_the_capacity_report() -> None:
    """All four are impossible, weights and cache are right, and every figure that was printed is named as wrong."""
    found = shipped("capacity-report")
    assert [claim.verdict for claim in found.claims] == ["impossible"] * 4
    assert [claim.kv_bytes_per_token for claim in found.claims] == [163_840, 81_920, 147_456, 147_456]
    assert [claim.needed_kv_cache_gib for claim in found.claims] == [1920, 960, 288, 4608]
    weights = [claim.weights_gb for claim in found.claims]
    assert weights == [pytest.approx(size, rel=0.02) for size in (9.98, 9.98, 16.38, 6.1)]
    assert all(0 < (claim.sequences_that_fit or 0) < (claim.sequences_asked or 0) for claim in found.claims)
    assert set(judged(found).values()) == {"wrong"}
    assert found.wrong == 6


def test_the_sizing_table() -> None:
    """Weights of 7 and 13 B stand, those of 30 B do not, nor its speed; users follow from nothing; 521 GPUs."""
    verdicts = judged(shipped("sizing"))
    assert verdicts["7 B", "weights_gb"] == verdicts["13 B", "weights_gb"] == "stands"
    assert verdicts["30 B and more", "weights_gb"] == verdicts["30 B and more", "tokens_per_s"] == "wrong"
    assert {verdicts[name, "users"] for name in ("7 B", "13 B", "30 B and more")} == {"cannot be told"}
    assert verdicts["10^14 parameters at 8 bit", "gpus"] == "wrong"


def test_published_claims_on_hardware() -> None:
    """Offload on a GH200 and an H100 is inside its band; nothing is confirmed by an interval."""
    found = shipped("hardware-claims")
    verdicts = judged(found)
    offloaded = "Llama-3.3-70B offloaded, GH200 to H100"
    assert verdicts[offloaded, "tokens_per_s"] == verdicts[offloaded, "times"] == "possible"
    assert verdicts["Llama-3.3-70B offloaded, H100", "tokens_per_s"] == "possible"
    assert set(verdicts.values()) == {"possible"}
    assert sum(claim.cannot_be_told is not None for claim in found.claims) == 2


@pytest.mark.parametrize(("name", "status"), [("capacity-report", 3), ("sizing", 3), ("hardware-claims", 0)])
def test_the_command(name: str, status: int) -> None:
    """80 columns, each stated figure as it was stated, 3 where one is wrong; and one JSON document."""
    runner = CliRunner()
    shown: Any = runner.invoke(cli, ["plan", "claims", name], standalone_mode=False, env={"COLUMNS": "80"})
    assert shown.return_value == status
    assert max(map(len, shown.output.splitlines())) <= 80
    document = json.loads(runner.invoke(cli, ["plan", "claims", name, "--json"], standalone_mode=False).output)
    assert document["schema_version"] == 1
    assert document["wrong"] == sum(
        figure["judged"] == "wrong" for claim in document["claims"] for figure in claim["figures"]
    )


def test_figures_are_shown_as_they_were_stated() -> None:
    """933.5 % and not 934 %."""
    shown = CliRunner().invoke(cli, ["plan", "claims", "capacity-report"], env={"COLUMNS": "80"})
    assert "933.5 %" in shown.output
    assert "6 figures of 6 wrong" in shown.output


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("{name: x}", "x needs one of"),
        ("{name: x, model: Qwen/Qwen3-8B, parameters: 8.0e+9, gpu: h100}", "x needs one of"),
        ("{name: x, model: Qwen/Qwen3-8B}", "says no `gpu`"),
        ("{name: x, model: Qwen/Qwen3-8B, gpu: h100, stated: {times: 2}}", "belong together"),
        ("{name: x, model: Qwen/Qwen3-8B, gpu: h100, stated: {gpus: 2}}", "is of `parameters`"),
        ("{name: x, model: Qwen/Qwen3-8B, gpu: h100, stated: {weights_gb: [5, 4]}}", "the lower end comes first"),
        ("{name: x, model: Qwen/Qwen3-8B, gpu: h100, stated: {wieghts_gb: 4}}", "Did you mean weights_gb"),
    ],
)
def test_a_wrong_claim_is_named(tmp_path: Path, claim: str, says: str) -> None:
    """The claim, and what is wrong with it."""
    path = tmp_path / "claims.yaml"
    path.write_text(f"title: T\nclaims: [{claim}]")
    with pytest.raises(UsageError, match=says):
        held_claims(path)


def test_weights_are_those_of_the_whole_model(tmp_path: Path) -> None:
    """On several GPUs, and with a part of them offloaded."""
    path = tmp_path / "claims.yaml"
    claim = "{name: %s, model: meta-llama/Llama-3.1-70B, %s, stated: {weights_gb: 141}}"
    spread, offloaded = claim % ("x", "gpu: h100, gpus: 4"), claim % ("y", "gpu: gh200, cpu_offload_gib: 60")
    path.write_text(f"title: T\nclaims: [{spread}, {offloaded}]")
    found = held_claims(path)
    assert set(judged(found).values()) == {"stands"}
    assert [claim.weights_gb for claim in found.claims] == [pytest.approx(141.1, rel=0.01)] * 2


def test_a_rate_of_what_cannot_run_cannot_be_told(tmp_path: Path) -> None:
    """Neither a speed nor a ratio, nor users, follow from it."""
    path = tmp_path / "claims.yaml"
    path.write_text(
        "title: T\nclaims:\n  - {name: x, model: meta-llama/Llama-3.1-70B, gpu: rtx-4090, against: {gpu: h100},\n"
        "     stated: {tokens_per_s: 20, times: 2, users: 5}}\n"
    )
    assert set(judged(held_claims(path)).values()) == {"cannot be told"}


def test_sequences_are_those_of_all_replicas(tmp_path: Path) -> None:
    """Eight GPUs hold eight times what one replica does."""
    path = tmp_path / "claims.yaml"
    stated = "gpu: h100, gpus: 8, max_model_len: 8192, stated: {sequences: 300}"
    path.write_text(f"title: T\nclaims: [{{name: x, model: Qwen/Qwen3-8B, {stated}}}]")
    (figure,) = held_claims(path).claims[0].figures
    assert figure.judged == "stands"
    assert figure.planned is not None
    assert figure.planned[0] % 8 == 0


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("gpu: 'h100,h200'", "x: a claim is of one GPU"),
        ("gpu: h100, gpus: 999999999999999999", "gpus"),
        ("gpu: h100, cpu_offload_gib: .inf", "cpu_offload_gib"),
        ("gpu: h100, stated: {times: 2}, against: {cpu_offload_gib: -5}", "cpu_offload_gib"),
        ("gpu: h100, stated: {users: .inf}", "users"),
        ("gpu: h100, stated: {sequences: 1.0e+300, tokens_per_s: 5}", "sequences"),
    ],
)
def test_claims_that_nothing_can_be_held_against(tmp_path: Path, claim: str, says: str) -> None:
    """Refused with the key, before anything is planned."""
    path = tmp_path / "claims.yaml"
    path.write_text(f"title: T\nclaims: [{{name: x, model: Qwen/Qwen3-8B, {claim}}}]")
    with pytest.raises(UsageError, match=says):
        held_claims(path)
