"""What checks of GPUs, processors and memory found, and what to do, in German."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.health import HealthSentences


class GermanHealthSentences(HealthSentences):
    """Names of checks, findings and remedies; what drivers say themselves is shown as it is."""

    health_names: Mapping[str, str] = {
        "presence": "Anwesenheit",
        "recovery action": "Wiederherstellung",
        "clocks": "Takt",
        "temperature": "Temperatur",
        "power limit": "Leistungsgrenze",
        "memory errors": "Speicherfehler",
        "row remapping": "Ersatz von Speicherzeilen",
        "PCIe link": "PCIe-Verbindung",
        "NVSwitch fabric": "NVSwitch-Verbund",
        "NVLink": "NVLink",
        "errors announced": "gemeldete Fehler",
        "other processes": "andere Prozesse",
        "free memory": "freier Speicher",
        "mode": "Modus",
        "driver": "Treiber",
        "steal time": "vom Hypervisor entzogene Zeit",
        "memory": "Arbeitsspeicher",
        "swap": "Auslagerung",
        "processor quota": "Prozessorkontingent",
    }

    def unhealthy(self, found: Sequence[str], *, subject: str, check: str) -> str:
        return f"{subject}, {self.health_name(check)}: {''.join(found)}"

    def remedies(self, remedies: Sequence[str]) -> str:
        return " ".join(remedies)

    def not_reported(self) -> str:
        return "nicht gemeldet"

    def none_found(self) -> str:
        return "keine"

    clock_reasons: Mapping[str, str] = {
        "gpu_idle": "ohne Last",
        "applications_clocks_setting": "der Takt ist von einem Nutzer festgelegt",
        "sw_power_cap": "an der Leistungsgrenze, wie bei voller Last üblich",
        "hw_slowdown": "von der Hardware gedrosselt",
        "sync_boost": "der Takt ist an den einer anderen GPU gekoppelt",
        "sw_thermal_slowdown": "vom Treiber wegen Wärme gedrosselt",
        "hw_thermal_slowdown": "von der Hardware wegen Wärme gedrosselt",
        "hw_power_brake": "von außen durch die Leistungsbremse gedrosselt",
        "display_clock_setting": "der Takt ist von einer Anzeige festgelegt",
    }

    def held_back_for(self, *, reason: str, share: str) -> str:
        return f"{self.held_back(reason=reason)} in {share} der Zeit"

    def not_held_back(self) -> str:
        return "nicht gedrosselt"

    def cool_down(self) -> str:
        return "Luftstrom, Lüfter und Raumtemperatur prüfen und die GPU abkühlen lassen."

    def look_at_power(self) -> str:
        return "Netzteil und Kabel prüfen, ebenso die Vorgaben der Leistungsverwaltung des Servers."

    def reset_clocks(self) -> str:
        return "Mit `nvidia-smi --reset-gpu-clocks` zurücksetzen."

    def undo_sync_boost(self) -> str:
        return "Die Sync-Boost-Gruppe auflösen."

    def without_display(self) -> str:
        return "Ohne Anzeige messen."

    xids: Mapping[str, str] = {
        "13": "Ausnahme in einem Kernel",
        "31": "unzulässiger Speicherzugriff eines Kernels",
        "43": "ein Prozess arbeitet nicht mehr auf der GPU",
        "45": "ein Prozess wurde von der GPU entfernt",
        "48": "nicht korrigierbarer Speicherfehler",
        "61": "Haltepunkt des Mikrocontrollers",
        "62": "Mikrocontroller angehalten",
        "63": "Speicherzeile ersetzt; wirksam nach einem Reset",
        "64": "Speicherzeile konnte nicht ersetzt werden",
        "69": "Ausnahme der Grafikeinheit",
        "74": "NVLink-Fehler",
        "79": "die GPU ist vom Bus verschwunden",
        "92": "viele korrigierte Speicherfehler",
        "94": "Speicherfehler, auf eine Anwendung begrenzt",
        "95": "nicht eingegrenzter Speicherfehler",
        "109": "Zeitüberschreitung beim Kontextwechsel",
        "119": "der Systemprozessor der GPU (GSP) antwortet nicht",
        "120": "Fehler des Systemprozessors der GPU (GSP)",
        "140": "nicht behobener Speicherfehler",
        "143": "die GPU ließ sich nicht initialisieren",
        "149": "NVLink-Fehler",
        "154": "der Treiber fordert eine Wiederherstellung",
    }

    def start_again(self) -> str:
        return "Das Log der Engine prüfen und sie neu starten; bei jedes Mal anderen Fehlern die GPU prüfen."

    def reset_it(self) -> str:
        return (
            "Beenden, was darauf läuft, und sie zurücksetzen (`nvidia-smi --gpu-reset -i N`) oder die Maschine neu "
            "starten."
        )

    def check_hardware(self) -> str:
        return (
            "Die Maschine neu starten; tritt es wieder auf, Sitz, Stromversorgung und Kühlung prüfen und die GPU "
            "tauschen lassen."
        )

    def update_driver(self) -> str:
        return "Die Maschine neu starten; tritt es wieder auf, eine andere Version des Treibers installieren."

    def follow_driver(self) -> str:
        return "Tun, was der Treiber fordert: `nvidia-smi -q` nennt die Wiederherstellung."

    def look_up_xid(self, *, number: str) -> str:
        return f"XID {number} im XID-Katalog von NVIDIA nachschlagen."

    def look_at_dmesg(self) -> str:
        return "`dmesg` prüfen."

    def lost(self, xid: Sequence[str]) -> str:
        return f"sie antwortet nicht: {''.join(xid)}"

    def answers(self) -> str:
        return "sie antwortet"

    def no_library(self) -> str:
        return "über die Bibliothek des Treibers (NVML) antwortet keine GPU, ihr Zustand ist daher nicht bekannt"

    def install_library(self) -> str:
        return "`libnvidia-ml.so.1` des Treibers installieren und prüfen, ob CUDA_VISIBLE_DEVICES eine GPU nennt."

    def no_recovery(self) -> str:
        return "keine gefordert"

    def recovery(self, *, action: str) -> str:
        return f"der Treiber fordert: {action}"

    def recover_first(self) -> str:
        return "Das tun, bevor die GPU genutzt wird."

    def degrees(self, *, degrees: str) -> str:
        return f"{degrees} °C"

    def degrees_at_most(self, *, degrees: str) -> str:
        return f"höchstens {degrees} °C"

    def degrees_of(self, *, degrees: str, critical: str) -> str:
        return f"höchstens {degrees} °C von {critical} °C"

    def with_margin(self, degrees_and_margin: Sequence[str]) -> str:
        return ", ".join(degrees_and_margin)

    def margin_unknown(self) -> str:
        return "der Abstand zum Grenzwert wird nicht gemeldet"

    def at_limit(self) -> str:
        return "an der Grenze, ab der der Takt gesenkt wird"

    def below_limit(self, *, degrees: str) -> str:
        return f"{degrees} °C unter dem Grenzwert"

    def look_at_airflow(self) -> str:
        return "Luftstrom, Lüfter und Raumtemperatur prüfen."

    def watts_of_default(self, *, watts: str, default: str) -> str:
        return f"{watts} W von {default} W ab Werk"

    def raise_limit(self, *, gpu: str, watts: str) -> str:
        return f"Mit `nvidia-smi -i {gpu} -pl {watts}` anheben oder zusammen mit den Werten angeben."

    def uncorrected_since_reset(self, *, errors: str) -> str:
        return f"nicht korrigierbare seit dem Reset: {errors}"

    def corrected_since_reset(self, *, errors: str) -> str:
        return f"keine nicht korrigierten, korrigierte seit dem Reset: {errors}"

    def more_uncorrected(self, *, errors: str) -> str:
        return f"nicht korrigierbare hinzugekommen: {errors}"

    def more_corrected(self, *, errors: str) -> str:
        return f"korrigierte hinzugekommen: {errors}"

    def reset_gpu(self) -> str:
        return "Die GPU zurücksetzen (`nvidia-smi --gpu-reset -i N`)."

    def watch_counter(self) -> str:
        return "Den Zähler beobachten; die GPU prüfen lassen."

    def row_not_replaced(self) -> str:
        return "eine defekte Speicherzeile konnte nicht ersetzt werden"

    def row_pending(self) -> str:
        return "eine defekte Speicherzeile wird beim nächsten Reset ersetzt"

    def rows_replaced(self, *, rows: str) -> str:
        return f"ersetzte Speicherzeilen: {rows}"

    def replace_gpu(self) -> str:
        return "Die GPU tauschen lassen."

    def lanes(self, *, width: str, most: str) -> str:
        return f"x{width} von x{most}"

    def lanes_with_replays(self, lanes: Sequence[str], *, packets: str) -> str:
        return f"{''.join(lanes)}, erneut gesendete Pakete: {packets}"

    def look_at_slot(self) -> str:
        return "Den Sitz der Karte, den Riser und die Einstellungen des Steckplatzes prüfen."

    def look_at_seating(self) -> str:
        return "Den Sitz der Karte prüfen."

    def registered(self) -> str:
        return "angemeldet"

    def registration(self, *, state: str) -> str:
        return f"Anmeldung {state}"

    def look_at_fabric_manager(self) -> str:
        return "Den Dienst nvidia-fabricmanager prüfen."

    def link_errors(self, *, errors: str) -> str:
        return f"neue Fehler auf den Verbindungen: {errors}"

    def no_link_errors(self) -> str:
        return "keine neuen Fehler"

    def look_at_links(self) -> str:
        return "`nvidia-smi nvlink -e` prüfen."

    def hidden_processes(self, *, processes: str) -> str:
        return f"{processes} aus einem anderen PID-Namensraum; wem sie gehören, ist nicht feststellbar"

    def processes(self, processes: Sequence[str]) -> str:
        return ", ".join(processes)

    def process(self, memory_and_busy: Sequence[str], *, name: str, pid: str) -> str:
        return ", ".join([f"{name or 'Prozess'} {pid}", *memory_and_busy])

    def gib(self, *, gib: str) -> str:
        return f"{gib} GiB"

    def busy(self, *, percent: str) -> str:
        return f"{percent} % ausgelastet"

    def idle_processes(self, processes: Sequence[str]) -> str:
        return f"{''.join(processes)}; gerechnet wurde nichts"

    def other_gpus(self) -> str:
        return "Messen, wenn er fertig ist, ihn beenden oder mit CUDA_VISIBLE_DEVICES andere GPUs wählen."

    def stop_or_other_gpus(self) -> str:
        return "Ihn beenden, messen, wenn er fertig ist, oder mit CUDA_VISIBLE_DEVICES andere GPUs wählen."

    def measure_without(self) -> str:
        return "Sicherheitshalber ohne ihn messen."

    def free_of(self, *, free: str, total: str) -> str:
        return f"{free} von {total} GiB"

    def too_little_free(self, *, free: str, total: str, share: str) -> str:
        return f"{free} von {total} GiB; engine.gpu_memory_utilization={share} fordert mehr"

    def take_less(self, *, share: str) -> str:
        return f"Beenden, was darauf läuft, oder engine.gpu_memory_utilization unter {share} setzen."

    def prohibited(self) -> str:
        return "Rechnen ist darauf untersagt"

    def allow(self, *, gpu: str) -> str:
        return f"Mit `nvidia-smi -i {gpu} -c DEFAULT` erlauben."

    def mig(self) -> str:
        return "in Instanzen geteilt (MIG)"

    def tell_instance(self) -> str:
        return "Zusammen mit den Werten angeben: Sie gelten für eine Instanz."

    def ecc_changes(self) -> str:
        return "ECC ändert sich mit dem nächsten Reset"

    def modes(self, modes: Sequence[str]) -> str:
        return ", ".join(modes)

    def mode_unknown(self) -> str:
        return "Rechenmodus nicht bekannt"

    def ecc_on(self) -> str:
        return "ECC an"

    def ecc_off(self) -> str:
        return "ECC aus"

    def persistence_on(self) -> str:
        return "Persistenz an"

    def persistence_off(self) -> str:
        return "Persistenz aus"

    def driver(self, *, version: str, cuda: str) -> str:
        return f"{version or 'Version nicht bekannt'}, CUDA {cuda}"

    def needs_cuda(self, *, cuda: str) -> str:
        return f"Die standardmäßig installierten Engines brauchen CUDA {cuda}: den Treiber aktualisieren."

    def others_take(self, *, share: str) -> str:
        return f"sie beanspruchen {share} der Prozessoren"

    def measure_later(self) -> str:
        return "Sie verlangsamen, was hier gemessen oder bedient wird: warten, bis sie fertig sind, oder sie anhalten."

    def hypervisor_takes(self, *, share: str) -> str:
        return f"der Hypervisor beansprucht {share}"

    def unshared_machine(self) -> str:
        return "Auf einer Maschine messen, deren Prozessoren nicht geteilt sind."

    def available_of(self, *, least: str, total: str) -> str:
        return f"{least} von {total} GiB verfügbar"

    def stop_others(self) -> str:
        return "Andere Programme beenden oder ein kleineres Modell oder einen kleineren KV-Cache verwenden."

    def swapped(self, *, mib: str) -> str:
        return f"{mib} MiB ausgelagert"

    def nothing_swapped(self) -> str:
        return "nichts ausgelagert"

    def free_memory_first(self) -> str:
        return "Speicher freigeben: Sonst sind die Werte die der Festplatte."

    def waited_for_quota(self, *, share: str) -> str:
        return f"die Kontrollgruppe wartete in {share} der Zeit auf ihr Kontingent"

    def raise_quota(self) -> str:
        return "Die Grenze des Containers anheben oder zusammen mit den Werten angeben."

    def quota_kept(self) -> str:
        return "ohne Wartezeit"
