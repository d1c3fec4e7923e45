# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads as a start drives them: given their replicas back, up when all of them are available (P7)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import DAEMON_SET
from ..._cluster.watching import Watch
from ..._errors import DrError, NotFound, Refused
from ..._model.names import RECORDED
from ..._model.plan import Plan
from ..._model.recorded import is_recorded
from ..._model.workload import SCALED, is_given_back, is_stopped, is_up, start_spec, workload_record
from ..._planning.start.readiness import Holding, deadlines, delays_of, readiness_by_key
from ..inventory.workloads import KINDS, Workloads, workload_records


class WorkloadStart:
    """The workloads of a start, by key; one watch for each kind that there is. Thread-safe as its Api is."""

    noun = "workload"

    def __init__(self, plan: Plan, api: Api, workloads: Workloads, wake: threading.Condition) -> None:
        readiness = readiness_by_key(workload_records(workloads.selected.values()), plan.startup)
        self._api = api
        # for which each has to stay available before it counts as ready
        self.delays = delays_of(readiness)
        self._holding = Holding(self.delays)
        self._unsettled: set[str] = set()
        self._up: set[str] = set()
        # what was up before the start is not waited for
        self._awaited = {key for key, item in workloads.selected.items() if is_recorded(item)}
        # seconds after which each counts as failed
        self.deadlines = deadlines(readiness)
        self.facts: dict[str, dict[str, Any]] = {}
        self._workloads = workloads
        kinds = sorted({item["kind"] for item in workloads.selected.values()})
        self._watches = {kind: Watch(api, KINDS[kind], plan.namespaces, wake, keep=is_up) for kind in kinds}
        self.watches = list(self._watches.values())

    def __contains__(self, key: str) -> bool:
        return key in self._workloads.selected

    def take_changes(self) -> set[str]:
        """Keys that came up, or are it no more, since the last call. The caller holds the condition."""
        now = self._api.clock.monotonic()
        changed = {
            f"{kind}/{namespace}/{name}"
            for kind, watch in self._watches.items()
            for namespace, name in watch.take_changed()
        }
        return {key for key in changed | self._unsettled if key in self and self._has_flipped(key, now)}

    def is_up(self, key: str) -> bool:
        """As of the last look."""
        return key in self._up

    def _has_flipped(self, key: str, now: float) -> bool:
        kind, namespace, name = key.split("/")
        available = bool(self._watches[kind].objects.get((namespace, name)))
        self._unsettled.discard(key)
        if key in self._awaited and not available:
            self._holding.broke(key)
        elif key in self._awaited and key not in self._up and not self._holding.lasts(key, now):
            self._unsettled.add(key)
            available = False
        if available == (key in self._up):
            return False
        (self._up.add if available else self._up.discard)(key)
        return True

    def unsettled(self) -> dict[str, float | None]:
        """What the next round has to know: since when what is available but for its delay holds."""
        return self._holding.as_of(self._unsettled, self._api.clock.monotonic(), self._api.clock.now().timestamp())

    def resume(self, unsettled: Mapping[str, float | None]) -> None:
        """What an earlier round of this attempt left; before the first look."""
        self._holding.resume(unsettled, self._api.clock.monotonic(), self._api.clock.now().timestamp())

    def were_ready(self, keys: Iterable[str]) -> None:
        """What rounds and attempts before had ready; before the first look."""
        self._awaited.difference_update(keys)

    def is_recorded(self, key: str) -> bool:
        return is_recorded(self._workloads.selected[key])

    def was_asked(self, key: str) -> bool:
        """It asks for pods although the record is still on it."""
        return self.is_recorded(key) and not is_stopped(self._workloads.selected[key])

    def boots_again(self, key: str) -> bool:
        """Its record is off it, as it was available; it asks for pods, and has lost some since."""
        return not self.is_recorded(key) and not is_stopped(self._workloads.selected[key])

    def may_lack_request(self, _key: str) -> bool:
        return False

    def start(self, key: str) -> None:
        """Give the workload its replicas back."""
        item = self._workloads.selected[key]
        self._resume_jobs(key)
        self._patch(item, {"spec": start_spec(item["kind"], workload_record(item))})

    def start_again(self, key: str) -> None:
        """A look whether somebody stopped the workload since its first request: that is theirs to decide (P8).

        There is nothing to ask for twice: it has its replicas, or those that an autoscaler has made of them.
        """
        kind, namespace, name = key.split("/")
        if is_stopped(self._api.get(KINDS[kind], name, namespace)):
            raise Refused(
                "start the workload again",
                site=self._api.site,
                on=key,
                seen="somebody stopped it since it was started",
                next_step="start it by hand, or run the start again",
            )

    def is_given_back(self, key: str) -> bool:
        """When it stays off: what was at zero or suspended. What only stays off keeps its record."""
        return is_given_back(self._workloads.selected[key])

    def leave_off(self, key: str) -> None:
        """One that was at zero or suspended is as it was but for the record."""
        item = self._workloads.selected[key]
        self._resume_jobs(key)
        spec = start_spec(item["kind"], workload_record(item))
        self._patch(item, {"spec": spec, "metadata": {"annotations": {RECORDED: None}}})

    def forget(self, key: str) -> None:
        """Take the record off a workload that is up: the start is its new state."""
        self._patch(self._workloads.selected[key], {"metadata": {"annotations": {RECORDED: None}}})

    def why_not_up(self, key: str) -> str:
        kind, namespace, name = key.split("/")
        try:
            item = self._api.find(KINDS[kind], name, namespace)
        except DrError as error:
            return f"its state could not be read: {error}"
        if item is None:
            return "it is not there"
        if kind not in (*SCALED, DAEMON_SET.kind):
            return "it is suspended" if is_stopped(item) else ""
        status = item.get("status") or {}
        wanted = status.get("desiredNumberScheduled", item["spec"].get("replicas"))
        available = status.get("availableReplicas", status.get("numberAvailable", 0))
        messages = [
            condition["message"]
            for condition in status.get("conditions") or []
            if condition.get("message") and (condition["status"] != "True") == (condition["type"] != "ReplicaFailure")
        ]
        if item["spec"].get("paused"):
            # Kubernetes gives it no ReplicaSet as long as it has none
            messages.insert(0, "its rollout is paused (spec.paused)")
        return f"{available} of {wanted} replicas available" + (f": {'; '.join(messages)[:500]}" if messages else "")

    def _resume_jobs(self, key: str) -> None:
        """Jobs that were stopped with their CronJob go on: left suspended they would keep it from making others."""
        for job in self._workloads.jobs.get(key, ()):
            if is_recorded(job):
                spec = start_spec(job["kind"], workload_record(job))
                # one that is gone, as by an earlier try that resumed it, keeps its CronJob from nothing
                with suppress(NotFound):
                    self._patch(job, {"spec": spec, "metadata": {"annotations": {RECORDED: None}}})

    def _patch(self, item: Mapping[str, Any], body: Object) -> None:
        meta = item["metadata"]
        self._api.patch(KINDS[item["kind"]], meta["name"], meta["namespace"], body)
