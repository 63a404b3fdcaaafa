"""What the chapter on costs says in German."""

from collections.abc import Mapping

from pipeline.base.format import TIMES
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.costs import Costs
from pipeline.roi.result import Unpriced


class GermanCosts(GermanWords, Costs):
    """Its tables and charts, and what was left out."""

    title = "Kosten"
    absent = "Die Kosten wurden nicht berechnet: `awqctl roi` wurde nicht ausgeführt."
    baseline = "Baseline"

    unpriced: Mapping[Unpriced, str] = {
        "void": "jede Messung der Geschwindigkeit ist ungültig",
        "overload": (
            "gemessen wurde nur unter Überlast, also mit mehr Anfragen, als die Engine gleichzeitig bearbeiten kann"
        ),
        "dummy weights": "die Gewichte sind Platzhalter",
    }

    def not_priced(self, arm: str, why: Unpriced) -> str:
        return f"{arm}: keine Kosten, denn {self.unpriced[why]}."

    def machine(self, priced: str, measured: str) -> str:
        return (
            f"Der Preis gilt für: {priced}. Der Durchsatz wurde gemessen auf: {measured}. Die Kosten gelten nur, wenn "
            f"beides dieselbe Maschine ist."
        )

    def best(self, arm: str, concurrency: str, ttft: str, e2e: str) -> str:
        return f"{arm} bei Parallelität {concurrency} (p95 in ms: TTFT {ttft}, Latenz der ganzen Antwort {e2e})"

    def capacity(self, arms: str, latency: str) -> str:
        return f"Als Kapazität gilt der höchste gemessene Ausgabedurchsatz einer Maschine: {arms}. {latency}"

    def in_currency(self, code: str, per_usd: str, source: str) -> str:
        return (
            f"Beträge sind in US-Dollar berechnet und in {code} ausgewiesen: 1 USD entspricht {per_usd} {code} "
            f"({source})."
        )

    no_service_level = "Eine Obergrenze für die Latenz würde sie verringern."
    service_level = (
        "Das Service-Level bleibt dabei unberücksichtigt; was Token und Maschinen innerhalb des Service-Levels kosten, "
        "steht im Kapitel zum Umschlagpunkt unter gleiches Geld."
    )

    arms = "Kosten je Variante"
    arms_columns = ("Posten", "Baseline", "AWQ", "Herkunft", "Berechnung")
    arms_note = (
        "Die Maschinen laufen den ganzen Monat, ob ausgelastet oder nicht. Eine Reservemaschine ist nicht enthalten."
    )
    ranges_note = (
        " In Klammern: welche Werte nach den Wiederholungen des Benchmarks möglich sind, mit 95 % Konfidenz für alle "
        "zusammen."
    )
    no_ranges_note = (
        " Die Geschwindigkeiten wurden nicht oder zu selten wiederholt gemessen; für diese Werte ist daher kein "
        "Bereich bekannt."
    )
    items: Mapping[str, str] = {
        "capacity_tokens_per_s": "Kapazität einer Maschine, Token/s",
        "usd_per_mtok_full_load": "Je Million Ausgabetoken, Maschine voll ausgelastet",
        "usd_per_mtok_at_load": "Je Million Ausgabetoken, bei dieser Last",
        "machines": "Benötigte Maschinen zur Spitzenlast",
        "utilisation": "Auslastung bei mittlerer Last",
        "monthly_usd": "Kosten im Monat",
        "yearly_usd": "Kosten im Jahr",
        "three_year_usd": "Kosten in 3 Jahren",
    }
    bases: Mapping[str, str] = {
        "capacity_tokens_per_s": "höchster gemessener Ausgabedurchsatz einer Maschine",
        "usd_per_mtok_full_load": f"Stundenpreis / (Kapazität {TIMES} 3.600) {TIMES} 1.000.000; ohne Leerlauf",
        "usd_per_mtok_at_load": "Kosten im Monat / Ausgabetoken im Monat",
        "machines": "Spitzenlast / Kapazität, aufgerundet",
        "utilisation": f"mittlere Last / (Maschinen {TIMES} Kapazität)",
        "monthly_usd": f"Maschinen {TIMES} Stundenpreis {TIMES} Stunden im Monat",
        "yearly_usd": f"12 {TIMES} Kosten im Monat",
        "three_year_usd": f"36 {TIMES} Kosten im Monat, ohne Projektpreis",
        "saving_per_month_usd": "Kosten der Baseline im Monat - Kosten von AWQ im Monat",
        "saving_three_years_usd": f"36 {TIMES} Einsparung im Monat - Projektpreis",
        "payback_months": "Projektpreis / Einsparung im Monat",
        "break_even_requests_per_day": (
            "kleinste Last, bei der AWQ in 36 Monaten weniger kostet, der Projektpreis eingeschlossen: Dort spart es "
            "eine ganze Maschine; etwas darüber kann die Einsparung wieder kleiner sein"
        ),
        "load_tokens_per_s": f"Anfragen je Tag {TIMES} Ausgabetoken je Anfrage / 86.400",
        "peak_tokens_per_s": f"mittlere Last {TIMES} Verhältnis von Spitze zu Mittel",
    }

    def basis(self, formula: str, source: str) -> str:
        return f"{formula}; {source}"

    def with_range(self, figure: str, ends: str) -> str:
        return f"{figure} ({ends})"

    def open_range(self, low: str) -> str:
        return f"{low} oder mehr, oder nie"

    def machines(self, amount: str, *, one: bool) -> str:
        return f"{amount} Maschine" if one else f"{amount} Maschinen"

    def pays(self, arm: str, machines: str, instead: str, saving: str, paid: str) -> str:
        return f"{arm} lohnt sich bei dieser Last: {machines} statt {instead}, das spart {saving} im Monat{paid}."

    def paid_back(self, months: str) -> str:
        return f"; die Amortisationszeit des Projekts beträgt {months} Monate"

    def not_paid_back(self, arm: str, saving: str, engagement: str, months: str) -> str:
        return (
            f"{arm} lohnt sich hier innerhalb von drei Jahren nicht: Die Einsparung beträgt {saving} im Monat, und der "
            f"Projektpreis von {engagement} ist erst nach {months} Monaten amortisiert."
        )

    def not_recovered(self, engagement: str) -> str:
        return f", und der Projektpreis von {engagement} amortisiert sich nicht"

    def engagement_to_recover(self, engagement: str) -> str:
        return f", und der Projektpreis von {engagement} muss noch verdient werden"

    def undecided(self, arm: str, saving: str, engagement: str) -> str:
        return (
            f"Ob sich {arm} bei dieser Last lohnt, ist nicht entschieden: Im Bereich der gemessenen Geschwindigkeiten "
            f"beträgt die Einsparung {saving} im Monat{engagement}."
        )

    def undecided_without_range(self, arm: str) -> str:
        return (
            f"Ob sich {arm} bei dieser Last lohnt, ist nicht entschieden: Die Geschwindigkeiten wurden nicht "
            f"wiederholt gemessen, die Kosten haben daher keinen Bereich."
        )

    def free_machines(self, arm: str) -> str:
        return f"{arm} lohnt sich hier nicht: Die Maschinen kosten nichts"

    def needs_more(self, arm: str, machines: str, baseline: str) -> str:
        return f"{arm} lohnt sich hier nicht: benötigt {machines}, die Baseline nur {baseline}"

    def as_many_machines(self, arm: str, machines: str, with_arm: str) -> str:
        if machines == with_arm:
            return f"{arm} lohnt sich hier nicht: Diese Last benötigt in beiden Fällen {machines}, es entfällt keine"
        return f"{arm} lohnt sich hier nicht: Diese Last benötigt vorher {machines} und mit {arm} {with_arm}"

    def saves_none(self, arm: str) -> str:
        return f"{arm} lohnt sich hier nicht: Es entfällt keine Maschine"

    decision = "Einsparung und Gewinnschwelle"
    decision_columns = ("Posten", "Wert", "Herkunft", "Berechnung")
    saving = "Einsparung im Monat"
    engagement = "Projektpreis, einmalig"
    no_engagement = "keiner"
    no_engagement_source = "im Rezept nicht angegeben"
    saving_three_years = "Einsparung in 3 Jahren, nach Abzug des Projektpreises"
    payback = "Amortisationszeit, Monate"
    break_even = "Gewinnschwelle, Anfragen/Tag"
    not_reached = "nicht erreicht"

    assumptions = "Preise und Last, auf denen die Kosten beruhen"
    assumptions_columns = ("Posten", "Wert", "Herkunft", "Quelle")
    assumptions_note = (
        "Preise und Last stammen aus dem Rezept. Nach einer Änderung dort ist `awqctl roi` erneut auszuführen."
    )
    hourly = "Preis einer Maschine je Stunde"
    requests = "Anfragen je Tag"
    tokens = "Ausgabetoken je Anfrage"
    peak_to_average = "Verhältnis von Spitzenlast zu mittlerer Last"
    average = "Mittlere Last, Ausgabetoken/s"
    peak = "Spitzenlast, Ausgabetoken/s"

    limit_spare = (
        "Reservemaschinen, Ausfallsicherheit und Verfügbarkeit: Während des Laufs wurde nichts abgeschaltet, und eine "
        "Reserve ist nicht eingepreist."
    )
    limit_other = (
        "Netzwerk, Speicherplatz, Personal und Steuern sind nicht Teil der Kosten, sondern nur der Stundenpreis der "
        "Maschine."
    )
    the_price = "der Stundenpreis"
    the_load = "die Last"
    the_engagement = "der Projektpreis"

    def limit_assumption(self, assumed: str) -> str:
        return f"{assumed[:1].upper()}{assumed[1:]} ist eine Annahme; mit ihr ändern sich die Kosten."

    def limit_assumptions(self, assumed: str) -> str:
        return f"{assumed[:1].upper()}{assumed[1:]} sind Annahmen; mit ihnen ändern sich die Kosten."

    chart = "Kosten je Million Ausgabetoken"

    def chart_y(self, currency: str) -> str:
        return f"{currency} je Million Ausgabetoken; weniger ist besser"

    chart_caption = (
        "Bei dieser Last werden auch Stunden ohne Auslastung bezahlt. Linien: mögliche Werte. Modelliert aus "
        "gemessenem Durchsatz und Stundenpreis."
    )
    at_load = "Bei dieser Last"
    always_busy = "Voll ausgelastet"

    def chart_alternative(self, bars: str) -> str:
        return f"Balkendiagramm. {bars}."

    def bar(self, group: str, arm: str, usd: str) -> str:
        return f"{group}, {arm}: {usd}"

    load_chart = "Kosten im Monat in Abhängigkeit von der Last"
    load_x = "Anfragen je Tag"

    def load_y(self, currency: str) -> str:
        return f"{currency} im Monat, in ganzen Maschinen"

    def load_unit(self, currency: str) -> str:
        return f"{currency}/Monat"

    this_load = "diese Last"
    the_break_even = "Gewinnschwelle"
    range_not_known = "nicht bekannt, weil die Geschwindigkeiten nicht wiederholt gemessen wurden"

    def requests_a_day(self, requests: str) -> str:
        return f"{requests} Anfragen am Tag"

    def load_caption(self, load: str, break_even: str) -> str:
        return (
            f"Diese Last: {load} Anfragen am Tag. Gewinnschwelle: {break_even}. Blass: mögliche Werte; schattiert: AWQ "
            f"ist in jedem Fall günstiger. Modelliert."
        )

    def load_alternative(self, load: str, arms: str) -> str:
        return (
            f"Stufendiagramm der Kosten im Monat über den Anfragen je Tag. Bei {load} Anfragen am Tag: Baseline {arms}."
        )

    def whole_note(self, spares: str) -> str:
        return (
            f"Wie im Kapitel zu den Optionen für den Betrieb. Die Maschinen laufen den ganzen Monat, ob ausgelastet "
            f"oder nicht; Reservemaschinen: {spares}. In Klammern: Schranken, über die kein angegebener Bereich "
            f"hinausführt."
        )

    whole_bases: Mapping[str, str] = {
        "usd_per_mtok_at_load": "Kosten des ersten Jahres / Ausgabetoken in diesem Jahr",
        "machines": "Spitzenlast / Ausgabetoken je Sekunde im Service-Level, aufgerundet, zuzüglich Reserve",
        "monthly_usd": "Kosten des ersten Jahres / 12",
        "yearly_usd": f"Maschinen {TIMES} Stundenpreis {TIMES} Stunden, mit Personal und Betreuung, soweit angegeben",
        "three_year_usd": "Kosten von 3 Jahren mit dem Wachstum der Last, ohne Projektpreis",
        "saving_per_month_usd": "(Kosten der Baseline - Kosten von AWQ im ersten Jahr) / 12",
        "saving_three_years_usd": "Kosten der Baseline - Kosten von AWQ in 3 Jahren, mit Projektpreis und Betreuung",
        "payback_months": "Monat, in dem die Einsparungen das zuerst Bezahlte verdient haben",
        "break_even_requests_per_day": (
            "kleinste Last, bei der AWQ im ersten Jahr weniger kostet als die Baseline, der Projektpreis auf die "
            "geplanten Jahre verteilt"
        ),
    }

    def cannot_serve(self, arm: str) -> str:
        return (
            f"Ob sich AWQ lohnt, ist nicht entschieden: {arm} hält das Service-Level bei keiner Parallelität "
            f"nachweislich ein; was für die Last nötig ist, ist daher nicht bekannt."
        )

    limit_failover = (
        "Ausfallsicherheit und Verfügbarkeit: Während des Laufs wurde nichts abgeschaltet; Reservemaschinen sind wie "
        "angegeben berechnet."
    )

    limit_other_but_staff = "Netzwerk, Speicherplatz und Steuern sind nicht Teil der Kosten."
