"""Why a load must not be used, and what could not be checked of it, in German."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.validity import ValiditySentences


class GermanValiditySentences(ValiditySentences):
    """Conditions of the honesty gate, and one phrase per way in which a load fails them."""

    conditions: Mapping[str, str] = {
        "every request answered": "jede Anfrage beantwortet",
        "answers of the length asked for": "Antworten in der geforderten Länge",
        "token counts of client and engine": "Tokenzahlen von Client und Engine",
        "no prompts from the prefix cache": "keine Prompts aus dem Präfix-Cache",
        "concurrency as asked for": "Parallelität wie gefordert",
        "requests came at the rate asked for": "Anfragen in der geforderten Rate",
        "client below its limits": "Client unter seinen Grenzen",
        "nobody else on the machine": "niemand sonst auf der Maschine",
        "healthy machine": "Maschine in Ordnung",
    }

    def not_all_sent(self, *, sent: str, asked: str) -> str:
        return f"{sent} von {asked} Anfragen wurden gesendet"

    def requests_failed(self, error: Sequence[str], *, failed: str, sent: str) -> str:
        return f"{failed} von {sent} Anfragen schlugen fehl: {''.join(error)}"

    def turns_too_early(self, *, early: str, turns: str) -> str:
        return f"{early} von {turns} Gesprächsschritten wurden gesendet, bevor der vorige beantwortet war"

    def no_reason_given(self) -> str:
        return "es wurde kein Grund angegeben"

    def no_stream_of_tokens(self) -> str:
        return (
            "was ankam, war kein Tokenstrom wie bei OpenAI; die Adresse prüfen und was der Server in seinem Log meldet"
        )

    def connection_dropped(self, *, error: str) -> str:
        return (
            f"{error} (ein Server, der offen gehaltene Verbindungen abbricht, braucht den Header `Connection: close`)"
        )

    def answers_too_short(self, *, short: str, answered: str) -> str:
        return (
            f"{short} von {answered} Antworten endeten vor der geforderten Länge (ein Server, der ignore_eos nicht "
            f"kennt, braucht natürliche Längen)"
        )

    def answers_too_long(self, *, long: str, answered: str) -> str:
        return f"{long} von {answered} Antworten zählen mehr Token als gefordert"

    def pieces_beyond_tokens(self, *, answers: str, answered: str) -> str:
        return f"{answers} von {answered} Antworten haben mehr Teilstücke als Token"

    def counters_lost(self) -> str:
        return "die Zähler des Servers ließen sich nach der Last nicht mehr lesen"

    def counters_anew(self) -> str:
        return "die Zähler der Engine begannen von vorn: Sie wurde während der Last neu gestartet"

    def output_tokens_differ(self, *, client: str, engine: str) -> str:
        return f"der Client zählt {client} Ausgabetoken, die Engine {engine}"

    def prompt_tokens_differ(self, *, client: str, engine: str) -> str:
        return f"der Client zählt {client} Prompt-Token, die Engine {engine}"

    def no_counters(self) -> str:
        return "der Server bietet keine Zähler"

    def cached_prompts(self, *, share: str) -> str:
        return f"{share} der Prompt-Token kamen aus dem Präfix-Cache"

    def cached_beyond_history(self, *, share: str, history: str) -> str:
        return f"{self.cached_prompts(share=share)}, und nur {history} sind, was Gespräche zuvor gesendet hatten"

    def no_cache_counters(self) -> str:
        return "der Server zählt sie nicht"

    def too_few_under_way(self, build_up: Sequence[str], *, most: str, asked: str) -> str:
        return f"höchstens {most} von {asked} Anfragen waren gleichzeitig in Bearbeitung{''.join(build_up)}"

    def built_up_slowly(self, *, connections: str) -> str:
        return (
            f"; aufgebaut wurde mit {connections} neuen Verbindungen je Sekunde: mehr Anfragen senden oder diese Rate "
            f"erhöhen (--connections-per-second)"
        )

    def too_few_in_engine(self, *, most: str, asked: str) -> str:
        return f"die Engine hatte nie mehr als {most} von {asked} Anfragen"

    def came_late(self, *, seen: str, asked: str) -> str:
        return f"Anfragen kamen mit {seen} je Sekunde statt mit {asked}"

    def no_rate(self) -> str:
        return "eine einzelne Anfrage hat keine Rate"

    def not_calibrated(self) -> str:
        return "der Client ist nicht kalibriert; die Maschine war zu beschäftigt"

    def above_ceiling(self, *, rate: str, ceiling: str) -> str:
        return (
            f"{rate} Token/s liegen über den {ceiling}, die der Client auf dieser Maschine richtig misst (`bench "
            f"--calibrate --force` bestimmt sie neu)"
        )

    def client_busy(self, *, share: str) -> str:
        return f"der Client selbst beanspruchte {share} der Prozessoren"

    def server_not_found(self) -> str:
        return "die Prozesse des Servers auf dieser Maschine sind nicht auffindbar"

    def run_too_short(self) -> str:
        return "der Lauf ist zu kurz"

    def others_busy(self, *, share: str) -> str:
        return (
            f"andere Prozesse beanspruchten {share} der Prozessoren dieser Maschine; sie beenden oder messen, wenn sie "
            f"fertig sind"
        )

    def health_unread(self) -> str:
        return "ihr Zustand wurde nicht gelesen"

    def too_few_descriptors(self, *, connections: str, needed: str, limit: str) -> str:
        return (
            f"{connections} Verbindungen brauchen {needed} Dateideskriptoren, die Grenze liegt hier bei {limit}; sie "
            f"ist zu erhöhen (`ulimit -Hn` oder LimitNOFILE des Dienstes)"
        )

    def too_few_ports(self, *, connections: str, ports: str) -> str:
        return (
            f"{connections} Verbindungen brauchen ebenso viele lokale Ports, vorhanden sind {ports}; der Bereich ist "
            f"zu erweitern (`sysctl net.ipv4.ip_local_port_range='1024 65535'`)"
        )

    def no_whole_answer(self, *, patience: str) -> str:
        return f"keine Antwort war innerhalb von {patience} s vollständig (--patience)"

    def lighter_load_endless(self) -> str:
        return "nicht gemessen, weil eine leichtere Last nicht endete"

    def may_be_cached(self) -> str:
        return (
            "eine frühere Last enthielt einen Teil der Prompts, und der Server hat keine Zähler, die zeigen würden, ob "
            "er aus einem Cache antwortete; mehr Prompts angeben"
        )

    def soak_too_short(self, *, requests: str) -> str:
        return f"{requests} gleichzeitige Anfragen hielten nicht über die ersten hinaus an; mehr Minuten fordern"

    def sizing_unanswered(self) -> str:
        return "keine Anfrage der Last, nach der sich der Dauerlasttest richtet, wurde beantwortet"
