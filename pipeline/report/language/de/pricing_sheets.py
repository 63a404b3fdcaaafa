"""The sheets of the workbook that compute what a load costs, in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.pricing_sheets import PricingSheets


class GermanPricingSheets(GermanWords, PricingSheets):
    """Headings, units and notes of the inputs, of the costs and of the steps between them."""

    inputs_sheet = "Eingaben"
    roi_sheet = "Rendite"
    years_sheet = "Jahre"
    payback_sheet = "Amortisation"
    break_even_sheet = "Gewinnschwelle"

    inputs_title = "Eingaben: Die umrahmten Zellen ändern, alle folgenden Blätter rechnen mit"
    inputs_columns = ("Eingabe", "Bedeutung", "Wert", "Einheit", "Herkunft", "Quelle", "Datum", "Wert des Berichts")
    inputs_note = (
        "Die Herkunft gibt an, woher die Werte des Berichts stammen. Ein geänderter Wert ist ein eigener: Er ist fett, "
        "bis er wieder dem des Berichts gleicht. Wo eine Eingabe ein Bereich ist, rechnet die Arbeitsmappe mit ihrem "
        "Wert; was der Bereich für die Ergebnisse bedeutet, steht im Bericht."
    )
    input_refused = "Kein möglicher Wert"
    at_least_zero = "Eine Zahl eingeben, die nicht unter 0 liegt."
    above_zero = "Eine Zahl über 0 eingeben."
    above_minus_one = "Eine Zahl über -1 eingeben: -0,2 ist eine Last, die jedes Jahr um ein Fünftel sinkt."
    whole_from_one = "Eine ganze Zahl eingeben, 1 oder mehr."
    whole_from_zero = "Eine ganze Zahl eingeben, 0 oder mehr."
    share = "Einen Anteil zwischen 0 und 1 eingeben."
    stated_here = "dieser Bericht"

    gpus = "GPUs einer Maschine"
    spares = "Reservemaschinen"
    life_years = "Jahre, bis eine gekaufte Maschine ersetzt wird"
    meanings: Mapping[str, tuple[str, str]] = {
        "hours_per_month": ("Stunden eines Monats", "Stunden"),
        "discount_rate": ("Zinssatz im Jahr", "Anteil je Jahr"),
        "requests_per_day": ("Anfragen an einem mittleren Tag des ersten Jahres", "Anfragen/Tag"),
        "input_tokens": ("Eingabetoken einer Anfrage", "Token"),
        "output_tokens": ("Ausgabetoken einer Anfrage", "Token"),
        "peak_factor": ("Spitzenstunde im Verhältnis zum Mittel des Tages", "Faktor"),
        "growth_per_year": ("Wachstum der Last", "Anteil je Jahr"),
        "staff_usd_per_year": ("Personal, wo es Maschinen gibt", "USD/Jahr"),
        "usd_per_kwh": ("Strompreis", "USD je kWh"),
        "pue": ("Energie des Gebäudes im Verhältnis zu der der Maschinen (PUE)", "Faktor"),
        "load": ("Mittlere Leistungsaufnahme einer GPU im Verhältnis zur Nennleistung", "Anteil"),
        "one_time_usd": ("Projekt, einmalig", "US-Dollar"),
        "monthly_usd": ("Projekt, monatliche Betreuung", "USD/Monat"),
        "per_usd": ("Einheiten der ausgewiesenen Währung für einen US-Dollar", "je USD"),
        "hourly_usd": ("Miete einer GPU", "USD/Stunde"),
        "goodput_tokens_per_s": ("Ausgabetoken einer Maschine im Service-Level", "Token/s"),
        "machines": ("Maschinen, wie angegeben", "Maschinen"),
        "purchase_usd": ("Preis einer GPU mit ihrem Anteil am Server", "US-Dollar"),
        "resale_share": ("Anteil des Preises, der beim Ersatz übrig ist", "Anteil"),
        "watts": ("Nennleistung einer GPU", "W"),
        "input_usd_per_mtok": ("Preis einer Million Eingabetoken", "US-Dollar"),
        "output_usd_per_mtok": ("Preis einer Million Ausgabetoken", "US-Dollar"),
    }

    roi_title = "Kosten und Einsparungen: Formeln der Eingaben"
    amounts_note = "Beträge in US-Dollar. Jeder Wert ist eine Formel: Wird eine Eingabe geändert, rechnet er mit."

    def planned(self, years: str) -> str:
        """Return over how many years totals run."""
        return f"Geplante Jahre: {years}. Summen, Barwerte und Einsparungen erstrecken sich über alle."

    options_title = "Optionen für den Betrieb"
    options_columns: Mapping[str, str] = {
        "option": "Option",
        "machines": "Maschinen, erstes Jahr",
        "idle": "Leerlauf, erstes Jahr",
        "monthly": "Kosten im Monat, erstes Jahr",
        "yearly": "Kosten, erstes Jahr",
        "total": "Summe aller Jahre",
        "present_value": "Barwert",
        "per_mtok": "Je Million Ausgabetoken",
        "origin": "Herkunft",
    }
    options_note = (
        "Herkunft: die schwächste der Eingaben, von denen eine Zeile abhängt. Die Summe enthält den einmaligen "
        "Projektpreis."
    )
    pairs_title = "Einsparungen"
    pairs_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Gegenüber",
        "month": "Einsparung im Monat, erstes Jahr",
        "year": "Einsparung, erstes Jahr",
        "total": "Einsparung aller Jahre",
        "net_present_value": "Kapitalwert",
        "payback": "Amortisation, Monate",
        "even": "Gewinnschwelle, Anfragen/Tag",
        "origin": "Herkunft",
    }
    pairs_note = (
        "Eine negative Einsparung ist ein Verlust. Gewinnschwelle: die erste Last des ersten Jahres, ohne Wachstum, ab "
        "der die Option weniger kostet als ihre Referenz; die Maschinen werden dafür gezählt, auch wo sie "
        "vorgegeben sind."
    )
    totals_title = "Summe aller Jahre, USD"
    totals_alternative = "Was jede Option über alle Jahre kostet, wie in der ersten Tabelle."
    load_title = "Last jedes Jahres"
    load_columns: Mapping[str, str] = {
        "year": "Jahr",
        "requests": "Anfragen/Tag",
        "average": "Ausgabetoken/s, Mittel",
        "peak": "Ausgabetoken/s, Spitze",
        "input_mtok": "Millionen Eingabetoken/Monat",
        "output_mtok": "Millionen Ausgabetoken/Monat",
    }

    def in_currency(self, title: str, currency: str) -> str:
        """Return the title of a table whose amounts are shown in another currency."""
        return f"{title}, in {currency}"

    years_title = "Jedes Jahr jeder Option, in US-Dollar"
    years_columns: Mapping[str, str] = {
        "option": "Option",
        "year": "Jahr",
        "machines": "Maschinen",
        "rent": "Miete",
        "depreciation": "Abschreibung",
        "energy": "Energie",
        "cooling": "Kühlung",
        "staff": "Personal",
        "fees": "API-Gebühren",
        "support": "Betreuung",
        "paid": "Im Jahr bezahlt",
        "cost": "Kosten des Jahres",
        "added": "Neue Maschinen",
        "outlay": "Zu Beginn bezahlt",
        "left": "Am Ende übrig",
        "present_value": "Barwert",
    }
    years_note = (
        "Maschinen: Spitze geteilt durch das, was eine Maschine bedient, aufgerundet, zuzüglich Reserve; gekaufte "
        "bleiben, wenn die Last sinkt. Der Quotient wird vor dem Aufrunden auf neun Nachkommastellen gerundet, damit "
        "eine Spitze, die genau n Maschinen entspricht, n Maschinen ergibt, was auch die letzte Binärstelle sei. "
        "Abschreibung: Preis abzüglich Restwert in gleichen Teilen über die Nutzungsdauer. Zu Beginn bezahlt: Käufe, "
        "Ersatz abzüglich Wiederverkauf und das Projekt. Am Ende übrig: was Käufe nach dem letzten Jahr noch wert sind."
    )

    payback_title = "Amortisation jedes Vergleichs, Jahr für Jahr, in US-Dollar"
    payback_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Gegenüber",
        "year": "Jahr",
        "balance": "Saldo nach Käufen",
        "saved": "Einsparung im Jahr",
        "after": "Saldo am Ende",
        "months": "Amortisiert nach Monaten",
    }
    payback_note = (
        "Gesucht über zehn Jahre; nach den geplanten Jahren setzt sich die Last des letzten fort. Salden gelten unter "
        "einem Millionstel Dollar als null."
    )
    no_payback = "nicht innerhalb von 10 Jahren"

    break_even_title = "Gewinnschwelle: was ein Monat des ersten Jahres in Abhängigkeit von der Last kostet"
    steps_columns: Mapping[str, str] = {
        "option": "Option",
        "fixed": "Fest, USD/Monat",
        "machine": "Je Maschine, USD/Monat",
        "carries": "Eine Maschine trägt, Anfragen/Tag",
        "request": "Je täglicher Anfrage, USD/Monat",
        "spares": "Reserve",
    }
    search_columns: Mapping[str, str] = {
        "option": "Option",
        "reference": "Gegenüber",
        "base": "Differenz vor der ersten Stufe",
        "slope": "Änderung je Stufe",
        "common": "Stufen, bis beide zugleich steigen",
        "step": "Gefunden bei Stufe",
        "load": "Knapp über Anfragen/Tag",
    }
    break_even_note = (
        "Kosten steigen in Stufen, mit jeder Maschine. Gegenüber einer API oder zwischen APIs ergibt sich die erste "
        "Last durch Division; zwischen zwei Arten von Maschinen wird jede Stufe der Referenz geprüft. Gesucht wird "
        "über die ersten 2.000 Stufen beider, zwischen APIs bis zu einer Billion Anfragen am Tag; darüber hinaus wird "
        "nichts ausgesagt."
    )
    no_step = "keine"
    at_no_load = "bei keiner Last"
    not_counted = "nicht gezählt"
    not_stated = "nicht angegeben"
