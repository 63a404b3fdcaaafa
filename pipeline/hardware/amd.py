"""AMD's GPUs, asked of `amd-smi`, or of the older `rocm-smi`. They are recorded; no engine of ours runs on them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.hardware.gpu import Gpu
from pipeline.hardware.tools import answer_of

_MIB_OF = {"MB": 1, "GB": 1024}
"""AMD's tools count in powers of two and write the decimal units' names."""
_TOOLS_VERSION = re.compile(r"Linux ?version ?(\d[\w.-]*?)(?=\(| |$)")
"""Where the kernel brings the driver, `amd-smi` gives the kernel's whole banner with the blanks gone."""


def amd_gpus() -> tuple[Gpu, ...]:
    """Return the GPUs that AMD's tools report; empty without them."""
    return parse_amd_smi(answer_of("amd-smi", "static", "--json")) or parse_rocm_smi(
        answer_of("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--showdriverversion", "--json")
    )


def parse_amd_smi(answer: str) -> tuple[Gpu, ...]:
    """Return the GPUs in the answer of `amd-smi static --json`: a list, since ROCm 7 below `gpu_data`."""
    document = _json(answer)
    entries = document.get("gpu_data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        return ()
    return tuple(_of_amd_smi(entry) for entry in entries if isinstance(entry, dict) and "asic" in entry)


def _of_amd_smi(entry: Mapping[str, Any]) -> Gpu:
    asic, bus, vram, driver = (_section(entry, name) for name in ("asic", "bus", "vram", "driver"))
    size = _section(vram, "size")
    memory, unit = size.get("value"), _MIB_OF.get(str(size.get("unit")))
    version = _text(driver.get("version")) or _text(driver.get("driver_version"))
    banner = _TOOLS_VERSION.match(version or "")
    generation = re.search(r"\d+", str(bus.get("pcie_interface_version", "")))
    return Gpu(
        vendor="amd",
        name=_text(asic.get("market_name")) or "AMD GPU",
        memory_bytes=memory * unit * 2**20 if isinstance(memory, int) and unit else None,
        capability=_text(asic.get("target_graphics_version")),
        driver=banner[1] if banner else version,
        pcie_generation=int(generation[0]) if generation else None,
        pcie_width=_number(bus.get("max_pcie_width")),
    )


def parse_rocm_smi(answer: str) -> tuple[Gpu, ...]:
    """Return the GPUs in the answer of `rocm-smi --json`: an object per card, and one of the system."""
    document = _json(answer)
    if not isinstance(document, dict):
        return ()
    driver = _text(_section(document, "system").get("Driver version"))
    return tuple(
        Gpu(
            vendor="amd",
            name=_text(card.get("Card Series") or card.get("Card series")) or "AMD GPU",
            memory_bytes=_number(card.get("VRAM Total Memory (B)")),
            capability=_text(card.get("GFX Version")),
            driver=driver,
        )
        for name, card in document.items()
        if name.startswith("card") and isinstance(card, dict)
    )


def _json(answer: str) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return None


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value not in ("", "N/A") else None


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isdigit() else None
