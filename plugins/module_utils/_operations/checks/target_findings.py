# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check looks for at the site to which a plan would move: what is up, what is missing, who decides there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import CONFIG_MAP, KUBEVIRT, NAMESPACE, PVC, SECRET, VM, Kind
from ..._errors import DrError, NotFound
from ..._model.finding import Finding
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..._planning.guards.elsewhere import up_elsewhere
from ..._planning.guards.keys import KMS_CONFIGS, key_findings, key_needs
from ..._planning.guards.owners import managed_namespaces, of_two_plans, strangers, syncing_controllers
from ..._planning.guards.versions import absent_kinds, kubevirt_findings
from ..inventory.protected import Protected, key_of, running_vmis
from ..inventory.remains import machines_at
from ..stop.gitops import applications_of
from .volume_findings import VolumeView


class TargetCheck:
    """One look at the target. found: what the plan protects at the source, volumes: as they would be at the target."""

    def __init__(self, plan: Plan, source: Api, target: Api, found: Protected, volumes: VolumeView) -> None:
        self._plan = plan
        self._source = source
        self._target = target
        self._found = found
        self._volumes = volumes

    def findings(self) -> list[Finding]:
        found: list[Finding] = []
        for look in (self._up, self._keys, self._versions, self._owners, self._controllers):
            found += self._tried(look)
        return found

    def _tried(self, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
        """What one look finds; one that is not allowed hides nothing of the others."""
        try:
            return list(look())
        except DrError as error:
            on, remedy = error.on or f"Site/{self._target.site}", error.next_step or "see the message"
            return [Finding("warning", "NotChecked", on, str(error), remedy, error.site or self._target.site)]

    def _up(self) -> Iterator[Finding]:
        if self._plan.metadata.prestage:
            return  # a finding of the stage
        left = machines_at(self._plan, self._target)
        at_home = running_vmis(self._plan, self._source, set(self._found.vms)) if left else ()
        yield from up_elsewhere(left, {f"VirtualMachineInstance/{key}" for key in at_home}, self._target.site)

    def _keys(self) -> Iterator[Finding]:
        needs = key_needs(self._volumes.pairs)
        brought = {key for kind, key in self._found.others if kind is SECRET}
        here = self._secrets(self._source, {*needs.tenants, *(before for before, _after in needs.passphrases)})
        there = self._secrets(self._target, {*needs.secrets, *needs.tenants})
        configs = {
            namespace: [config for name in KMS_CONFIGS if (config := self._target.find(CONFIG_MAP, name, namespace))]
            for namespace, _service in needs.services
        }
        yield from key_findings(needs, brought, here, there, configs, self._target.site)

    def _versions(self) -> Iterator[Finding]:
        wanted: dict[str, list[str]] = {}
        versions = set()
        for kind, key in self._found.others:
            if "." in kind.group:
                wanted.setdefault(kind.resource, []).append(key)
                versions.add((kind.group, kind.version))
        served = {resource for version in sorted(versions) for resource in self._served(*version)}
        yield from absent_kinds(wanted, served, self._target.site)
        here, there = (next(iter(api.list(KUBEVIRT)), None) for api in (self._source, self._target))
        yield from kubevirt_findings(here, there, self._target.site)

    def _served(self, group: str, version: str) -> Iterator[str]:
        try:
            found = self._target.raw(f"/apis/{group}/{version}")
        except NotFound:
            return
        yield from (f"{item['name']}.{group}" for item in found["resources"])

    def _owners(self) -> Iterator[Finding]:
        target, namespaces = self._target.site, self._plan.namespaces
        there = [space for name in namespaces if (space := self._target.find(NAMESPACE, name))]
        yield from managed_namespaces(there, bool(applications_of(self._plan, target)), target)
        others = [item for kind in (VM, PVC) for item in self._unprotected(self._target, kind)]
        if others:
            known = {(kind.kind, key_of(item)) for kind in (VM, PVC) for item in self._unprotected(self._source, kind)}
            known |= {(VM.kind, key) for key in self._found.vms} | {(PVC.kind, key) for key in self._found.claims}
            yield from strangers(others, known, self._plan.name, target)

    def _unprotected(self, api: Api, kind: Kind) -> list[Object]:
        """In the plan's namespaces, and without its label."""
        labels = f"!{protected_label(self._plan.name)}"
        return [item for namespace in self._plan.namespaces for item in api.list(kind, namespace, labels=labels)]

    def _controllers(self) -> Iterator[Finding]:
        """At the site where the plan lives."""
        vms, site = self._found.vms.values(), self._source.site
        yield from syncing_controllers(vms, bool(applications_of(self._plan, site)), site)
        yield from of_two_plans(vms, self._plan.name, site)

    def _secrets(self, api: Api, keys: Iterable[str]) -> dict[str, Object]:
        def read(key: str) -> Object | None:
            namespace, _slash, name = key.partition("/")
            return api.find(SECRET, name, namespace)

        outcome = for_each(sorted(keys), read)
        for _key, error in outcome.failed:
            raise error
        return {key: secret for key, secret in outcome.done if secret is not None}
