# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs as a start drives them: given their own strategy back, up when their VMI is ready (P7)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.kinds import VM, VMI
from .._cluster.watching import Watch
from .._errors import Conflict, DrError, Failed
from .._model.names import RECORDED
from .._model.plan import Plan
from .._model.vm import PowerRecord, power_record


@dataclass(frozen=True)
class VmiState:
    """What the window needs of a VMI: ready to serve, and if not, why."""

    ready: bool
    agent: bool
    phase: str
    reason: str

    def is_up(self, agent: bool) -> bool:
        return self.ready and (self.agent or not agent)


class VmStart:
    """The VMs of a start, by key; one watch on VMIs. Thread-safe as its Api is."""

    noun = "vm"

    def __init__(self, plan: Plan, api: Api, vms: Mapping[str, Object], wake: threading.Condition) -> None:
        self._api = api
        self._vms = vms
        self._agent = plan.startup.readiness.agent
        self._watch = Watch(api, VMI, plan.namespaces, wake, keep=vmi_state)
        self.watches = [self._watch]

    def __contains__(self, key: str) -> bool:
        return key in self._vms

    def up(self) -> set[str]:
        """Keys. The caller holds the condition that the watch wakes."""
        states = {f"{namespace}/{name}": state for (namespace, name), state in self._watch.objects.items()}
        return {key for key, state in states.items() if key in self._vms and state.is_up(self._agent)}

    def is_recorded(self, key: str) -> bool:
        return RECORDED in (self._vms[key]["metadata"].get("annotations") or {})

    def was_asked(self, key: str) -> bool:
        """Its own strategy is back although the record is still on it: somebody asked it to start."""
        if not self.is_recorded(key):
            return False
        recorded = PowerRecord(**json.loads(self._vms[key]["metadata"]["annotations"][RECORDED]))
        return strategy_patch(recorded).items() <= self._vms[key]["spec"].items()

    def is_asked_twice(self, key: str) -> bool:
        """A Manual one needs a second request, which a killed attempt may not have made."""
        return power_record(self._vms[key]).run_strategy == "Manual"

    def start(self, key: str) -> None:
        """Give the VM its runStrategy back; a Manual one that ran is asked to start."""
        power = power_record(self._vms[key])
        self._patch(key, {"spec": strategy_patch(power)})
        if power.run_strategy == "Manual":
            self._start_manual(key)

    def leave_off(self, key: str) -> None:
        """Strategies that do not start a VM are given back to those that were off; others stay Halted, recorded."""
        power = power_record(self._vms[key])
        # annotated to stay off although it ran: a Manual one is left Halted too
        if self.is_recorded(key) and power.run_strategy in ("Halted", "Manual") and not power.running:
            self._patch(key, {"spec": strategy_patch(power), "metadata": {"annotations": {RECORDED: None}}})

    def forget(self, key: str) -> None:
        """Take the record off a VM that is up: the start is its new state."""
        self._patch(key, {"metadata": {"annotations": {RECORDED: None}}})

    def why_not_up(self, key: str) -> str:
        namespace, name = key.split("/")
        try:
            vm = self._api.find(VM, name, namespace)
            vmi = self._api.find(VMI, name, namespace)
        except DrError as error:
            return f"its state could not be read: {error}"
        status = (vm or {}).get("status", {})
        conditions = [*status.get("conditions", []), *((vmi or {}).get("status", {}).get("conditions", []))]
        messages = {
            c["message"]: None
            for c in conditions
            if (c.get("message") and c.get("status") != "True") or c["type"] == "Failure"
        }
        shown = "; ".join(text for text in messages if text)[:500]
        return (
            f"VM {status.get('printableStatus', 'unknown')}, VMI {(vmi or {}).get('status', {}).get('phase', 'absent')}"
            + (f": {shown}" if shown else "")
        )

    def _patch(self, key: str, body: Object) -> None:
        meta = self._vms[key]["metadata"]
        self._api.patch(VM, meta["name"], meta["namespace"], body)

    def _start_manual(self, key: str) -> None:
        namespace, name = key.split("/")
        path = f"/apis/subresources.kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}/start"
        try:
            self._api.put_subresource(path, {}, f"VirtualMachine/{key}")
        except Conflict as error:
            if "already" not in (error.seen or ""):
                raise
        except Failed as error:
            # a start request is pending already: an earlier attempt made it
            if error.status != 500 or "start" not in (error.seen or "").lower():
                raise


def strategy_patch(power: PowerRecord) -> dict[str, Any]:
    """The spec that gives a VM its own strategy back, in the field that it used."""
    if power.running_field:
        return {"running": power.running}
    return {"runStrategy": power.run_strategy}


def vmi_state(vmi: Mapping[str, Any]) -> VmiState:
    status = vmi.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", [])}

    def is_true(name: str) -> bool:
        return conditions.get(name, {}).get("status") == "True"

    deleted = "deletionTimestamp" in vmi["metadata"]
    return VmiState(
        ready=is_true("Ready") and status.get("phase") == "Running" and not deleted,
        agent=is_true("AgentConnected"),
        phase=status.get("phase", "Pending"),
        reason=conditions.get("Ready", {}).get("message", ""),
    )
