# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of a start at the site to which a plan would move: one list per kind there, and earlier runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._cluster.api import Api, Object, describe
from ..._cluster.bulk import for_each
from ..._cluster.kinds import (
    CLUSTER_INSTANCETYPE,
    CONTROLLER_REVISION,
    CSI_NODE,
    INSTANCETYPE,
    KUBEVIRT,
    MACHINE_AUTOSCALER,
    NODE,
    POD,
    RESOURCE_QUOTA,
    VOLUME_ATTACHMENT,
    Kind,
)
from ..._cluster.latch import is_latch
from ..._cluster.run_store import RunStore
from ..._errors import DrError, NotFound
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._model.pod_template import pod_template
from ..._model.readiness import Readiness
from ..._model.vm import claim_names
from ..._model.vm_needs import state_claims
from ..._model.workload import SCALED, workload_record
from ..._planning.forecast.boot_times import ASSUMED, learned
from ..._planning.forecast.duration import Course, Limits
from ..._planning.forecast.kubevirt_settings import KubeVirtSettings, kubevirt_settings
from ..._planning.forecast.node_placement import Unit
from ..._planning.forecast.node_rooms import ATTACH, SCHEDULABLE, node_rooms
from ..._planning.forecast.pod_needs import vm_need, workload_need
from ..._planning.forecast.quota import Started, quota_shortage
from ..._planning.forecast.result import Forecast, Target, forecast
from ..._planning.guards.machines import machine_findings
from ..._planning.practice.instancetypes import cluster_types
from ..._planning.start.order import StartOrder
from ..._planning.start.readiness import deadlines, delays_of, readiness_by_key
from ..._planning.vm.instancetype import instancetype_spec
from ..._planning.vm.parts import labels_of
from ..checks.volume_findings import VolumeView
from ..inventory.protected import Protected, start_records
from ..inventory.workloads import workload_records
from .parts import parts_of

OF_CLUSTER = (NODE, POD, CSI_NODE, VOLUME_ATTACHMENT, KUBEVIRT, MACHINE_AUTOSCALER)

# of a target that does not answer, or of a plan whose order is refused
NO_FORECAST = Forecast({}, ())


