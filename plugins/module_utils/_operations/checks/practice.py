# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What experienced people look for in a plan's objects before a move: lists of both sites, judged by pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..._cluster.api import Api, Object, describe
from ..._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    CLUSTER_INSTANCETYPE,
    CLUSTER_PREFERENCE,
    CONFIG_MAP,
    DATA_VOLUME,
    INGRESS,
    POD,
    ROUTE,
    SECRET,
    SERVICE,
    VM,
    VMI,
    Kind,
)
from ..._errors import DrError, NotFound
from ..._model.finding import Finding
from ..._model.group_status import GroupStatus
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..._model.vm_needs import keeps_state, state_claims
from ..._model.workload import controller_of
from ..._planning.practice.addresses import static_addresses
from ..._planning.practice.agent import silent_agents
from ..._planning.practice.clones import clone_origin, cloned_volume
from ..._planning.practice.gitops import implicit_volumes
from ..._planning.practice.imports import registry_imports
from ..._planning.practice.instancetypes import absent_types, cluster_types
from ..._planning.practice.labels import labelled_at_runtime, routes_to, unlabelled
from ..._planning.practice.macs import duplicate_macs
from ..._planning.practice.migration import unmigratable
from ..._planning.practice.names import taken_names
from ..._planning.practice.networks import absent_networks, networks_of_target, wanted_networks
from ..._planning.practice.placement import host_devices, pinned
from ..._planning.practice.reading import reading_move
from ..._planning.practice.sharing import scsi_reservations, shared_volumes
from ..._planning.practice.state import unprotected_states
from ..._planning.practice.uncovered import hotplugged_volumes, removable_media, uncovered_volumes
from ..._planning.vm.networks import NetworkNames
from ..capture.metadata_source import restores
from ..inventory.protected import Protected, key_of
from ..plan.groups import Groups


