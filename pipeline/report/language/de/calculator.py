"""What the page says in German around the figures that it computes again from a reader's own inputs."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.calculator import Calculator


class GermanCalculator(GermanWords, Calculator):
    """As `CalculatorLabels` of the document has them; `{…}` is filled in by the page."""

    title = "Mit eigenen Eingaben rechnen"
    static = "Beträge in {currency}, mit den Eingaben dieses Berichts."
    invitation = (
        "Wird eine Eingabe geändert, berechnen sich die Tabellen und das Diagramm darunter neu, auf dieser Seite und "
        "ohne Verbindung nach außen. Der Bericht selbst bleibt, wie er ist; gedruckt werden nur seine eigenen Werte."
    )
    groups: Mapping[str, str] = {
        "load": "Last",
        "prices": "Preise",
        "engagement": "Projekt",
        "term": "Zeitraum",
    }
    inputs: Mapping[str, str] = {
        "load.requests_per_day": "Anfragen am Tag",
        "load.input_tokens": "Eingabetoken je Anfrage",
        "load.output_tokens": "Ausgabetoken je Anfrage",
        "load.peak_factor": "Spitze im Verhältnis zum Mittel",
        "load.growth_per_year": "Wachstum im Jahr, %",
        "hourly_usd": "{variant}: Miete je GPU und Stunde, {currency}",
        "purchase_usd": "{variant}: Kauf je GPU, {currency}",
        "input_usd_per_mtok": "{variant}: je Million Eingabetoken, {currency}",
        "output_usd_per_mtok": "{variant}: je Million Ausgabetoken, {currency}",
        "site.usd_per_kwh": "Strom je kWh, {currency}",
        "site.staff_usd_per_year": "Personal im Jahr, {currency}",
        "engagement.one_time_usd": "Einmaliger Preis, {currency}",
        "engagement.monthly_usd": "Monatlicher Preis, {currency}",
        "discount_rate": "Zinssatz im Jahr, %",
        "years": "Geplante Jahre",
    }
    tenures: Mapping[str, str] = {
        "rented": "gemietet",
        "bought": "gekauft",
        "paid per token": "je Token bezahlt",
    }
    options = "Optionen für den Betrieb"
    options_columns: Mapping[str, str] = {
        "name": "Option",
        "machines": "Maschinen",
        "idle_share": "Leerlauf, %",
        "monthly": "Im Monat",
        "yearly": "Erstes Jahr",
        "total": "Alle Jahre",
        "present_value": "Barwert",
        "per_mtok": "Je Million Ausgabetoken",
    }
    options_note = (
        "Maschinen, Leerlauf, Monat, Jahr und Kosten je Million Token gelten für das erste Jahr. Der einmalige "
        "Projektpreis ist in allen Jahren und im Barwert enthalten."
    )
    stated_note = "Wo die Anzahl der Maschinen vorgegeben ist, bleibt sie bei jeder Last wie angegeben: {options}."
    pairs = "Einsparung gegenüber einer Referenz"
    pairs_columns: Mapping[str, str] = {
        "name": "Option, gegenüber",
        "saving_per_month": "Einsparung im Monat",
        "saving_per_year": "Einsparung im ersten Jahr",
        "saving_total": "Einsparung in allen Jahren",
        "net_present_value": "Kapitalwert",
        "payback_months": "Amortisation, Monate",
        "break_even_requests_per_day": "Gewinnschwelle, Anfragen am Tag",
    }
    pairs_note = (
        "Unter null kostet die Option mehr als ihre Referenz. Die Amortisation wird innerhalb von zehn Jahren gesucht."
    )
    against = "{option}, gegenüber {reference}"
    no_payback = "keine"
    no_break_even = "keine"
    chart = "Kosten je Million Ausgabetoken in Abhängigkeit von der Last"
    chart_x = "Anfragen am Tag"
    chart_y = "{currency} je Million Ausgabetoken, logarithmisch"
    chart_alternative = "Eine Linie je Option; dieselben Werte stehen in der Tabelle unter dem Diagramm."
    chart_figures = "Werte des Diagramms"
    reset = "Zurück zu den Eingaben des Berichts"
    yours = "mit eigenen Eingaben modelliert"
    reported = "Bericht"
    unchanged = "Alle Werte hier sind die des Berichts."
    changed = "Mit eigenen Eingaben modelliert, nicht die Werte des Berichts. Geändert: {inputs}."
    change = "{input} von {before} auf {after}"
    invalid = "Die Werte gelten für die letzten gültigen Eingaben. Zu berichtigen: {inputs}."
    not_a_number = "Eine Zahl wie {example} eingeben, mit höchstens sechs Nachkommastellen."
    not_whole = "Eine ganze Zahl eingeben."
    out_of_bounds = "Eine Zahl von {low} bis {high} eingeben."
    failed = (
        "Mit diesen Eingaben lässt sich nicht rechnen; die Werte gelten für die letzten Eingaben, mit denen es ging."
    )
    group = "."
    point = ","
    minus = "\N{MINUS SIGN}"
