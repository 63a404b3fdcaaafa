"""Priced loads to hold the page's formulas against: those that are packaged, and drawn ones of every kind."""

import random
from collections.abc import Iterator
from fractions import Fraction

from pipeline.roi.model import ModelInput, ModelOption, PricingModel
from pipeline.roi.options import Tenure
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.scenario import scenario_result

_TENURES: tuple[Tenure, ...] = ("rented", "rented", "bought", "bought", "paid per token")


def packaged_models() -> dict[str, PricingModel]:
    """Return the priced loads of the packaged scenarios that compare ways to serve one."""
    found = {name: scenario_result(one).pricing for name, one in packaged_scenarios().items()}
    return {name: model for name, model in found.items() if model.options}


def drawn_models(amount: int, seed: int) -> Iterator[PricingModel]:
    """Yield models of every tenure, with and without load, growth, spares, claims and a currency."""
    for place in range(amount):
        yield _drawn(random.Random(f"{seed}/{place}"))  # noqa: S311 -- drawing tests is not cryptography


def _drawn(dice: random.Random) -> PricingModel:
    options = [_option(dice, f"v{place}") for place in range(dice.randint(2, 4))]
    inputs = {
        "hours_per_month": Fraction(dice.choice((730, 720, 200))),
        "discount_rate": _share(dice),
        "load.requests_per_day": Fraction(dice.choice((0, 10, 5_000, 50_000, 864_000, 10_000_000))),
        "load.input_tokens": Fraction(dice.randint(0, 4_000)),
        "load.output_tokens": Fraction(dice.choice((0, 1, 100, 257, 2_000))),
        "load.peak_factor": 1 + Fraction(dice.randint(0, 400), 109),
        "load.growth_per_year": dice.choice((Fraction(0), Fraction(1, 5), Fraction(-3, 10), Fraction(1, 3))),
        "site.usd_per_kwh": _price(dice, 1),
        "site.pue": 1 + _share(dice),
        "site.load": _share(dice),
        "site.staff_usd_per_year": dice.choice((Fraction(0), _price(dice, 100_000))),
        "engagement.one_time_usd": dice.choice((Fraction(0), _price(dice, 60_000))),
        "engagement.monthly_usd": dice.choice((Fraction(0), _price(dice, 3_000))),
    }
    for option in options:
        inputs |= _own(dice, option)
    names = [option.name for option in options]
    return PricingModel(
        years=dice.randint(1, 6),
        inputs=tuple(
            ModelInput(name=name, value=str(value), origin=dice.choice(("quoted", "assumed", "measured")))
            for name, value in inputs.items()
        ),
        options=tuple(options),
        pairs=((names[0], names[1]), (names[1], names[0]), *((name, names[0]) for name in names[2:])),
        currency=(code := dice.choice(("USD", "EUR"))),
        per_usd="1" if code == "USD" else dice.choice(("23/25", "10000/10873")),
    )


def _option(dice: random.Random, variant: str) -> ModelOption:
    tenure = dice.choice(_TENURES)
    return ModelOption(
        name=variant if tenure == "paid per token" else f"{variant}, {tenure}",
        variant=variant,
        tenure=tenure,
        gpus=dice.choice((1, 1, 2, 8)),
        stated=tenure != "paid per token" and dice.random() < 0.2,
        spares=dice.choice((0, 0, 1, 2)),
        life_years=dice.randint(1, 5),
        engaged=dice.random() < 0.5,
    )


def _own(dice: random.Random, option: ModelOption) -> dict[str, Fraction]:
    every = {
        "goodput_tokens_per_s": Fraction(dice.randint(1, 40_000), 7),
        "machines": Fraction(dice.randint(0, 9), 2),
        "hourly_usd": _price(dice, 12),
        "purchase_usd": _price(dice, 40_000),
        "resale_share": _share(dice),
        "watts": Fraction(dice.randint(0, 700)),
        "input_usd_per_mtok": _price(dice, 3),
        "output_usd_per_mtok": _price(dice, 15),
    }
    if option.stated and dice.random() < 0.5:
        del every["goodput_tokens_per_s"]
    return {f"{option.variant}.{key}": value for key, value in every.items()}


def _price(dice: random.Random, most: int) -> Fraction:
    return Fraction(dice.randint(0, most * 1000), 1000)


def _share(dice: random.Random) -> Fraction:
    return Fraction(dice.randint(0, 100), 100)
