# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as the demo's plain client lists it, and disks as `lab records` reports them."""

from __future__ import annotations

from typing import Any

from demo.workload import Vm

WEST, EAST = "198.51.100.10", "192.0.2.10"
VMS = [Vm("db-0", "db", "Always", True, 1), Vm("batch-0", "batch", "Halted", False, 4)]
READY = [{"type": name, "status": "True"} for name in ("Ready", "AgentConnected")]


class Site:
    """Everything as it must be after a move to a site whose storage has that address."""

    def __init__(self, address: str) -> None:
        names = [vm.name for vm in VMS]
        self.kinds: dict[str, dict[str, dict[str, Any]]] = {
            "VirtualMachine": {vm.name: {"spec": {"runStrategy": vm.strategy}} for vm in VMS},
            "VirtualMachineInstance": {vm.name: {"status": {"conditions": READY}} for vm in VMS if vm.running},
            "PersistentVolume": {name: {"spec": {"nfs": {"server": address}}, **bound()} for name in names},
            "PersistentVolumeClaim": {name: bound() for name in names},
        }

    def list(self, kind: str, _namespace: str | None = None) -> list[dict[str, Any]]:
        return [{"metadata": {"name": name}, **body} for name, body in self.kinds[kind].items()]


def bound() -> dict[str, Any]:
    return {"status": {"phase": "Bound"}}


def disk(*boots: tuple[str, int, int], gaps: int = 0) -> dict[str, Any]:
    """boots: site, first and last record; a guest writes one record a second."""
    shown = [
        {"site": site, "first_n": first, "last_n": last, "first_t": moment(first), "last_t": moment(last)}
        for site, first, last in boots
    ]
    end = shown[-1] if shown else {"last_n": 0, "last_t": None}
    return {
        "boots": shown,
        "gaps": [{"after": 1, "next": 3}] * gaps,
        "bad_checksums": 0,
        "last_n": end["last_n"],
        "last_t": end["last_t"],
    }


def moment(second: int) -> str:
    return f"2026-03-01T12:{second // 60:02}:{second % 60:02}.123456789Z"
