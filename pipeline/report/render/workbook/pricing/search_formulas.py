"""The first load at which a comparison breaks even, as formulas: what `pipeline.roi.break_even` finds step by step.

Between two steps costs are straight lines, so against an API the first step that can hold the answer is found by
division. Between two kinds of machines the difference falls only where the reference takes one more, so its steps
are tried in one formula over an array. Differences below a millionth of a dollar, and quotients that are whole to
nine decimals, count as whole.
"""

from dataclasses import dataclass

from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.layout import Layout, Pair
from pipeline.report.render.workbook.pricing.money import said

MOST_STEPS = 2_000
"""As `pipeline.roi.break_even` does, after which nothing is said."""
_NONE = MOST_STEPS + 1
_STEPS = f"(ROW($1:${MOST_STEPS})-1)"
_MOST_REQUESTS = "1E12"
"""Between two APIs."""


@dataclass(frozen=True)
class SearchFormulas:
    """The formulas of one comparison, of which both ways can be counted."""

    layout: Layout
    say: PricingSheets
    pair: Pair

    def all(self) -> dict[str, str]:
        """Return the formulas by column; for an array in curly braces."""
        option, reference = (self.layout.by_name[name].tenure == "paid per token" for name in self.pair)
        if option and reference:
            return self._between_apis()
        if option or reference:
            return self._against_api(self.pair[0 if reference else 1])
        return self._between_machines()

    def _between_apis(self) -> dict[str, str]:
        base, slope = self._at("base"), self._at("slope")
        crossing = f"IF(AND({slope}<0,{base}<{_MOST_REQUESTS}*-{slope}),-{base}/{slope},{self._none})"
        return {
            "base": f"={self._option('fixed')}-{self._reference('fixed')}",
            "slope": f"={self._option('request')}-{self._reference('request')}",
            "load": f"=IF(ROUND({base},6)<0,0,{crossing})",
        }

    def _against_api(self, machines: str) -> dict[str, str]:
        """Return the formulas where one of both has machines: steps of its size, straight lines of the other's price.

        Just before the end of step n, or just after its beginning where the option is the API, the difference is
        base + n slope; the first n at which it is below zero is what is looked for.
        """
        base, slope, step = self._at("base"), self._at("slope"), self._at("step")
        size, mine = self.layout.steps.at(machines, "carries"), machines == self.pair[0]
        per_machine = self.layout.steps.at(machines, "machine")
        spares = f"{self.layout.steps.at(machines, 'spares')}*{per_machine}"
        fixed = f"{self._option('fixed')}-{self._reference('fixed')}"
        paid = f"{self._reference('request') if mine else self._option('request')}*{size}"
        zero = f"ROUND(-{base}/{slope},9)"
        beyond = f"IF({slope}<0,IF({zero}<{MOST_STEPS},INT({zero})+1,{self._none}),{self._none})"
        start = f"{size}*({step}-1)"
        crossing = f"({base}+{step}*{per_machine})/{self._reference('request')}"
        load = f"IF({self._reference('request')}>0,MAX({start},{crossing}),{start})" if mine else start
        return {
            "base": f"={fixed}+{spares}" if mine else f"={fixed}-{spares}-{paid}",
            "slope": f"={per_machine}-{paid}" if mine else f"={paid}-{per_machine}",
            "step": f"=IF(ROUND({base}+{slope},6)<0,1,{beyond})",
            "load": f"=IF(ISNUMBER({step}),{load},{self._none})",
        }

    def _between_machines(self) -> dict[str, str]:
        """Return the formulas where both have machines; step n of the reference begins where n of it are full.

        Steps of the reference that coincide with one of the option count once, as one load at which both rise.
        """
        mine, other = self._option("machine"), self._reference("machine")
        base, step, common = self._at("base"), self._at("step"), self._at("common")
        times = f"{self._reference('carries')}/{self._option('carries')}"
        full = f"INT({_STEPS}*{times}+0.0000000005)"
        difference = f"{base}+{mine}*({full}+1)-{other}*({_STEPS}+1)"
        both = f"{step}+INT({step}*{times}+0.0000000005)-INT({step}/{common})"
        whole = f"ABS({_STEPS}*{times}-INT({_STEPS}*{times}+0.5))<0.000000001"
        fixed = f"{self._option('fixed')}-{self._reference('fixed')}"
        spares = f"{self._option('spares')}*{mine}-{self._reference('spares')}*{other}"
        beginning = f"{self._reference('carries')}*{step}"
        return {
            "base": f"={fixed}+{spares}",
            "common": f"{{=MIN(IF(({_STEPS}>0)*({whole}),{_STEPS},{_NONE}))}}",
            "step": f"{{=MIN(IF({difference}<-0.0000005,{_STEPS},{_NONE}))}}",
            "load": f"=IF({step}<{MOST_STEPS},IF({both}<{MOST_STEPS},{beginning},{self._none}),{self._none})",
        }

    @property
    def _none(self) -> str:
        return said(self.say.no_step)

    def _at(self, name: str) -> str:
        return self.layout.search.at(self.pair, name)

    def _option(self, name: str) -> str:
        return self.layout.steps.at(self.pair[0], name)

    def _reference(self, name: str) -> str:
        return self.layout.steps.at(self.pair[1], name)