class StartForecast:
    """One look at the target. volumes: as they are there."""

    def __init__(self, plan: Plan, target: Api, found: Protected, volumes: VolumeView) -> None:
        self._plan = plan
        self._target = target
        self._found = found
        self._volumes = volumes
        self._states = state_claims(found.claims)
        self._revisions, self._types = self._of_kind(CONTROLLER_REVISION), self._of_kind(INSTANCETYPE)
        self._unread: list[Finding] = []

    def look(self, order: StartOrder, runs: Sequence[Mapping[str, Any]]) -> Forecast:
        """runs: heads of earlier ones, of both sites."""
        lists = self._lists()
        settings = kubevirt_settings(next(iter(lists.get(KUBEVIRT, [])), None))
        types = {item["metadata"]["name"]: item for item in lists.get(CLUSTER_INSTANCETYPE, [])}
        started = [self._started(key, settings, types) for wave in order.waves for key in wave.keys]
        quotas = [item for item in lists.get(RESOURCE_QUOTA, []) if not is_latch(item)]
        findings, kept_off = quota_shortage(quotas, started, self._target.site)
        rooms = None
        if NODE in lists:
            rooms = node_rooms(
                lists[NODE], lists.get(POD, []), lists.get(CSI_NODE, []), lists.get(VOLUME_ATTACHMENT, [])
            )
        target = Target(self._target.site, rooms, kept_off, self._grows(lists))
        units = [unit for item in started for unit in self._units(item)]
        parts = parts_of(self._plan, self._volumes.claims, self._found.vms, self._found.workloads)
        boots = learned(runs, self._target.site)
        # what was measured has them in it
        delays = delays_of(self._readiness()) if boots is ASSUMED else {}
        course = Course(order.waves, needs=order.needs, parts=parts, delays=delays)
        made = forecast(course, units, self._limits(settings), boots, target)
        findings += self._machines(lists, types)
        return Forecast(made.summary, (*made.findings, *findings, *self._unread))

    def _machines(self, lists: Mapping[Kind, list[Object]], types: Mapping[str, Object]) -> Iterator[Finding]:
        nodes = [node for node in lists.get(NODE, []) if labels_of(node).get(SCHEDULABLE) == "true"]
        vms = [(vm, self._instancetype(vm, types)) for vm in self._found.vms.values()]
        return machine_findings(vms, nodes, next(iter(lists.get(KUBEVIRT, [])), None), self._target.site)

    def _grows(self, lists: Mapping[Kind, list[Object]]) -> bool:
        """By itself, or by what the plan says of a disaster."""
        machine_sets = (self._plan.document.get("capacity") or {}).get("machine_sets") or {}
        return bool(lists.get(MACHINE_AUTOSCALER) or machine_sets.get(self._target.site))

    def _limits(self, settings: KubeVirtSettings) -> Limits:
        startup = self._plan.startup
        return Limits(
            plan_cap=startup.max_starting,
            timeout=startup.readiness.timeout.total_seconds(),
            site_budget=self._plan.site(self._target.site).max_starting,
            caps=startup.caps,
            qps=settings.qps,
            burst=settings.burst,
            on_failure=startup.on_failure,
            retries=startup.retries,
            timeouts=deadlines(self._readiness()),
        )

    def _readiness(self) -> Mapping[str, Readiness]:
        records = [*start_records(self._found.vms), *workload_records(self._found.workloads.selected.values())]
        return readiness_by_key(records, self._plan.startup)

    def _started(self, key: str, settings: KubeVirtSettings, types: Mapping[str, Object]) -> Started:
        vm = self._found.vms.get(key)
        if vm is not None:
            namespace = vm["metadata"]["namespace"]
            return Started(key, namespace, [vm_need(vm, self._instancetype(vm, types), settings.defaults)], True)
        workload = self._found.workloads.selected[key]
        count = (workload_record(workload).replicas or 0) if workload["kind"] in SCALED else 0
        return Started(key, workload["metadata"]["namespace"], [workload_need(workload)] * count, False)

    def _instancetype(self, vm: Object, types: Mapping[str, Object]) -> Mapping[str, Any] | None:
        if "instancetype" not in vm["spec"]:
            return None
        return instancetype_spec(vm, self._revisions, self._types, types)

    def _of_kind(self, kind: Kind) -> dict[str, Object]:
        return {key: item for (of_kind, key), item in self._found.others.items() if of_kind is kind}

    def _units(self, item: Started) -> Iterator[Unit]:
        if item.is_vm:
            vm = self._found.vms[item.key]
            spec = vm["spec"]["template"]["spec"]
            needs = {**item.pods[0].requests, **self._attached(item.key, vm)}
        else:
            spec = pod_template(self._found.workloads.selected[item.key])["spec"]
        for need in item.pods:
            yield Unit(
                item.key,
                needs if item.is_vm else need.requests,
                item.is_vm,
                spec.get("nodeSelector") or {},
                tuple(spec.get("tolerations") or ()),
            )

    def _attached(self, key: str, vm: Object) -> dict[str, int]:
        counts: dict[str, int] = {}
        namespace = vm["metadata"]["namespace"]
        for claim in {*(f"{namespace}/{name}" for name in claim_names(vm)), *self._states.get(key, ())}:
            if claim in self._volumes.drivers:
                name = f"{ATTACH}{self._volumes.drivers[claim]}"
                counts[name] = counts.get(name, 0) + 1
        return counts

    def _lists(self) -> dict[Kind, list[Object]]:
        """Of a kind that is not served an empty one; what could not be read is left out, and said."""
        wanted: list[tuple[Kind, str | None]] = [(kind, None) for kind in OF_CLUSTER]
        wanted += [(RESOURCE_QUOTA, namespace) for namespace in self._plan.namespaces]
        if any(kind == CLUSTER_INSTANCETYPE.kind for kind, _name in cluster_types(self._found.vms.values())):
            wanted.append((CLUSTER_INSTANCETYPE, None))
        outcome = for_each(wanted, lambda item: self._target.list(*item))
        found: dict[Kind, list[Object]] = {}
        for (kind, _namespace), items in outcome.done:
            found.setdefault(kind, []).extend(items)
        for (kind, namespace), error in outcome.failed:
            if not isinstance(error, NotFound):
                self._unread.append(_not_checked(kind, namespace, error, self._target.site))
        return found


def recorded_runs(plan: Plan, apis: Sequence[Api]) -> list[Mapping[str, Any]]:
    """Heads of the plan's runs that these sites recorded; a site that does not tell has none."""
    found: list[Mapping[str, Any]] = []
    for api in apis:
        try:
            found += RunStore(api, plan.store_namespace).heads(plan.name)
        except DrError:
            continue
    return found


def _not_checked(kind: Kind, namespace: str | None, error: DrError, site: str) -> Finding:
    on, remedy = describe(kind, namespace, None), error.next_step or "see the message"
    return Finding("warning", "NotChecked", on, f"it could not be listed for the forecast: {error}", remedy, site)
