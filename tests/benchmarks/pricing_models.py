"""Pricing models drawn at random, realistic in their sizes: rented, bought and paid per token, counted and stated."""

import random
from fractions import Fraction
from typing import Any

from pipeline.roi.model import ModelInput, ModelOption, PricingModel

HOURS = 730
_MOST_PAIRS = 5
_LOAD = "load.requests_per_day"


def drawn_model(seed: int) -> PricingModel:
    """Return the model of a seed."""
    draw = random.Random(seed)  # noqa: S311 -- no secrets
    values = _general(draw)
    loaded = draw.random() > 0.08
    if loaded:
        values |= _load(draw)
    options: list[ModelOption] = []
    for place in range(draw.randint(2, 4)):
        options += _variant(draw, f"variant-{place}", values, loaded=loaded, engaged=place == 1)
    for place in range(draw.randint(0, 3) if loaded else 0):
        values[f"api-{place}.input_usd_per_mtok"] = _decimal(draw, 0.02, 3, 2)
        values[f"api-{place}.output_usd_per_mtok"] = _decimal(draw, 0.05, 12, 2)
        options.append(_option(f"api-{place}", f"api-{place}", "paid per token"))
    names = [one.name for one in options]
    pairs = [(name, names[0]) for name in names[1:]]
    pairs += [(one.name, other) for one in options[1:3] for other in names[1:] if other != one.name]
    euro = draw.random() < 0.3
    rate = _decimal(draw, 0.7, 1.4, 3)
    return PricingModel(
        years=draw.choice((1, 2, 3, 3, 3, 5, 10)),
        inputs=tuple(ModelInput(name=name, value=str(value), origin="assumed") for name, value in values.items()),
        options=tuple(options),
        pairs=tuple(draw.sample(pairs, min(_MOST_PAIRS, len(pairs)))),
        currency="EUR" if euro else "USD",
        per_usd=str(rate) if euro else "1",
    )


def _general(draw: random.Random) -> dict[str, Fraction]:
    return {
        "hours_per_month": Fraction(draw.choice((HOURS, HOURS, 720, 160))),
        "discount_rate": draw.choice((Fraction(0), _decimal(draw, 0, 0.2, 3))),
        "engagement.one_time_usd": draw.choice((Fraction(0), _decimal(draw, 1000, 60_000, 0))),
        "engagement.monthly_usd": draw.choice((Fraction(0), _decimal(draw, 100, 3000, 2))),
        "site.staff_usd_per_year": draw.choice((Fraction(0), _decimal(draw, 1000, 90_000, 0))),
        "site.usd_per_kwh": _decimal(draw, 0.05, 0.5, 3),
        "site.pue": _decimal(draw, 1, 2, 2),
        "site.load": _decimal(draw, 0.2, 1, 2),
    }


def _load(draw: random.Random) -> dict[str, Fraction]:
    requests = _decimal(draw, 100, 10 ** draw.uniform(3, 7), 0)
    return {
        _LOAD: Fraction(0) if draw.random() < 0.02 else requests,
        "load.input_tokens": _decimal(draw, 0, 4000, 0),
        "load.output_tokens": _decimal(draw, 10, 1500, 0),
        "load.peak_factor": draw.choice((Fraction(480, 214), _decimal(draw, 1, 6, 2), _decimal(draw, 1, 4, 1))),
        "load.growth_per_year": draw.choice((Fraction(0), _decimal(draw, -0.4, 0.9, 2))),
    }


def _variant(
    draw: random.Random, name: str, values: dict[str, Fraction], *, loaded: bool, engaged: bool
) -> list[ModelOption]:
    """Return the options of a variant: rented, bought or both."""
    counted = loaded and draw.random() > 0.25
    if loaded and (counted or draw.random() > 0.3):
        values[f"{name}.goodput_tokens_per_s"] = _goodput(draw, values)
    if not counted:
        values[f"{name}.machines"] = draw.choice((_decimal(draw, 1, 40, 0), _decimal(draw, 0, 9, 1)))
    settings: dict[str, Any] = {
        "gpus": draw.choice((1, 1, 2, 4, 8)),
        "stated": not counted,
        "spares": draw.choice((0, 0, 1, 2)),
        "life_years": draw.randint(1, 6),
        "engaged": engaged,
    }
    tenures = draw.choice((("rented",), ("rented",), ("bought",), ("rented", "bought")))
    if "rented" in tenures:
        values[f"{name}.hourly_usd"] = _decimal(draw, 0.2, 9, 2)
    if "bought" in tenures:
        values[f"{name}.purchase_usd"] = _decimal(draw, 1000, 40_000, 0)
        values[f"{name}.watts"] = _decimal(draw, 70, 1000, 0)
        values[f"{name}.resale_share"] = draw.choice((Fraction(0), _decimal(draw, 0, 0.6, 2)))
    return [_option(f"{name}, {tenure}", name, tenure, **settings) for tenure in tenures]


def _goodput(draw: random.Random, values: dict[str, Fraction]) -> Fraction:
    """Return what one machine serves; now and then exactly a whole part of the peak, or what another serves."""
    others = [value for key, value in values.items() if key.endswith("goodput_tokens_per_s")]
    kind = draw.random()
    peak = values[_LOAD] * values["load.output_tokens"] * values["load.peak_factor"] / 86_400
    if kind < 0.2 and peak:
        return peak / draw.randint(1, 30)
    if kind < 0.35 and others:
        return draw.choice(others) * draw.choice((Fraction(1), Fraction(2), Fraction(3, 2), Fraction(7, 5)))
    least = max(20.0, float(peak) / 300)
    return _decimal(draw, least, max(5000.0, float(peak) / 2), 1)


def _option(name: str, variant: str, tenure: Any, **settings: Any) -> ModelOption:
    plain: dict[str, Any] = {"gpus": 1, "stated": False, "spares": 0, "life_years": 3, "engaged": False}
    return ModelOption(name=name, variant=variant, tenure=tenure, **{**plain, **settings})


def _decimal(draw: random.Random, low: float, high: float, places: int) -> Fraction:
    return Fraction(f"{draw.uniform(low, high):.{places}f}")
