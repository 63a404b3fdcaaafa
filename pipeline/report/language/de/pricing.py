"""What the chapters on ways to serve the load, on savings and on sensitivity say in German."""

from collections.abc import Mapping

from pipeline.base.format import TIMES
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.pricing import PricingSentences
from pipeline.roi.figure import Decision
from pipeline.roi.options import Tenure


class GermanPricingSentences(GermanWords, PricingSentences):
    """Options, curve over load, savings, tornado, inputs."""

    absent = (
        "Optionen für den Betrieb, ihre Einsparungen und deren Einflussgrößen wurden nicht berechnet: `awqctl roi` "
        "ausführen, mit der Baseline unter `bench.arms`."
    )
    tenures: Mapping[Tenure, str] = {
        "rented": "gemietet",
        "bought": "gekauft",
        "paid per token": "je Token bezahlt",
    }

    def option(self, variant: str, tenure: Tenure) -> str:
        return variant if tenure == "paid per token" else f"{variant}, {self.tenures[tenure]}"

    def years(self, amount: str, *, one: bool) -> str:
        return f"{amount} Jahr" if one else f"{amount} Jahre"

    options_title = "Optionen für den Betrieb"

    def load(self, requests: str, average: str, peak: str, grown: str) -> str:
        return (
            f"Die Last beträgt {requests} Anfragen am Tag, im Mittel {average} Ausgabetoken je Sekunde und {peak} in "
            f"der Spitzenstunde{grown}. Jede Option ist mit ganzen Maschinen berechnet, die diese Stunde tragen."
        )

    def grown(self, peak: str, year: str) -> str:
        return f", {peak} im {year}. Jahr"

    by_goodput = (
        "Die Maschinen gemessener Varianten sind nach den Ausgabetoken je Sekunde gezählt, die das Service-Level "
        "einhalten, wie es alle Wiederholungen zeigen; ein Plan wird mit denselben Grenzen verglichen, nach seinem "
        "Mittel statt nach einem Anteil der Anfragen."
    )
    by_throughput = (
        "Es wurde kein Service-Level vereinbart; die Maschinen gemessener Varianten sind daher nach ihrem höchsten "
        "Durchsatz gezählt, unabhängig von der Latenz dabei. Mit `bench.service_level` zählen die rechtzeitigen Token."
    )

    def input_tokens(self, tokens: str) -> str:
        return f"Angenommen sind Prompts mit {tokens} Token, wie im Benchmark: Das Rezept nennt keine Eingabetoken."

    def spares(self, amount: str) -> str:
        return f"Enthaltene Reservemaschinen: {amount} über die Spitze hinaus."

    no_spares = "Eine Reservemaschine ist nicht enthalten; `roi.spares` fügt welche hinzu."

    def impossible(self, variant: str, reason: str) -> str:
        return f"{variant} kann die Last nicht bedienen. {reason}"

    missed = "Das Service-Level wird bei keiner Parallelität nachweislich eingehalten."
    no_alternatives = (
        "Neben den gemessenen Varianten ist keine andere Option berechnet: `roi.alternatives` ergänzt 16 Bit auf einer "
        "günstigeren GPU, FP8 sowie Preise für Reservierung oder Spot-Instanzen, `roi.apis` bezahlte APIs, "
        "`roi.purchase` den Kauf."
    )
    options_table = "Kosten je Option"

    def options_columns(self, years: str) -> tuple[str, ...]:
        return (
            *("Option", "Maschine", "Maschinen", "Leerlauf", "Monat", "Jahr", years, "Barwert", "Je Million Token"),
            "Herkunft",
        )

    def options_note(self, spread: str) -> str:
        return (
            f"Monat und Jahr gelten für das erste Jahr, ohne den einmaligen Projektpreis; in allen Jahren zusammen ist "
            f"er bei AWQ enthalten. Je Million nutzbarer Ausgabetoken. In Klammern: Schranken, über die kein "
            f"angegebener Bereich hinausführt.{spread}"
        )

    def discounted(self, rate: str) -> str:
        return f" Barwerte sind mit {rate} im Jahr abgezinst."

    not_discounted = " Es ist kein Zinssatz angegeben, künftiges Geld zählt daher wie heutiges."

    def gpus(self, amount: str, gpu: str, quantization: str) -> str:
        return f"{amount} {TIMES} {gpu}, {quantization}"

    formats: Mapping[str, str] = {"none": "16 Bit", "awq": "AWQ", "fp8": "FP8", "gptq": "GPTQ", "int8": "INT8"}
    paid_api = "bezahlte API"
    capacity_table = "Was eine Maschine trägt"
    capacity_columns = (
        *("Option", "Gleichzeitige Anfragen", "Nutzbare Ausgabetoken/s", "Anfragen am Tag bei dieser Spitze"),
        "Herkunft",
    )
    capacity_note = (
        "Anfragen am Tag: Token einer Maschine, geteilt durch die einer Anfrage, unter Berücksichtigung der "
        "Spitzenstunde."
    )
    years_table = "Jahr für Jahr"
    years_columns = (
        *("Option", "Jahr", "Maschinen", "Miete", "Wertverlust", "Energie und Kühlung", "Personal", "API-Gebühren"),
        *("Betreuung", "Kosten des Jahres", "Käufe"),
    )
    years_note = (
        "Käufe sind zu Beginn des Jahres bezahlt, Wiederverkäufe abgezogen; der Wertverlust steht in den Kosten."
    )
    curve_table = "Kosten je Million nutzbarer Ausgabetoken in Abhängigkeit von der Last"
    curve_load = "Anfragen am Tag"
    curve_note = "Von einem Achtel bis zum Achtfachen der Last, im ersten Jahr; ohne den Projektpreis."
    curve_x = "Anfragen am Tag"
    curve_caption = (
        "Maschinen sind ganzzahlig: Eine ausgelastete erzeugt günstige Token, eine wenig genutzte teure; eine API hat "
        "einen festen Preis."
    )
    curve_left_out = " Die Tabelle enthält auch die ausgelassenen Optionen."

    def curve_y(self, currency: str) -> str:
        return f"{currency} je Million nutzbarer Ausgabetoken; weniger ist besser"

    def curve_unit(self, currency: str) -> str:
        return f"{currency}/Mio. Token"

    def curve_alternative(self, load: str, ways: str) -> str:
        return (
            f"Liniendiagramm der Kosten je Million Ausgabetoken über den Anfragen am Tag. Bei {load} Anfragen am Tag: "
            f"{ways}."
        )

    def way(self, name: str, figure: str) -> str:
        return f"{name} {figure}"

    savings_title = "Einsparungen"
    decisions: Mapping[Decision, str] = {
        "pays": "lohnt sich",
        "does not pay": "lohnt sich nicht",
        "not decided": "nicht entschieden",
    }

    def savings_method(self, years: str, engagement: str) -> str:
        return (
            f"Was jede Option gegenüber einer anderen spart (Zeitraum: {years}). {engagement} Die Amortisation zählt, "
            f"was zu Beginn bezahlt wird, einen Kauf ebenso wie das Projekt. Die Gewinnschwelle ist die kleinste Last, "
            f"bei der die Option im ersten Jahr weniger kostet als die andere; bei einer größeren kann sie wieder mehr "
            f"kosten."
        )

    def engagement(self, price: str) -> str:
        return f"AWQ muss den Projektpreis von {price} verdienen."

    def support(self, price: str) -> str:
        return f"Die Betreuung kostet {price} im Monat."

    no_engagement = "Es ist kein Projektpreis angegeben, AWQ muss daher nichts zurückverdienen."
    against_baseline = "Einsparung gegenüber der Baseline"
    against_others = "Einsparung durch AWQ gegenüber jeder anderen Option"

    def savings_columns(self, years: str) -> tuple[str, ...]:
        money = ("Monat", "Jahr", years, "Kapitalwert")
        return (
            *("Option", "Gegenüber", *money, "Amortisation, Monate", "Gewinnschwelle, Anfragen/Tag"),
            "Ergebnis",
        )

    def savings_note(self, draws: str, seed: str) -> str:
        return (
            f"In Klammern: die mittleren 95 % aus {draws} Ziehungen aller Eingaben, die Bereiche sind (Seed {seed}). "
            f"Ein Ergebnis steht nur da, wo all das dasselbe Vorzeichen hat und die Geschwindigkeiten wiederholt "
            f"gemessen wurden."
        )

    no_ranges = (
        "Keine Eingabe ist ein Bereich, es wird daher nichts gezogen: Die Werte sind so sicher wie ihre Eingaben."
    )
    nothing_to_pay_back = "nichts zu amortisieren"
    never = "nicht innerhalb von 10 Jahren"
    no_break_even = "bei keiner Last"
    from_the_first = "ab der ersten Anfrage"

    def not_here(self, break_even: str) -> str:
        return f"{break_even}, bei dieser Last jedoch nicht"

    alike = "hier gleich teuer"
    only_undiscounted = "nur ohne Abzinsung"
    whose_saving = (
        "Was der Kauf, ein niedrigerer Preis oder eine günstigere GPU spart, ist keine Einsparung durch AWQ: Was AWQ "
        "spart, in ganzen Maschinen, zeigen die Zeilen zwischen Optionen, die gleich bezahlt werden und sich nur in "
        "AWQ unterscheiden."
    )
    no_cheaper_card = (
        "Ob 16 Bit auf einer günstigeren GPU ebenso viel spart, ist nicht berechnet: die GPU in `roi.alternatives` "
        "nennen."
    )
    no_fp8 = "Ob FP8 ebenso viel spart, ist nicht berechnet: FP8 als Variante messen oder in `roi.alternatives` nennen."
    no_api = "Bezahlte APIs sind nicht berechnet: In `roi.apis` lassen sich welche nennen."

    sensitivity_title = "Wovon die Einsparung abhängt"

    def saving_of(self, option: str, reference: str, years: str, saving: str) -> str:
        return f"Einsparung ({option}, gegenüber {reference}): {saving} (Zeitraum: {years}), Projektpreis abgezogen."

    def simulated(self, draws: str, seed: str, extent: str) -> str:
        return (
            f"In {draws} Ziehungen aller Eingaben, die Bereiche sind (Seed {seed}), liegen die mittleren 95 % der "
            f"Einsparung im Bereich {extent}."
        )

    not_simulated = (
        "Keine Eingabe ist ein Bereich, ein Intervall ist daher nicht bekannt; das Diagramm verändert stattdessen jede "
        "Eingabe um 20 %."
    )
    nothing_moves = "Keine Eingabe verändert die Einsparung: Innerhalb von 20 % bleibt sie stets gleich."
    tornado_table = "Die Eingaben mit dem größten Einfluss auf die Einsparung"

    def tornado_columns(self, years: str) -> tuple[str, ...]:
        return ("Eingabe", "Von", "Bis", "Bereich", f"Einsparung am unteren Ende ({years})", "Am oberen Ende")

    stated = "wie angegeben"
    tried = "20 % angesetzt"
    tornado = "Einsparung an den Enden jeder Eingabe"
    tornado_caption = (
        "Jede Eingabe für sich, die übrigen wie angegeben. Die Linie ist die Einsparung bei den angegebenen Werten."
    )
    at_low = "am unteren Ende"
    at_high = "am oberen Ende"
    as_stated = "wie angegeben"

    def tornado_y(self, currency: str) -> str:
        return f"Einsparung in {currency}"

    def tornado_alternative(self, bars: str) -> str:
        return f"Balkendiagramm der Einsparung, wenn sich eine Eingabe ändert. {bars}."

    def bar(self, name: str, low: str, high: str) -> str:
        return f"{name}: {low} bis {high}"

    inputs_table = "Alle Eingaben der Kostenrechnung"
    inputs_columns = ("Eingabe", "Wert", "Von", "Bis", "Herkunft", "Quelle", "Datum")
    inputs_note = (
        "Ein Ergebnis hat die schwächste Herkunft seiner Eingaben: gemessen, laut Quelle, modelliert, angenommen. "
        "Preisangaben, die älter als 90 Tage sind, sind gekennzeichnet."
    )

    def stale(self, date: str) -> str:
        return f"{date}, älter als 90 Tage"

    inputs: Mapping[str, str] = {
        "hours_per_month": "Stunden eines Monats",
        "discount_rate": "Zinssatz im Jahr",
        "engagement.one_time_usd": "Projekt, einmalig, {currency}",
        "engagement.monthly_usd": "Betreuung, {currency} im Monat",
        "load.requests_per_day": "Anfragen am Tag",
        "load.input_tokens": "Eingabetoken je Anfrage",
        "load.output_tokens": "Ausgabetoken je Anfrage",
        "load.peak_factor": "Spitzenstunde im Verhältnis zum Mittel",
        "load.growth_per_year": "Wachstum der Last im Jahr",
        "site.usd_per_kwh": "Strom, {currency}/kWh",
        "site.pue": "Energie des Gebäudes je Energie der Maschinen",
        "site.load": "Anteil der Nennleistung, den Maschinen aufnehmen",
        "site.staff_usd_per_year": "Personal, {currency} im Jahr",
        "currency.per_usd": "Wechselkurs, je USD",
    }
    inputs_of_variants: Mapping[str, str] = {
        "goodput_tokens_per_s": "nutzbare Ausgabetoken/s einer Maschine",
        "hourly_usd": "Miete, {currency}/h",
        "purchase_usd": "Kaufpreis, {currency}",
        "resale_share": "Wiederverkauf, Anteil am Preis",
        "watts": "Leistungsaufnahme, W",
        "machines": "Maschinen",
        "input_usd_per_mtok": "{currency} je Million Eingabetoken",
        "output_usd_per_mtok": "{currency} je Million Ausgabetoken",
    }

    measured_machine = "Gemessene Maschine"

    def input_of(self, variant: str, what: str) -> str:
        return f"{variant}: {what}"

    calendar = "Kalender: 8.760 Stunden im Jahr"
    in_recipe = "Rezept"
    not_stated = "nicht angegeben"
    no_peak = "keine Spitze angegeben"
    day_curve = "Tagesverlauf"
    benchmark_prompts = "Prompts des Benchmarks, weil das Rezept keine Angabe enthält"

    def highest(self, arm: str, concurrency: str, tokens: str) -> str:
        return f"höchster Durchsatz ({arm}) bei {concurrency} Anfragen zu {tokens} Token; kein Service-Level vereinbart"

    def goodput(self, arm: str, concurrency: str, tokens: str) -> str:
        return f"{arm} im Service-Level, bei {concurrency} Anfragen zu {tokens} Token"

    def tokens(self, inputs: str, outputs: str) -> str:
        return f"{inputs} + {outputs}"

    def planned(self, concurrency: str) -> str:
        return f"geplant bei {concurrency} Anfragen in Bearbeitung"

    old_prices = "Eine Preisangabe ist älter als 90 Tage: In den Eingaben der Kostenrechnung ist sie gekennzeichnet."
    api_limit = "Ob eine bezahlte API so gut antwortet wie dieses Modell, wurde nicht gemessen."
    planned_limit = "Die Geschwindigkeit nicht gemessener Optionen ist geplant, innerhalb der Bandbreite des Plans."
