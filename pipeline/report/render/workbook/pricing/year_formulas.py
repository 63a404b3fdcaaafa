"""What a year of an option costs, as formulas: those of `pipeline.roi.options` and `pipeline.roi.cashflow`."""

from dataclasses import dataclass

from pipeline.report.render.workbook.pricing.layout import Layout
from pipeline.roi.model import ModelOption

_NOTHING = "=0"


@dataclass(frozen=True)
class YearFormulas:
    """The formulas of one year of one option, one method for each column that is computed."""

    layout: Layout
    option: ModelOption
    year: int

    def machines(self) -> str:
        """As stated, or for the peak; bought ones stay when the load falls.

        Quotients are rounded to nine decimals before they are rounded up: those of whole machines are then whole.
        """
        option = self.option
        if option.tenure == "paid per token":
            return _NOTHING
        if option.stated:
            return f"=ROUNDUP(ROUND({self._of('machines')},9),0)"
        peak = self.layout.load.at(self.year, "peak")
        quotient = f"{peak}/{self._of('goodput_tokens_per_s')}"
        counted = f"IF({peak}<=0,0,MAX(1,ROUNDUP(ROUND({quotient},9),0))+{self._of('spares')})"
        if option.tenure == "bought" and self.year > 1:
            return f"=MAX({self._at('machines', self.year - 1)},{counted})"
        return f"={counted}"

    def rent(self) -> str:
        """Of all hours, busy or not."""
        if self.option.tenure != "rented":
            return _NOTHING
        return f"={self._at('machines')}*{self._of('gpus')}*{self._of('hourly_usd')}*{self._name('hours_per_month')}*12"

    def depreciation(self) -> str:
        """In equal parts down to the resale value."""
        return f"={self._at('machines')}*{self._lost()}" if self._bought else _NOTHING

    def energy(self) -> str:
        """Of the machines alone."""
        if not self._bought:
            return _NOTHING
        kilowatts = f"{self._at('machines')}*{self._of('gpus')}*{self._of('watts')}*{self._name('site.load')}/1000"
        return f"={kilowatts}*{self._name('hours_per_month')}*12*{self._name('site.usd_per_kwh')}"

    def cooling(self) -> str:
        """What the building takes beside the machines."""
        return f"={self._at('energy')}*({self._name('site.pue')}-1)" if self._bought else _NOTHING

    def staff(self) -> str:
        """Where there are machines."""
        if self.option.tenure == "paid per token":
            return _NOTHING
        return f"=IF({self._at('machines')}>0,{self._name('site.staff_usd_per_year')},0)"

    def fees(self) -> str:
        """Of an API."""
        if self.option.tenure != "paid per token":
            return _NOTHING
        parts = [
            f"{self.layout.load.at(self.year, f'{kind}_mtok')}*{self._of(f'{kind}_usd_per_mtok')}"
            for kind in ("input", "output")
        ]
        return f"=({'+'.join(parts)})*12"

    def support(self) -> str:
        """Of the engagement."""
        return f"={self._name('engagement.monthly_usd')}*12" if self.option.engaged else _NOTHING

    def paid(self) -> str:
        """All but depreciation."""
        return "=" + "+".join(self._at(name) for name in ("rent", "energy", "cooling", "staff", "fees", "support"))

    def cost(self) -> str:
        """With the year's part of the purchases."""
        return f"={self._at('paid')}+{self._at('depreciation')}"

    def added(self) -> str:
        """Machines that the year before had not."""
        before = f"-{self._at('machines', self.year - 1)}" if self.year > 1 else ""
        return f"={self._at('machines')}{before}"

    def outlay(self) -> str:
        """Purchases, replacements of worn machines less what these are sold for, and the engagement."""
        parts = [self._name("engagement.one_time_usd")] if self.option.engaged and self.year == 1 else []
        if self._bought:
            parts.append(f"{self._price()}*{self._at('added')}")
        if self._bought and self.year > 1:
            years, added = self._before("year"), self._before("added")
            worn = f"SUMPRODUCT((MOD({self._at('year')}-{years},{self._of('life_years')})=0)*{added})"
            parts.append(f"{worn}*{self._price()}*(1-{self._of('resale_share')})")
        return "=" + ("+".join(parts) or "0")

    def left(self) -> str:
        """After the last year: the price of each machine less what it lost at its age."""
        last = self.layout.model.years
        if not self._bought or self.year < last:
            return _NOTHING
        years, added = (self.layout.years.span(self._key(1), self._key(last), name) for name in ("year", "added"))
        age = f"MOD({self._at('year')}-{years},{self._of('life_years')})+1"
        return f"=SUMPRODUCT({added}*({self._price()}-{self._lost()}*({age})))"

    def present_value(self) -> str:
        """What is paid at the beginning and at the end, discounted."""
        growth, year = f"(1+{self._name('discount_rate')})", self._at("year")
        end = f"({self._at('paid')}-{self._at('left')})"
        return f"={self._at('outlay')}/{growth}^({year}-1)+{end}/{growth}^{year}"

    @property
    def _bought(self) -> bool:
        return self.option.tenure == "bought"

    def _price(self) -> str:
        return f"{self._of('gpus')}*{self._of('purchase_usd')}"

    def _lost(self) -> str:
        return f"{self._price()}*(1-{self._of('resale_share')})/{self._of('life_years')}"

    def _of(self, key: str) -> str:
        return self.layout.of(self.option, key)

    def _name(self, name: str) -> str:
        return self.layout.names[name]

    def _key(self, year: int) -> tuple[str, int]:
        return self.option.name, year

    def _at(self, name: str, year: int | None = None) -> str:
        return self.layout.years.at(self._key(year or self.year), name)

    def _before(self, name: str) -> str:
        return self.layout.years.span(self._key(1), self._key(self.year - 1), name)
