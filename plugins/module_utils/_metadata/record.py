# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests are brought by somebody else. What has to come is recorded by us, to be held against what came.

A record lies in the run store's namespace at both sites. It holds VMs, claims and volumes whole, and of everything else
the name only: no Secret's content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._cluster.api import Api
from .._cluster.kinds import ATTACHMENT_DEFINITION, CONTROLLER_REVISION, NAMESPACE, PV, PVC, VM, Kind
from .._cluster.run_store import RunStore
from .._errors import DrError, Failed, NotFound, Refused, TerminalState, Unsupported
from .._model.capture import Capture, CaptureInfo
from .._model.names import INCOMPLETE, SITE
from .._model.plan import Plan
from .._model.vm_needs import MATCHERS, revisions
from .base import MetadataSource
from .export_form import cleaned
from .export_kinds import RESTORED, WORKLOADS, collect

CREATED = "dr.ocpvirt.io/created"
# of each site; more are of no use, as a product restores what it has
KEPT = 5
WHOLE = frozenset(kind.resource for kind in (VM, PVC, PV, NAMESPACE))
# a network is a site's, and may have another name there
EXPECTED = frozenset(kind.resource for kind in RESTORED if kind is not ATTACHMENT_DEFINITION) | WHOLE


class RecordSource(MetadataSource):
    """Records are named <plan>-<site>-<time>."""

    title = "the record"
    announces = True
    restores = False
    holds_content = False

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def label(self, name: str) -> str:
        return f"record {name} in {self._plan.store_namespace}"

    def capture(self, api: Api, timeout: float) -> str:
        self._refuse_workloads(api)
        now = api.clock.now()
        name = f"{self._plan.name}-{api.site}-{now:%Y%m%d%H%M%S}"
        objects: dict[str, list[Any]] = {}
        collected = [(resource, item) for resource, item in collect(self._plan, api) if resource in EXPECTED]
        made_here = {key for resource, item in collected if resource == VM.resource for key in _made_here(item)}
        for resource, item in collected:
            if resource != CONTROLLER_REVISION.resource or _key(item) not in made_here:
                objects.setdefault(resource, []).append(_reduced(resource, item))
        store = self._store(api)
        store.prepare()
        facts = {SITE: api.site, CREATED: now.isoformat(timespec="seconds")}
        store.put_record(self._plan.name, name, facts, objects)
        self._prune(store, api.site)
        return name

    def announce(self, here: Api, there: Api, name: str) -> str:
        """The other site holds the record too: it is read there when this one is lost."""
        try:
            facts = next(
                annotations for known, annotations in self._store(here).records(self._plan.name) if known == name
            )
            store = self._store(there)
            store.prepare()
            store.put_record(self._plan.name, name, facts, dict(self.manifests(here, name).objects))
            self._prune(store, here.site)
        except DrError as error:
            return str(error)
        return ""

    def mark_incomplete(self, api: Api, name: str, reason: str) -> None:
        self._store(api).annotate_record(name, {INCOMPLETE: reason[:500]})

    def remove(self, here: Api, there: Api, name: str) -> None:
        for api in (here, there):
            self._store(api).drop_record(name)

    def catalog(self, api: Api) -> list[CaptureInfo]:
        found = [
            CaptureInfo(
                name=name,
                site=facts.get(SITE, ""),
                created=facts.get(CREATED, ""),
                phase="Recorded",
                complete=INCOMPLETE not in facts,
            )
            for name, facts in self._store(api).records(self._plan.name)
        ]
        return sorted(found, key=lambda info: info.created, reverse=True)

    def manifests(self, api: Api, name: str) -> Capture:
        try:
            objects = self._store(api).load_record(name)
        except Failed as error:
            if error.status is not None:
                raise
            objects, seen = None, error.seen
        else:
            seen = "it is gone"
        if objects is None:
            raise TerminalState(
                "read the record",
                site=api.site,
                on=self.label(name),
                seen=seen,
                next_step="run protect, which makes a new one, or choose another",
            )
        return Capture(name, objects)

    def restore(
        self,
        api: Api,
        name: str,
        run_id: str,
        exclude: Sequence[str],
        timeout: float,
        update: bool,
        verify_lock: Callable[[], None],
    ) -> dict[str, int]:
        raise Unsupported(
            "restore from a record",
            site=api.site,
            on=self.label(name),
            seen=f"metadata.source is {self._plan.metadata.source}: {self.brought_by} restores",
            next_step=f"{self.bring_it}; what came is verified then",
        )

    def _store(self, api: Api) -> RunStore:
        return RunStore(api, self._plan.store_namespace)

    def _prune(self, store: RunStore, site: str) -> None:
        """The newest ones of that site stay."""
        names = [name for name, facts in store.records(self._plan.name) if facts.get(SITE) == site]
        for name in sorted(names)[:-KEPT]:
            store.drop_record(name)

    def _refuse_workloads(self, api: Api) -> None:
        query = self._plan.selector.to_query() or None
        found = [
            f"{kind.kind}/{item['metadata']['namespace']}/{item['metadata']['name']}"
            for kind in WORKLOADS
            for namespace in self._plan.namespaces
            for item in _listed(api, kind, namespace, query)
            if not item["metadata"].get("ownerReferences")
        ]
        if found:
            raise Refused(
                f"record what {self.brought_by} has to bring",
                site=api.site,
                on=found[0],
                seen=f"the plan selects {len(found)} workloads beside its VMs",
                wanted=f"VMs only: a workload that {self.brought_by} brings starts before its volumes are verified",
                next_step="leave them out by protect.selector, or use metadata.source oadp or export",
            )


def _listed(api: Api, kind: Kind, namespace: str, query: str | None) -> list[Any]:
    try:
        return api.list(kind, namespace, labels=query)
    except NotFound:
        return []


def _without_revisions(vm: Mapping[str, Any]) -> dict[str, Any]:
    """A status does not come along: where it is brought, KubeVirt makes revisions of its own."""
    status = {key: value for key, value in (vm.get("status") or {}).items() if key not in MATCHERS.values()}
    return {**{key: value for key, value in vm.items() if key != "status"}, **({"status": status} if status else {})}


def _made_here(vm: Mapping[str, Any]) -> set[str]:
    """Keys of the ControllerRevisions that the VM's status alone names."""
    named = set(revisions(_without_revisions(vm)).values())
    return {f"{vm['metadata']['namespace']}/{name}" for name in set(revisions(vm).values()) - named}


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace')}/{item['metadata']['name']}"


def _reduced(resource: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Whole where it is compared; else what names it."""
    found = cleaned(item)
    if resource == VM.resource:
        return _without_revisions(found)
    if resource in WHOLE:
        return found
    meta = {key: found["metadata"][key] for key in ("name", "namespace", "labels") if key in found["metadata"]}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": meta}
