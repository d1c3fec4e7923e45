# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs as a start drives them: given their own strategy back, up when they are ready (P7)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import VM, VMI
from ..._errors import Conflict, DrError, Failed, Refused
from ..._model.names import RECORDED
from ..._model.plan import Plan
from ..._model.recorded import is_recorded
from ..._model.vm import PowerRecord, is_given_back, own_power, power_record
from ..._model.vmi_state import VmiState, vmi_state
from ..._planning.start.failure import failure_facts, failure_text
from ..._planning.start.readiness import deadlines, delays_of, readiness_by_key
from ..inventory.protected import start_records
from .probe import Probes
from .vm_ready import VmReady
from .warnings import Warnings


class VmStart:
    """The VMs of a start, by key; one watch on VMIs. Thread-safe as its Api is."""

    noun = "vm"

    def __init__(
        self,
        plan: Plan,
        api: Api,
        vms: Mapping[str, Object],
        wake: threading.Condition,
        probes: Probes | None = None,
    ) -> None:
        readiness = readiness_by_key(start_records(vms), plan.startup)
        self._api = api
        self._vms = vms
        self._warnings = Warnings(api)
        stopped = [key for key in vms if self.is_recorded(key)]
        self._ready = VmReady(api, plan.namespaces, readiness, stopped, wake, probes)
        self.watches = [self._ready.watch]
        # Manual ones that have their strategy by now
        self._given_back: set[str] = set()
        # seconds after which each counts as failed
        self.deadlines = deadlines(readiness)
        # for which each has to stay ready before it counts as that
        self.delays = delays_of(readiness)
        # of those that failed
        self.facts: dict[str, dict[str, Any]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._vms

    def up(self) -> set[str]:
        """Keys. The caller holds the condition that the watch wakes."""
        return self._ready.up()

    def is_up(self, key: str) -> bool:
        """As of the last look."""
        return self._ready.is_up(key)

    def take_changes(self) -> set[str]:
        """Keys that came up, or are it no more, since the last call. The caller holds the condition."""
        return self._ready.take_changes()

    def take_begun(self) -> set[str]:
        """Keys that start by now, whoever asked, as of the last look."""
        return self._ready.take_begun()

    def state(self, key: str) -> VmiState | None:
        """Of its VMI."""
        return self._ready.state(key)

    def unsettled(self) -> dict[str, float | None]:
        """What the next round has to know: what is ready but for a probe or, since when, for its delay."""
        return self._ready.unsettled()

    def resume(self, unsettled: Mapping[str, float | None]) -> None:
        """What an earlier round of this attempt left; before the first look."""
        self._ready.resume(unsettled)

    def were_ready(self, keys: Iterable[str]) -> None:
        """What rounds and attempts before had ready; before the first look."""
        self._ready.were_ready(keys)

    def close(self) -> None:
        self._ready.stop()

    def is_recorded(self, key: str) -> bool:
        return is_recorded(self._vms[key])

    def was_asked(self, key: str) -> bool:
        """It has a strategy that runs it although the record is still on it: somebody asked it to start."""
        if not self.is_recorded(key):
            return False
        strategy = own_power(self._vms[key]).run_strategy
        if strategy == "Manual":
            recorded = PowerRecord(**json.loads(self._vms[key]["metadata"]["annotations"][RECORDED]))
            state = self.state(key)
            return recorded.run_strategy == "Manual" or (state is not None and state.lasts)
        return strategy != "Halted"

    def boots_again(self, key: str) -> bool:
        """Its record is off it, as it was up; it is to run, and nobody had to ask: its guest or its node was lost."""
        return not self.is_recorded(key) and own_power(self._vms[key]).running

    def may_lack_request(self, key: str) -> bool:
        """A Manual one without a VMI: it needs a second request, which a killed attempt may not have made."""
        state = self.state(key)
        return power_record(self._vms[key]).run_strategy == "Manual" and (state is None or not state.lasts)

    def start(self, key: str) -> None:
        """Give the VM its runStrategy back; a Manual one that ran is asked to start."""
        power = power_record(self._vms[key])
        if key in self._given_back:
            # only its start request had no answer
            self.start_again(key)
            return
        self._patch(key, {"spec": self._strategy_patch(key)})
        if power.run_strategy == "Manual":
            self._given_back.add(key)
            self._start_manual(key)

    def start_again(self, key: str) -> None:
        """A second request, unless somebody changed the VM since the first: that is theirs to decide (P8)."""
        meta = self._vms[key]["metadata"]
        vm = self._api.get(VM, meta["name"], meta["namespace"])
        seen, power = vm["spec"], power_record(self._vms[key])
        wanted = self._strategy_patch(key)
        if any(seen.get(name) != value for name, value in wanted.items()):
            raise Refused(
                "start the VM again",
                site=self._api.site,
                on=f"VirtualMachine/{key}",
                seen=f"somebody set {', '.join(f'{name}: {seen.get(name)}' for name in wanted)} since it was started",
                wanted=", ".join(f"{name}: {value}" for name, value in wanted.items()),
                next_step="start it by hand, or run the start again",
            )
        if power.run_strategy != "Manual":
            self.start(key)
        elif not self._is_under_way(vm):
            self._start_manual(key)

    def _is_under_way(self, vm: Object) -> bool:
        """Whether a Manual VM has a VMI that runs or may come to it, or a request for one."""
        requests = (vm.get("status") or {}).get("stateChangeRequests") or []
        if any(request.get("action") == "Start" for request in requests):
            return True
        vmi = self._api.find(VMI, vm["metadata"]["name"], vm["metadata"]["namespace"])
        return vmi is not None and vmi_state(vmi).lasts

    def is_given_back(self, key: str) -> bool:
        """When it stays off: strategies that do not start a VM. Others stay Halted, recorded."""
        return is_given_back(self._vms[key])

    def leave_off(self, key: str) -> None:
        """Give one that was off its own strategy back."""
        self._patch(key, {"spec": self._strategy_patch(key), "metadata": {"annotations": {RECORDED: None}}})

    def forget(self, key: str) -> None:
        """Take the record off a VM that is up: the start is its new state."""
        self._patch(key, {"metadata": {"annotations": {RECORDED: None}}})

    def why_not_up(self, key: str) -> str:
        """In words; what there is to see of it is in `facts` from then on."""
        namespace, name = key.split("/")
        try:
            vm = self._api.find(VM, name, namespace)
            vmi = self._api.find(VMI, name, namespace)
        except DrError as error:
            return f"its state could not be read: {error}"
        self.facts[key] = seen = failure_facts(name, vm or {}, vmi or {}, self._warnings.of(namespace))
        waits_for = self._ready.waits_for(key)
        return "; ".join([failure_text(seen), *([waits_for] if waits_for else [])])

    def _strategy_patch(self, key: str) -> dict[str, Any]:
        return strategy_patch(power_record(self._vms[key]), self._vms[key]["spec"])

    def _patch(self, key: str, body: Object) -> None:
        meta = self._vms[key]["metadata"]
        self._api.patch(VM, meta["name"], meta["namespace"], body)

    def _start_manual(self, key: str) -> None:
        namespace, name = key.split("/")
        path = f"/apis/subresources.kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}/start"
        try:
            self._api.put_subresource(path, {}, f"VirtualMachine/{key}", expected=_is_pending)
        except Conflict as error:
            if "already" not in (error.seen or ""):
                raise
        except Failed as error:
            if not _is_pending(error):
                raise


def _is_pending(error: DrError) -> bool:
    """Whether virt-api says that there is a start request already: an earlier round or attempt made it."""
    return error.status == 500 and "start" in (error.seen or "").lower()


def strategy_patch(power: PowerRecord, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What gives a VM its own strategy back, in the field that it used, or has now: KubeVirt refuses both together."""
    if "running" not in spec:
        return {"runStrategy": power.run_strategy}
    if power.running_field:
        return {"running": power.running}
    return {"running": None, "runStrategy": power.run_strategy}
