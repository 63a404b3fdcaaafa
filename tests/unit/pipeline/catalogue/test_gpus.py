"""The catalogue of GPUs: complete, sourced, found by what people call them, and overridden by the user's file."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.catalogue.comparison import deck_rows, gpu_rows
from pipeline.catalogue.gpu_entry import DEMANDED, RATES
from pipeline.catalogue.gpus import find_gpu, gpu_called, gpus
from pipeline.plan.roofline import ATTAINABLE

PROMISED = (
    "RTX 2060",
    "RTX 3090",
    "RTX 4090",
    "RTX 5090",
    "RTX A6000",
    "RTX 6000 Ada",
    "RTX PRO 6000",
    "L4",
    "L40S",
    "A10G",
    "A100 40GB",
    "A100 80GB",
    "H20",
    "H100 PCIe",
    "H100 SXM",
    "H200",
    "B200",
    "GH200",
    "GB200 NVL72",
    "MI300X",
    "RX 7900 XTX",
    "M2 Ultra",
    "M4",
    "M4 Pro",
)


UNKNOWN = {
    "RTX 2060": {"rent"},
    "RTX 6000 Ada": {"rent"},
    "A10G": {"list_usd"},
    "A100 40GB": {"list_usd"},
    "A100 80GB": {"list_usd"},
    "H20": {"driver_gib", "list_usd", "rent"},
    "H100 PCIe": {"link_gb_s", "list_usd"},
    "H200": {"list_usd"},
    "GH200": {"list_usd"},
    "GB200 NVL72": {"list_usd"},
    "RX 7900 XTX": {"rent"},
    "M2 Ultra": {"driver_gib", "watts", "fp16", "bf16"},
    "M4": {"driver_gib", "watts", "list_usd"},
    "M4 Pro": {"driver_gib", "watts"},
}
"""What was looked for and not found; everything else is known, or the card does not have it."""


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the user's catalogue file in a home of its own."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    gpus.cache_clear()
    path = tmp_path / "config" / "catalogue" / "gpus.yaml"
    path.parent.mkdir(parents=True)
    yield path
    gpus.cache_clear()


@pytest.mark.parametrize("name", PROMISED)
def test_promised_gpus_are_there(name: str) -> None:
    """Each is found by its usual name and can be planned with."""
    gpu = find_gpu(name).planned()
    assert gpu.family in ATTAINABLE
    assert gpu.memory_gib > 0
    assert gpu.bandwidth_gb_s > 0


@pytest.mark.parametrize("name", PROMISED)
def test_every_figure_is_known_or_named_as_unknown(name: str) -> None:
    """A figure that is neither there, nor one that the card lacks, is one of those that nobody published."""
    entry = find_gpu(name)
    found = {key for key in DEMANDED if entry.value(key) is None and not entry.lacking(key)}
    found |= {rate for rate in RATES if entry.rate(rate) is None and not entry.lacking(rate)}
    found |= {"rent"} if not entry.rents and not entry.lacking("rent") else set()
    found |= {"mig"} if not entry.mig and not entry.lacking("mig") else set()
    assert found == UNKNOWN.get(name, set())
    assert entry.serves_source


def test_no_card_has_what_it_is_said_not_to_have() -> None:
    """`none` contradicts no figure."""
    for entry in gpus().values():
        there = {*entry.figures, *entry.tflops, *(["rent"] if entry.rents else []), *(["mig"] if entry.mig else [])}
        assert not there & entry.none


def test_bf16_runs_as_fp16_where_there_is_any() -> None:
    """Ampere and later have it, Turing and Volta do not."""
    assert gpus()["h100"].rate("bf16") == gpus()["h100"].rate("fp16")
    assert gpus()["t4"].rate("bf16") is None
    assert gpus()["t4"].lacking("bf16")


def test_exact_names_only() -> None:
    """An L40 is no L40S where money is concerned, though the short name finds it on the command line."""
    assert gpu_called("L40") is None
    assert gpu_called("L40S") is gpus()["l40s"]
    assert gpu_called("H100 80GB") is gpus()["h100"]


@pytest.mark.parametrize(
    ("called", "key"),
    [
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("A100", "a100-80"),
        ("NVIDIA A100-SXM4-40GB", "a100-40"),
        ("AMD Instinct MI300X", "mi300x"),
        ("nvidia l4", "l4"),
        ("L40S-48GB", "l40s"),
        ("H200-141GB", "h200"),
        ("A100-40GB", "a100-40"),
    ],
)
def test_drivers_names_are_understood(called: str, key: str) -> None:
    """What nvidia-smi prints, and what people say."""
    assert find_gpu(called).key == key


@pytest.mark.parametrize("called", ["RTX", "Voodoo 2", ""])
def test_other_names_are_refused_with_a_choice(called: str) -> None:
    """None or several of that name: the keys are listed."""
    with pytest.raises(UsageError, match="Give one of"):
        find_gpu(called)


def test_every_figure_has_a_source_and_a_date() -> None:
    """No number without where it is from and when; rates without sparsity are half of those with it."""
    for entry in gpus().values():
        for figure in (*entry.figures.values(), *entry.tflops.values()):
            assert figure.source.title
            assert figure.source.date.year >= 2018
        assert entry.serves_awq != "unknown"
    assert gpus()["h100"].tflops["fp16"].value == 989
    assert gpus()["m4-pro"].value("bandwidth_gb_s") == 273


def test_every_shipped_source_says_whether_it_was_seen() -> None:
    """Each is seen on a day, or recalled; the text that a source names is not enough."""
    for entry in gpus().values():
        figures = (*entry.figures.values(), *entry.tflops.values(), *entry.rents)
        sources = [each.source for each in figures] + ([entry.mig_source] if entry.mig_source else [])
        assert bool(entry.mig) == bool(entry.mig_source)
        assert all(bool(source.seen) != source.recalled for source in sources)


def test_rates_are_dense() -> None:
    """FP8 runs at most twice as fast as FP16, INT4 as INT8; a rate with sparsity in one place would be four times."""
    for entry in gpus().values():
        rates = {name: figure.value for name, figure in entry.tflops.items()}
        if {"fp16", "fp8"} <= set(rates):
            assert rates["fp8"] <= 2.03 * rates["fp16"]
        if {"int8", "int4"} <= set(rates):
            assert rates["int4"] <= 2.01 * rates["int8"]


def test_old_prices_are_marked() -> None:
    """The prices of March are older than 90 days."""
    marked = {row.key: row.price_stale for row in gpu_rows()}
    assert marked["l4"]
    assert not marked["m4"]
    listed = {row.key: row.list_usd_stale for row in gpu_rows()}
    assert listed["rtx-4090"]
    assert not listed["h100-pcie"]


def test_the_deck_is_computed_again() -> None:
    """61.46 where the deck printed 61.41, the M4 Pro's 273 GB/s, and models that leave no room for a cache."""
    rows = {row.name: row for row in deck_rows()}
    assert round(rows["RX 7900 XTX"].tflops_per_1000_usd, 2) == 61.46
    assert any("61.46, not 61.41" in wrong for wrong in rows["RX 7900 XTX"].wrong)
    assert any("273 GB/s, not 800" in wrong for wrong in rows["M4 Pro"].wrong)
    assert round(rows["RTX 4090"].tflops_per_1000_usd, 2) == 51.66
    right = {name: round(row.tflops_per_1000_usd_right or 0, 2) for name, row in rows.items()}
    assert right == {"RTX 4090": 51.66, "RTX A6000": 8.6, "RX 7900 XTX": 61.46, "M2 Ultra": 4.86, "M4 Pro": 3.27}
    assert any("FP32 is 38.71 TFLOPS, not 48.6" in wrong for wrong in rows["RTX A6000"].wrong)
    assert all(
        row.largest_parameters and row.largest_parameters < row.largest_billion_parameters_printed * 1e9
        for row in rows.values()
    )