class Practice:
    """One look at the site where the plan lives. everyone: all VMs of its namespaces, found: what the plan protects."""

    def __init__(self, plan: Plan, source: Api, everyone: Mapping[str, Object], found: Protected) -> None:
        self._plan = plan
        self._source = source
        self._everyone = everyone
        self._found = found
        self._label = protected_label(plan.name)
        self._states = state_claims(found.claims)
        self._unread: list[Finding] = []

    def findings(self, target: Api | None, replication: Groups, statuses: Sequence[GroupStatus]) -> list[Finding]:
        """target: absent when it does not answer. statuses: of the groups where the plan lives."""
        found = [*self._volumes(), *self._objects(), *self._clones(replication, statuses), *self._networks(target)]
        found += self._readings(replication)
        found += self._types(target) if target else ()
        site = self._source.site
        return [replace(item, site=item.site or site) for item in [*found, *self._unread]]

    def _volumes(self) -> Iterator[Finding]:
        vms, claims = self._found.vms.values(), self._found.claims
        yield from implicit_volumes(vms)
        yield from unmigratable(vms, claims)
        yield from shared_volumes(self._everyone.values(), self._found.vms.keys())
        yield from scsi_reservations(vms)
        yield from uncovered_volumes(vms)
        yield from removable_media(vms)
        yield from pinned(vms)
        yield from host_devices(vms)
        yield from unprotected_states(vms, claims, self._label)

    def _objects(self) -> Iterator[Finding]:
        vms, claims = self._found.vms, self._found.claims
        data_volumes = self._all(self._source, DATA_VOLUME)
        running = self._all(self._source, VMI)
        pods = self._all(self._source, POD, labels=self._label)
        services = {key for kind, key in self._found.others if kind is SERVICE}
        routes = [*self._all(self._source, ROUTE), *self._all(self._source, INGRESS)] if services else []
        yield from registry_imports(vms.values(), data_volumes, claims.keys())
        yield from hotplugged_volumes(vms, running)
        yield from silent_agents(vms, running, self._plan.startup)
        yield from labelled_at_runtime(vms.values(), [*running, *pods], self._label)
        # of a VM's state more is said than that its claim lacks the label
        states = {key for vm in vms.values() if keeps_state(vm) for key in self._states.get(key_of(vm), ())}
        belongs = [*vms.values(), *(pvc for key, pvc in claims.items() if key not in states)]
        belongs += self._found.others.values()
        known = {(kind.kind, key) for kind, key in self._found.others}
        more = [item for item in data_volumes if key_of(item) in claims]
        more += [item for item in routes_to(services, routes) if controller_of(item) is None]
        belongs += [item for item in more if (item["kind"], key_of(item)) not in known]
        yield from unlabelled(belongs, self._label)

    def _clones(self, replication: Groups, statuses: Sequence[GroupStatus]) -> Iterator[Finding]:
        """A clone that is replicated well by now stands alone, or the product knows how to handle it."""
        well = {status.group for status in statuses if (status.role, status.health) == ("primary", "healthy")}
        for key, pvc in self._found.claims.items():
            origin = clone_origin(pvc)
            groups = self._plan.group_for(pvc["metadata"].get("labels") or {})
            if origin and key in self._found.volumes and len(groups) == 1 and groups[0].name not in well:
                remedy = replication.provider(groups[0]).clone_remedy(self._found.volumes[key])
                if remedy:
                    yield cloned_volume(pvc, origin, remedy)

    def _readings(self, replication: Groups) -> Iterator[Finding]:
        members: dict[str, list[Object]] = {}
        for key, pvc in self._found.claims.items():
            for group in self._plan.group_for(pvc["metadata"].get("labels") or {}):
                members.setdefault(group.name, []).extend(filter(None, [self._found.volumes.get(key)]))
        for group in self._plan.groups:
            try:
                remedy = replication.provider(group).reading_remedy(group, self._source.site)
            except DrError:
                # of options that cannot be read its status says more
                continue
            if remedy and group.name in members:
                yield reading_move(group.name, members[group.name], remedy)

    def _networks(self, target: Api | None) -> Iterator[Finding]:
        vms, source = self._found.vms, self._source
        names = NetworkNames(self._plan.attachments, source.site, self._plan.peer_of(source.site))
        yield from networks_of_target(vms.values(), names)
        secrets, config_maps = (
            {key: item for (of_kind, key), item in self._found.others.items() if of_kind is kind}
            for kind in (SECRET, CONFIG_MAP)
        )
        yield from static_addresses(vms.values(), secrets, config_maps, names)
        if target is None:
            return
        wanted = wanted_networks(vms.values(), names)
        here = self._all(source, ATTACHMENT_DEFINITION, {before.split("/")[0] for before, _after in wanted})
        there = self._all(target, ATTACHMENT_DEFINITION, {after.split("/")[0] for _before, after in wanted})
        yield from absent_networks(
            wanted, {key_of(item): item for item in here}, {key_of(item) for item in there}, self._label, target.site
        )
        at_target = self._listed(target, VM, None)
        if restores(self._plan):
            yield from taken_names(vms.keys(), at_target, self._plan.name, target.site, self._plan.metadata.prestage)
        else:
            # brought by Git or a product, under their own names
            at_target = [vm for vm in at_target if key_of(vm) not in vms]
        yield from duplicate_macs(vms.values(), [vm for vm in at_target if not self._is_ours(vm)], names)

    def _types(self, target: Api) -> Iterator[Finding]:
        wanted = cluster_types(self._found.vms.values())
        there = {
            (kind.kind, item["metadata"]["name"])
            for kind in (CLUSTER_INSTANCETYPE, CLUSTER_PREFERENCE)
            if any(of_kind == kind.kind for of_kind, _name in wanted)
            for item in self._listed(target, kind, None)
        }
        yield from absent_types(wanted, there, target.site)

    def _is_ours(self, vm: Object) -> bool:
        """Whether it is of the plan, as an earlier stay left it."""
        selected = self._plan.selector.matches(vm["metadata"].get("labels") or {})
        return selected and vm["metadata"]["namespace"] in self._plan.namespaces

    def _all(
        self, api: Api, kind: Kind, namespaces: Iterable[str] | None = None, labels: str | None = None
    ) -> list[Object]:
        wanted = self._plan.namespaces if namespaces is None else sorted(namespaces)
        return [item for namespace in wanted for item in self._listed(api, kind, namespace, labels)]

    def _listed(self, api: Api, kind: Kind, namespace: str | None, labels: str | None = None) -> list[Object]:
        known = self._found.extras.get((kind, namespace or "")) if api is self._source else None
        if known is not None:
            return list(known.values())
        try:
            return api.list(kind, namespace, labels=labels)
        except NotFound:
            # not every cluster serves every kind
            return []
        except DrError as error:
            remedy = error.next_step or "see the message"
            on = describe(kind, namespace, None)
            self._unread.append(
                Finding("warning", "NotChecked", on, f"it could not be listed: {error}", remedy, api.site)
            )
            return []
