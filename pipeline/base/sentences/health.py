"""What checks of GPUs, processors and memory found, and what to do."""

from collections.abc import Mapping, Sequence


class HealthSentences:
    """Names of checks, findings and remedies; what drivers say themselves is shown as it is."""

    health_names: Mapping[str, str] = {
        "presence": "presence",
        "recovery action": "recovery action",
        "clocks": "clocks",
        "temperature": "temperature",
        "power limit": "power limit",
        "memory errors": "memory errors",
        "row remapping": "row remapping",
        "PCIe link": "PCIe link",
        "NVSwitch fabric": "NVSwitch fabric",
        "NVLink": "NVLink",
        "errors announced": "errors announced",
        "other processes": "other processes",
        "free memory": "free memory",
        "mode": "mode",
        "driver": "driver",
        "steal time": "steal time",
        "memory": "memory",
        "swap": "swap",
        "processor quota": "processor quota",
    }
    """By the name that records keep."""

    def health_name(self, name: str) -> str:
        """Return how a check is called."""
        return self.health_names.get(name, name)

    def unhealthy(self, found: Sequence[str], *, subject: str, check: str) -> str:
        return f"{subject}, {self.health_name(check)}: {''.join(found)}"

    def remedies(self, remedies: Sequence[str]) -> str:
        return " ".join(remedies)

    def not_reported(self) -> str:
        return "not reported"

    def none_found(self) -> str:
        return "none"

    clock_reasons: Mapping[str, str] = {
        "gpu_idle": "idle",
        "applications_clocks_setting": "clocks are set by a user",
        "sw_power_cap": "at the power limit, as usual at full load",
        "hw_slowdown": "slowed down by the hardware",
        "sync_boost": "clocks are tied to another GPU's",
        "sw_thermal_slowdown": "slowed down by the driver because of heat",
        "hw_thermal_slowdown": "slowed down by the hardware because of heat",
        "hw_power_brake": "slowed down from outside by the power brake",
        "display_clock_setting": "clocks are set by a display",
    }
    """Why a clock is not higher, by NVIDIA's name."""

    def held_back(self, *, reason: str) -> str:
        return self.clock_reasons.get(reason, reason)

    def held_back_for(self, *, reason: str, share: str) -> str:
        return f"{self.held_back(reason=reason)} in {share} of the time"

    def not_held_back(self) -> str:
        return "not held back"

    def cool_down(self) -> str:
        return "Look at airflow, fans and the room's temperature, and let the GPU cool down."

    def look_at_power(self) -> str:
        return "Look at power supply and cables, and at what the server's power management asks for."

    def reset_clocks(self) -> str:
        return "Reset them with `nvidia-smi --reset-gpu-clocks`."

    def undo_sync_boost(self) -> str:
        return "Undo the sync boost group."

    def without_display(self) -> str:
        return "Measure without a display."

    xids: Mapping[str, str] = {
        "13": "exception of a kernel",
        "31": "memory access by a kernel that is not allowed",
        "43": "a process stopped working on the GPU",
        "45": "a process was removed from the GPU",
        "48": "memory error that cannot be corrected",
        "61": "microcontroller breakpoint",
        "62": "microcontroller halted",
        "63": "memory row remapped; in force after a reset",
        "64": "memory row could not be remapped",
        "69": "exception of the graphics engine",
        "74": "NVLink error",
        "79": "the GPU has fallen off the bus",
        "92": "many corrected memory errors",
        "94": "memory error, contained in one application",
        "95": "memory error that was not contained",
        "109": "context switch timed out",
        "119": "the GPU's system processor (GSP) does not answer",
        "120": "error of the GPU's system processor (GSP)",
        "140": "memory error that was not recovered",
        "143": "the GPU could not be initialized",
        "149": "NVLink error",
        "154": "the driver asks for a recovery action",
    }
    """What NVIDIA's critical errors mean."""

    def xid(self, *, number: str) -> str:
        """Return what a number means: `XID 79 (the GPU has fallen off the bus)`."""
        return f"XID {number} ({self.xids[number]})" if number in self.xids else f"XID {number}"

    def start_again(self) -> str:
        return "Look into the engine's log and start it again; with another error each time, look at the GPU."

    def reset_it(self) -> str:
        return "Stop what runs on it and reset it (`nvidia-smi --gpu-reset -i N`), or restart the machine."

    def check_hardware(self) -> str:
        return "Restart the machine; if it comes back, look at seating, power and cooling, and have the GPU replaced."

    def update_driver(self) -> str:
        return "Restart the machine; if it comes back, install another version of the driver."

    def follow_driver(self) -> str:
        return "Do what the driver asks for: `nvidia-smi -q` names the recovery action."

    def look_up_xid(self, *, number: str) -> str:
        return f"Look up XID {number} in NVIDIA's catalogue of XID errors."

    def look_at_dmesg(self) -> str:
        return "Look at `dmesg`."

    def lost(self, xid: Sequence[str]) -> str:
        return f"it does not answer: {''.join(xid)}"

    def answers(self) -> str:
        return "it answers"

    def no_library(self) -> str:
        return "no GPU answers through the driver's library (NVML), so that nothing is known of its health"

    def install_library(self) -> str:
        return "Install `libnvidia-ml.so.1` of the driver, and look whether CUDA_VISIBLE_DEVICES names a GPU."

    def no_recovery(self) -> str:
        return "none asked for"

    def recovery(self, *, action: str) -> str:
        return f"the driver asks for: {action}"

    def recover_first(self) -> str:
        return "Do that before the GPU is used."

    def degrees(self, *, degrees: str) -> str:
        return f"{degrees} °C"

    def degrees_at_most(self, *, degrees: str) -> str:
        return f"at most {degrees} °C"

    def degrees_of(self, *, degrees: str, critical: str) -> str:
        return f"at most {degrees} °C of {critical} °C"

    def with_margin(self, degrees_and_margin: Sequence[str]) -> str:
        return ", ".join(degrees_and_margin)

    def margin_unknown(self) -> str:
        return "its distance from the limit is not reported"

    def at_limit(self) -> str:
        return "at the limit where clocks are lowered"

    def below_limit(self, *, degrees: str) -> str:
        return f"{degrees} °C below the limit"

    def look_at_airflow(self) -> str:
        return "Look at airflow, fans and the room's temperature."

    def watts_of_default(self, *, watts: str, default: str) -> str:
        return f"{watts} W of {default} W by default"

    def raise_limit(self, *, gpu: str, watts: str) -> str:
        return f"Raise it with `nvidia-smi -i {gpu} -pl {watts}`, or tell it with the figures."

    def uncorrected_since_reset(self, *, errors: str) -> str:
        return f"{errors} that could not be corrected since the reset"

    def corrected_since_reset(self, *, errors: str) -> str:
        return f"none uncorrected, {errors} corrected since the reset"

    def more_uncorrected(self, *, errors: str) -> str:
        return f"{errors} more that could not be corrected"

    def more_corrected(self, *, errors: str) -> str:
        return f"{errors} more were corrected"

    def reset_gpu(self) -> str:
        return "Reset the GPU (`nvidia-smi --gpu-reset -i N`)."

    def watch_counter(self) -> str:
        return "Watch the counter; have the GPU looked at."

    def row_not_replaced(self) -> str:
        return "a defective memory row could not be replaced"

    def row_pending(self) -> str:
        return "a defective memory row is replaced at the next reset"

    def rows_replaced(self, *, rows: str) -> str:
        return f"{rows} rows replaced"

    def replace_gpu(self) -> str:
        return "Have the GPU replaced."

    def lanes(self, *, width: str, most: str) -> str:
        return f"x{width} of x{most}"

    def lanes_with_replays(self, lanes: Sequence[str], *, packets: str) -> str:
        return f"{''.join(lanes)}, {packets} packets sent again"

    def look_at_slot(self) -> str:
        return "Look at the seating of the card, the riser and the slot's settings."

    def look_at_seating(self) -> str:
        return "Look at the card's seating."

    def registered(self) -> str:
        return "registered"

    def registration(self, *, state: str) -> str:
        return f"registration {state}"

    def look_at_fabric_manager(self) -> str:
        return "Look at the service nvidia-fabricmanager."

    def link_errors(self, *, errors: str) -> str:
        return f"{errors} more errors on the links"

    def no_link_errors(self) -> str:
        return "no more errors"

    def look_at_links(self) -> str:
        return "Look at `nvidia-smi nvlink -e`."

    def hidden_processes(self, *, processes: str) -> str:
        return f"{processes} of another PID namespace; whose they are cannot be told"

    def processes(self, processes: Sequence[str]) -> str:
        return ", ".join(processes)

    def process(self, memory_and_busy: Sequence[str], *, name: str, pid: str) -> str:
        return ", ".join([f"{name or 'process'} {pid}", *memory_and_busy])

    def gib(self, *, gib: str) -> str:
        return f"{gib} GiB"

    def busy(self, *, percent: str) -> str:
        return f"{percent} % busy"

    def idle_processes(self, processes: Sequence[str]) -> str:
        return f"{''.join(processes)}, which computed nothing"

    def other_gpus(self) -> str:
        return "Measure when it is done, stop it, or choose other GPUs with CUDA_VISIBLE_DEVICES."

    def stop_or_other_gpus(self) -> str:
        return "Stop it, measure when it is done, or choose other GPUs with CUDA_VISIBLE_DEVICES."

    def measure_without(self) -> str:
        return "Measure without it, to be sure."

    def free_of(self, *, free: str, total: str) -> str:
        return f"{free} of {total} GiB"

    def too_little_free(self, *, free: str, total: str, share: str) -> str:
        return f"{free} of {total} GiB; engine.gpu_memory_utilization={share} asks for more"

    def take_less(self, *, share: str) -> str:
        return f"Stop what runs on it, or set engine.gpu_memory_utilization to less than {share}."

    def prohibited(self) -> str:
        return "computing on it is prohibited"

    def allow(self, *, gpu: str) -> str:
        return f"Allow it with `nvidia-smi -i {gpu} -c DEFAULT`."

    def mig(self) -> str:
        return "divided into instances (MIG)"

    def tell_instance(self) -> str:
        return "Tell it with the figures: they are an instance's."

    def ecc_changes(self) -> str:
        return "ECC changes with the next reset"

    def modes(self, modes: Sequence[str]) -> str:
        return ", ".join(modes)

    def mode_unknown(self) -> str:
        return "compute mode unknown"

    def ecc_on(self) -> str:
        return "ECC on"

    def ecc_off(self) -> str:
        return "ECC off"

    def persistence_on(self) -> str:
        return "persistence on"

    def persistence_off(self) -> str:
        return "persistence off"

    def driver(self, *, version: str, cuda: str) -> str:
        return f"{version or 'version unknown'}, CUDA {cuda}"

    def needs_cuda(self, *, cuda: str) -> str:
        return f"The engines that are installed by default need CUDA {cuda}: update it."

    def others_take(self, *, share: str) -> str:
        return f"they take {share} of the processors"

    def measure_later(self) -> str:
        return "They slow down what is measured or served here: wait until they are done, or stop them."

    def hypervisor_takes(self, *, share: str) -> str:
        return f"the hypervisor takes {share}"

    def unshared_machine(self) -> str:
        return "Measure on a machine whose processors are not shared."

    def available_of(self, *, least: str, total: str) -> str:
        return f"{least} of {total} GiB available"

    def stop_others(self) -> str:
        return "Stop other programs, or use a smaller model or KV cache."

    def swapped(self, *, mib: str) -> str:
        return f"{mib} MiB moved"

    def nothing_swapped(self) -> str:
        return "nothing moved"

    def free_memory_first(self) -> str:
        return "Free memory: figures are those of the disk otherwise."

    def waited_for_quota(self, *, share: str) -> str:
        return f"the control group waited for its quota in {share} of the time"

    def raise_quota(self) -> str:
        return "Raise the container's limit, or tell it with the figures."

    def quota_kept(self) -> str:
        return "not waited for"