def test_sorting_by_what_a_dollar_buys() -> None:
    """Bandwidth per dollar falls along the list; unknown prices stand last."""
    rows = gpu_rows("bandwidth-per-dollar")
    values = [row.gb_s_per_usd or 0 for row in rows]
    assert values == sorted(values, reverse=True)
    assert gpu_rows("price")[0].key == "rtx-2060"
    rented = [row.tflops_per_usd_per_hour or 0 for row in gpu_rows("compute-per-rent")]
    assert rented == sorted(rented, reverse=True)
    assert rented[0] > 0


def test_the_largest_model_depends_on_the_context() -> None:
    """A longer context leaves room for a smaller model, never for a larger one."""
    short, long = ({row.key: row.largest_parameters or 0 for row in gpu_rows("model", n)} for n in (2048, 131_072))
    assert all(long[key] <= short[key] for key in short)
    assert sum(long.values()) < sum(short.values())


def test_the_users_file_comes_first(own_file: Path) -> None:
    """It changes a figure, and adds a GPU with a source of its own."""
    own_file.write_text(
        "sources: {offer: {title: Our offer, date: 2026-11-01}}\n"
        "gpus:\n  h100: {list_usd: [25000, offer]}\n"
        "  ours: {name: Ours, family: ada, memory_gb: [20, offer], bandwidth_gb_s: [500, offer]}\n"
    )
    assert gpus()["h100"].value("list_usd") == 25000
    assert gpus()["h100"].value("memory_gb") == 80
    assert find_gpu("ours").planned().usd_per_hour is None


