"""The roadmap: phases with commands that exist, what each needs, and the way back."""

import re
from collections.abc import Callable

from pipeline.cli.main import cli
from pipeline.record.record import RunRecord
from pipeline.report.document import Section
from tests.unit.pipeline.report.test_partial import only

Run = Callable[..., RunRecord]
Find = Callable[[RunRecord, str], Section]


def test_phases_have_commands_needs_and_a_way_back(
    make_run: Run, section_of: Find, cells_of: Callable[[Section, str], list[list[str]]]
) -> None:
    """Machines are those of the priced load, memory is what the engines stated."""
    section = section_of(make_run(), "roadmap")
    rows = {row[0]: row[1:] for row in cells_of(section, "roadmap-phases")}

    assert list(rows) == ["1. Verify", "2. Pilot", "3. Canary", "4. Shift", "Rollback, at any time"]
    assert "`awqctl verify out/demo/checkpoint`" in rows["1. Verify"][0]
    assert "weights of 0.0200 GiB" in rows["2. Pilot"][2]
    assert re.search(r"machine", rows["3. Canary"][2])
    assert "sends all traffic to the baseline" in rows["Rollback, at any time"][0]
    assert "no command that serves the 16-bit baseline" in section.paragraphs[1]
    assert "--max-model-len 512" in section.paragraphs[1]


def test_every_command_exists(make_run: Run, section_of: Find) -> None:
    """What the roadmap tells to type are commands of awqctl."""
    section = section_of(make_run(), "roadmap")
    texts = [*section.paragraphs, *(cell.text for table in section.tables for row in table.rows for cell in row)]
    named = {command for text in texts for command in re.findall(r"`awqctl (\w+)", text)}

    assert {"verify", "run", "serve", "keys", "bench", "checkpoints"} <= named
    assert named <= set(cli.list_commands(cli.make_context("awqctl", [], resilient_parsing=True)))


def test_without_prices_and_speed_it_says_what_is_missing(make_run: Run, section_of: Find) -> None:
    """With the commands that make it."""
    section = section_of(only(make_run(), "quantize"), "roadmap")
    text = " ".join(cell.text for row in section.tables[0].rows for cell in row)

    assert "`awqctl bench` was not run" in text
    assert "`awqctl roi demo`" in text
    assert [table.id for table in section.tables] == ["roadmap-phases"]


def test_there_is_none_without_a_checkpoint(make_run: Run, section_of: Find) -> None:
    """The limits then name the command."""
    missing = "There is no roadmap, because there is no AWQ checkpoint: `awqctl quantize` was not run."

    assert missing in section_of(only(make_run(), "bench"), "not-measured").bullets
    assert missing not in section_of(only(make_run(), "quantize"), "not-measured").bullets
