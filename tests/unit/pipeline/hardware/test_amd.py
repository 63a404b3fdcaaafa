"""What AMD's tools say; the answers were recorded on an MI210, an RX 6600 and an RX 7900 XT, and shortened."""

import json
from typing import Any

import pytest

from pipeline.hardware.amd import parse_amd_smi, parse_rocm_smi
from pipeline.hardware.gpu import Gpu

MI210 = {
    "gpu": 0,
    "asic": {"market_name": "AMD Instinct MI210", "oam_id": "N/A", "target_graphics_version": "gfx90a"},
    "bus": {
        "max_pcie_width": 16,
        "max_pcie_speed": {"value": 16, "unit": "GT/s"},
        "pcie_interface_version": "Gen 4",
        "slot_type": "OAM",
    },
    "driver": {
        "name": "amdgpu",
        "version": "Linuxversion6.14.0-24-generic(buildd@lcy02-amd64-010)(x86_64-linux-gnu-gcc-13(Ubuntu13.3.0)",
    },
    "vram": {"type": "HBM", "vendor": "HYNIX", "size": {"value": 65520, "unit": "MB"}, "bit_width": 4096},
}
RX_6600 = {
    "gpu": 0,
    "asic": {"market_name": "Navi 23 [Radeon RX 6600/6600 XT", "asic_serial": "N/A", "oam_id": "N/A"},
    "bus": {"bdf": "0000:0b:00.0", "max_pcie_width": 16, "pcie_interface_version": "Gen 4", "slot_type": "CEM"},
    "driver": {"name": "amdgpu", "version": "7.0.0-3-pve"},
    "dpm_policy": "N/A",
    "vram": {"type": "GDDR6", "vendor": "MICRON", "size": {"value": 8176, "unit": "MB"}},
}
RX_7900 = {
    "card0": {
        "VRAM Total Memory (B)": "21458059264",
        "VRAM Total Used Memory (B)": "27856896",
        "Card Series": "Radeon RX 7900 XT",
        "Card Model": "0x744c",
        "GFX Version": "gfx1100",
    },
    "system": {"Driver version": "7.0.0-3-pve"},
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            {"gpu_data": [MI210]},
            Gpu(
                vendor="amd",
                name="AMD Instinct MI210",
                memory_bytes=65520 * 2**20,
                capability="gfx90a",
                driver="6.14.0-24-generic",
                pcie_generation=4,
                pcie_width=16,
            ),
            id="ROCm 7",
        ),
        pytest.param(
            [RX_6600],
            Gpu(
                vendor="amd",
                name="Navi 23 [Radeon RX 6600/6600 XT",
                memory_bytes=8176 * 2**20,
                driver="7.0.0-3-pve",
                pcie_generation=4,
                pcie_width=16,
            ),
            id="ROCm 6",
        ),
        pytest.param(
            [
                {
                    "gpu": 0,
                    "asic": {"market_name": "N/A"},
                    "vram": {"size": {"value": "N/A", "unit": "GB"}},
                    "bus": "N/A",
                }
            ],
            Gpu(vendor="amd", name="AMD GPU"),
            id="nothing stated",
        ),
    ],
)
def test_amd_smi(answer: Any, expected: Gpu) -> None:
    """Both forms of `amd-smi static --json`, and what it leaves open."""
    assert parse_amd_smi(json.dumps(answer)) == (expected,)


def test_rocm_smi() -> None:
    """The older tool states no PCIe link, and the driver for all cards together."""
    assert parse_rocm_smi(json.dumps(RX_7900)) == (
        Gpu(
            vendor="amd",
            name="Radeon RX 7900 XT",
            memory_bytes=21458059264,
            capability="gfx1100",
            driver="7.0.0-3-pve",
        ),
    )


@pytest.mark.parametrize("answer", ["", "ERROR: no driver", "[]", "{}", '{"gpu_data": null}', "3"])
def test_no_gpu(answer: str) -> None:
    """A tool that is missing, fails, or finds nothing."""
    assert parse_amd_smi(answer) == ()
    assert parse_rocm_smi(answer) == ()