@pytest.mark.parametrize("figure", ["memory_gb", "driver_gib", "bandwidth_gb_s", "watts", "link_gb_s"])
@pytest.mark.parametrize("value", ["0", "-1", "true", "'5'", ".inf", "1e300", "1e-300"])
def test_figures_that_no_card_has_are_refused(own_file: Path, figure: str, value: str) -> None:
    """Nothing is divided by zero, and no plan is made of infinity."""
    own_file.write_text(f"sources: {{o: {{title: O, date: 2026-11-01}}}}\ngpus: {{h100: {{{figure}: [{value}, o]}}}}\n")
    with pytest.raises(UsageError, match=f"h100.{figure} is .* Write"):
        gpus()


@pytest.mark.parametrize("price", ["-1", ".nan", ".inf", "true", "x"])
def test_rents_that_nobody_asks_are_refused(own_file: Path, price: str) -> None:
    """A rent below zero would be the cheapest of all."""
    offer = f"{{usd_per_hour: {price}, provider: p, term: t, source: o}}"
    own_file.write_text(f"sources: {{o: {{title: O, date: 2026-11-01}}}}\ngpus: {{h100: {{rent: [{offer}]}}}}\n")
    with pytest.raises(UsageError, match="h100 has a value that cannot be read"):
        gpus()


def test_a_price_dated_ahead_is_marked_and_comes_last(own_file: Path) -> None:
    """A slip in a date does not make a price the newest."""
    offers = [f"{{usd_per_hour: {price}, provider: p, term: t, source: {of}}}" for price, of in ((1, "b"), (2, "a"))]
    own_file.write_text(
        f"sources: {{a: {{title: A, date: {date.today()}}}, b: {{title: B, date: 2999-01-01}}}}\n"  # noqa: DTZ011 -- prices are dated by day
        f"gpus: {{h100: {{rent: [{', '.join(offers)}]}}}}\n"
    )
    offer = gpus()["h100"].cheapest
    assert offer is not None
    assert (offer.usd_per_hour, offer.source.stale) == (2, False)
    assert {rent.source.stale for rent in gpus()["h100"].rents} == {True, False}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpus: [", "not valid YAML"),
        ("- 1", "a mapping is expected"),
        ("sources: {x: {title: X, date: soon}}", "needs a title and a date"),
        ("gpus: {x: {name: X}}", "has no family"),
        ("gpus: 3", "gpus is '3', and keys with values are expected"),
        ("gpus: {h100: [1]}", r"gpus\.h100 is '\[1\]'"),
        ("sources: [x]", "sources is"),
        ("gpus: {h100: {rent: x}}", "h100 has a value that cannot be read"),
        ("gpus: {h100: {deck: 3}}", "h100 has a value that cannot be read"),
        ("gpus: {h100: {gpus_per_node: x}}", "h100 has a value that cannot be read"),
        ("sources: {o: {title: O, date: 2026-11-01}}\ngpus: {h100: {watts: [.nan, o]}}", "Write \\[number, source\\]"),
        ("gpus: {h100: {watts: 700}}", "Write \\[number, source\\]"),
        ("gpus: {h100: {none: mig}}", "Write a list"),
        ("gpus: {h100: {serves_awq: [vLLM, nobody]}}", "Write a text, or \\[text, source\\]"),
        ("gpus: {h100: {mig: {1g.10gb: 7}}}", "\\.mig is .* Write \\[{profile: number}, source\\]"),
        ("sources: {x: {title: X, date: 2026-11-01, seen: often}}", "`seen`, where given, is a date"),
        ("gpu: {h100: {watts: [5, o]}}", "no part is called gpu. Write sources and gpus"),
        ("gpus: {h100: {bandwith_gb_s: [5, o]}}", "no key is called bandwith_gb_s"),
        ("gpus: {h100: {tflops: {fp17: [5, o]}}}", "no rate is called fp17"),
        ("gpus: {h100: {name: ''}}", "has no name"),
        ("gpus: {h100: {also: h200}}", "also is 'h200'. Write a list"),
        ("gpus: {h100: {gpus_per_node: 0}}", "0 is no number that a GPU can have"),
        ("gpus: {h100: {gpus_per_node: 1.5}}", "gpus_per_node is 1.5"),
        ("gpus: {h100: {compute_capability: [9]}}", "h100 has a value that cannot be read"),
        ("gpus: {h100: {deck: {list_usd: 0}}}", "0 is no number that a GPU can have"),
        ("sources: {x: {title: X, date: 2026-11-01, seen: 2026-11-02, recalled: true}}", "both seen and recalled"),
    ],
)
def test_a_broken_file_is_named(own_file: Path, text: str, says: str) -> None:
    """What is wrong with it, and what to do."""
    own_file.write_text(text)
    with pytest.raises(UsageError, match=says):
        gpus()
