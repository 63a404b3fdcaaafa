"""A ranking of runs on a terminal."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import click

from eval.bench.rank.figures import By
from eval.bench.rank.frontier import FrontierPoint
from eval.bench.rank.ranking import OneRanking, Pair, Place, Ranking
from pipeline.base.format import NONE, TO, certainty, extent, magnitude, number, ratio, usd_as_given
from pipeline.cli.common import console
from pipeline.cli.table import print_rows

_TITLES: dict[By, str] = {
    "output_tokens_per_s": "Output tokens per second",
    "output_tokens_per_s_per_gpu": "Output tokens per second and GPU",
    "output_tokens_per_s_per_user": "Output tokens per second and user (1 / TPOT p50)",
    "output_tokens_per_usd": "Output tokens per USD",
    "output_tokens_per_joule": "Output tokens per joule (tokens/s per watt)",
    "goodput_tokens_per_s": "Goodput: output tokens per second of requests that kept the service level",
}


def print_ranking(found: Ranking) -> None:
    """Print every ranking, what the runs have in common, and what differs."""
    _line("Alike: " + ", ".join(f"{name} {value}" for name, value in found.alike.items()))
    for name, limit in found.service.model_dump().items():
        if limit is not None:
            _line(f"Service level: {name} up to {limit:g}")
    for one in found.rankings:
        click.echo()
        _print_one(one, found.confidence)
    if found.frontier or found.not_on_frontier:
        click.echo()
        _print_frontier(found.frontier, found.not_on_frontier)
    click.echo()
    for difference in found.differs:
        _line(f"Differs: {difference}")
    _line(
        f"All verdicts hold together with {certainty(found.confidence)} confidence. They know what differs between "
        f"repeats on one start of an engine, not between two machines of one kind."
    )


def _print_one(one: OneRanking, confidence: float) -> None:
    if not one.places:
        reasons = dict.fromkeys(one.not_ranked.values())
        _line(f"{_TITLES[one.by]}: not ranked, because {'; '.join(reasons)}.")
        return
    _line(
        _TITLES[one.by] + ("" if one.measured == "energy" or one.by != "output_tokens_per_joule" else ", rated power")
    )
    form = magnitude if one.by == "output_tokens_per_usd" else number
    first = one.places[0].value
    print_rows(
        [
            (
                place.run,
                _rank(place),
                form(place.value),
                extent(*place.interval, form) if place.interval else NONE,
                ratio(place.value / first),
                str(place.concurrency),
            )
            for place in one.places
        ],
        ("run", "rank", "value", certainty(confidence), "of first", "at"),
    )
    for text in _notes(one):
        _line(text)


def _print_frontier(points: Sequence[FrontierPoint], without: Mapping[str, str]) -> None:
    if not points:
        reasons = "; ".join(dict.fromkeys(without.values()))
        _line(f"What each user gets against what a GPU gives: no run is ranked, because {reasons}.")
        return
    _line("What each user gets against what a GPU gives (means of the repeats; * no other point is better in both)")
    print_rows(
        [
            (one.run, str(one.concurrency), *map(number, _pair_of(one)), "*" if one.unbeaten else "")
            for one in sorted(points, key=_pair_of, reverse=True)
        ],
        ("run", "at", "tokens/s a user", "tokens/s a GPU", "unbeaten"),
    )
    for run, why in without.items():
        _line(f"Not ranked: {run}, because {why}.")


def _pair_of(one: FrontierPoint) -> tuple[float, float]:
    return one.tokens_per_s_per_user, one.tokens_per_s_per_gpu


def _between(pair: Pair) -> str:
    return extent(*pair.interval, ratio) if pair.interval else "interval not known from so few repeats"


def _rank(place: Place) -> str:
    return str(place.rank_from) if place.rank_from == place.rank_to else f"{place.rank_from}{TO}{place.rank_to}"


def _notes(one: OneRanking) -> Iterator[str]:
    for pair in one.pairs:
        if pair.verdict != "better":
            between = "" if pair.verdict == "not repeated" else f", {_between(pair)}"
            yield f"{pair.verdict.capitalize()}: {pair.first} against {pair.second} ({ratio(pair.ratio)}{between})"
    for run, why in one.not_ranked.items():
        yield f"Not ranked: {run}, because {why}."
    if beyond := [f"{place.run} at {place.concurrency}" for place in one.places if place.overloaded]:
        yield f"Overload, more requests than the engine serves at once: {', '.join(beyond)}."
    for place in one.places:
        if place.stated_value is not None:
            price = one.by == "output_tokens_per_usd"
            shown = f"{usd_as_given(place.stated_value)} an hour" if price else f"{number(place.stated_value)} W"
            yield f"{place.run}: {shown} ({place.source})"


def _line(text: str) -> None:
    click.echo(textwrap.fill(text, console().width, break_on_hyphens=False))
