"""What the alarm on token probabilities says in German where it is raised."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.alarm import FOREIGN, PACKAGED, AlarmSentences


class GermanAlarmSentences(AlarmSentences):
    """The sentence of the gate, and how the packaged texts are called."""

    held_out_texts: Mapping[str, str] = {
        PACKAGED: "Module der Standardbibliothek von Python (mitgeliefert)",
        FOREIGN: "Module der Standardbibliothek von Python (mitgeliefert; nicht das Fachgebiet dieses Rezepts)",
    }

    def broken_weights(
        self,
        notes: Sequence[str],
        *,
        arm: str,
        tokens: str,
        text: str,
        nats: str,
        max_nats: str,
        agreement: str,
        least: str,
    ) -> str:
        rounding, foreign = notes
        return (
            f"Die Gewichte der Variante '{arm}' sind sehr wahrscheinlich defekt: Über {tokens} Token des Textes "
            f"'{self.held_out(text)}' beträgt die mittlere KL-Divergenz zur Baseline {nats} nat je Token (Alarm über "
            f"{max_nats}{rounding}), und {agreement} der Positionen stimmen beim wahrscheinlichsten Token überein, "
            f"soweit es um mehr als das Rauschen vorn liegt (Alarm unter {least}).{foreign} Erneut quantisieren, "
            f"gegebenenfalls mit dem anderen quantize.backend; ist ein so großer Verlust beabsichtigt, "
            f"eval.alarm.stop=false setzen."
        )

    def of_plain_rounding(self, *, arm: str, nats: str, times: str) -> str:
        return f"; einfache Rundung ({arm}) liegt bei {nats}, Alarm ab dem {times}-Fachen davon"

    def own_domain_first(self) -> str:
        return " Zuerst mit einem Text aus dem Fachgebiet des Modells prüfen (eval.alarm.text)."
