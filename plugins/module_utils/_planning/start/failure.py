# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a VM did not start: what KubeVirt, conditions and events say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._model.vm import claim_names

SHOWN_EVENTS = 5
LONGEST_TEXT = 300
# as the API server cuts the base of a generated name
_BASE = 58
_SUFFIX = 5


def failure_facts(
    name: str, vm: Mapping[str, Any], vmi: Mapping[str, Any], warnings: Iterable[Mapping[str, Any]] | str
) -> dict[str, Any]:
    """printable_status, phase, conditions and events of a VM. warnings: of its namespace, or why there are none."""
    status, vmi_status = vm.get("status") or {}, vmi.get("status") or {}
    conditions = [*status.get("conditions", []), *vmi_status.get("conditions", [])]
    told = {
        f"{item['type']} is {item.get('status')}: {item['message']}"[:LONGEST_TEXT]: None
        for item in conditions
        if item.get("message") and (item.get("status") != "True" or item["type"] == "Failure")
    }
    return {
        "printable_status": status.get("printableStatus", "unknown"),
        "phase": vmi_status.get("phase", "absent"),
        "conditions": list(told),
        "events": [warnings]
        if isinstance(warnings, str)
        else warnings_about(name, claim_names(vm) if vm else [], warnings),
    }


def failure_text(facts: Mapping[str, Any]) -> str:
    """In one line."""
    told = "; ".join([*(text.partition(": ")[2] for text in facts["conditions"]), *facts["events"]])[:500]
    return f"VM {facts['printable_status']}, VMI {facts['phase']}" + (f": {told}" if told else "")


def warnings_about(name: str, volumes: Sequence[str], events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The newest about a VM, its VMI, its launcher and its volumes, each text once."""
    mine = [event for event in events if _is_about(event.get("involvedObject") or {}, name, volumes)]
    texts = {
        f"{event.get('reason')} on {event['involvedObject'].get('kind')}/{event['involvedObject'].get('name')}: "
        f"{event.get('message', '')}"[:LONGEST_TEXT]: None
        for event in sorted(mine, key=_last, reverse=True)
    }
    return list(texts)[:SHOWN_EVENTS]


def _is_about(what: Mapping[str, Any], name: str, volumes: Sequence[str]) -> bool:
    kind, its_name = what.get("kind"), what.get("name", "")
    if kind in ("VirtualMachine", "VirtualMachineInstance"):
        return bool(its_name == name)
    if kind in ("PersistentVolumeClaim", "DataVolume"):
        return its_name in volumes
    base = f"virt-launcher-{name}-"[:_BASE]
    return kind == "Pod" and its_name.startswith(base) and len(its_name) == len(base) + _SUFFIX


def _last(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    created = event.get("metadata", {}).get("creationTimestamp")
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or created or "")
