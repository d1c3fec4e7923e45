# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group of CSI volumes, bound to claims at both sites, whatever replicates them."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import requests
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_other, open_site
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.integration.rigs.texts import get, put
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages import Storage
from demo.storages.csi_addons import synced_since

SITES = ("east", "west")
SPACE = "csi-contract"
PLAN = "contract"
ARRIVED_WITHIN = 120
BOUND_WITHIN = 150
GONE_WITHIN = 120


class ClaimedVolumesRig(ABC):
    """Texts are written to all volumes. made: kinds that the provider creates, with their namespaces.

    server: kube-apiserver, which a custom resource's product answers through.
    """

    provider_type: ClassVar[type[Provider]]
    made: ClassVar[tuple[tuple[Kind, str | None], ...]]
    # of the waits of a provider that is to give up soon, but not before the product's first report; csi-addons' comes
    # 15 s after a demotion
    impatience: ClassVar[str] = "25s"
    server = "kube-apiserver"

    def __init__(self, lab: Lab, storage: Storage, volumes: int = 2) -> None:
        self._lab = lab
        self._storage = storage
        self.sites: dict[str, dict[str, Any]] = lab.environment()["sites"]
        self.volumes = [f"contract-{number}" for number in range(volumes)]
        self.plan = parse_plan(self.document())
        self.group: Group = self.plan.groups[0]
        self.apis = {site: open_site(self.plan, site) for site in SITES}
        # what takes away what was made, the newest first; each is tried, also where another one has failed
        self._ends = ExitStack()
        with ExitStack() as cut_off:
            cut_off.callback(self.remove)
            self._prepare()
            for site in reversed(SITES):
                self._ends.callback(self._remove_at, site)
            self._provision()
            for site in SITES:
                self._claim(site)
            self._begin()
            cut_off.pop_all()

    def _prepare(self) -> None:  # noqa: B027
        """Before there are volumes; what it leaves to `_ends` is ended after they have gone."""

    def _provision(self) -> None:
        self._storage.provision(self.sites["east"], self.sites["west"], self.volumes)

    def _begin(self) -> None:  # noqa: B027
        """With volumes that are bound; what it leaves to `_ends` is ended before they go."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """`options` of the plan's replication but for `sites`."""

    @abstractmethod
    def options_at(self, site: str) -> dict[str, Any]: ...

    def document(self, of_each_site: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        of_sites = {site: {**self.options_at(site), **(of_each_site or {})} for site in self.sites}
        return {
            "name": PLAN,
            "home": "east",
            "sites": {name: {"kubeconfig": site["kubeconfig"]} for name, site in self.sites.items()},
            "protect": {"namespaces": [SPACE], "selector": {}},
            "replication": {
                "provider": self.provider_type.name,
                "groups": [{"name": PLAN, "selector": {}}],
                "options": {**self.options(), **options, "sites": of_sites},
            },
        }

    @property
    def provider(self) -> Provider:
        return self.provider_with()[0]

    def provider_with(self, silent: str = "", apis: dict[str, Api] | None = None, **options: Any) -> tuple[Any, Group]:
        """silent: a site that does not answer."""
        plan = parse_plan(self.document(**options))

        def opened(site: str) -> Api:
            if site == silent:
                raise Unreachable("connect", site=site, seen="no answer")
            return (apis or {}).get(site) or open_site(plan, site)

        handles = {
            site: SiteHandle(site, plan, lambda site=site: opened(site), connect=open_other)  # type: ignore[misc]
            for site in SITES
        }
        return self.provider_type(handles), plan.groups[0]

    def write(self, site: str, text: str) -> None:
        for volume in self.volumes:
            put(self._folder(site, volume), text)

    def read(self, site: str) -> str:
        """What all copies hold; they are named if they differ."""
        texts = {get(self._folder(site, volume)) for volume in self.volumes}
        return texts.pop() if len(texts) == 1 else f"differ: {sorted(texts)}"

    def await_arrived(self, site: str) -> None:
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            answer = requests.get(f"{self.sites[site]['storage_url']}/v1/exports", timeout=30).json()
            arrived = {item["name"] for item in answer["exports"] if synced_since(item, asked)}
            return [volume for volume in self.volumes if volume not in arrived]

        wait_until("the next transfers", ARRIVED_WITHIN, missing)

    def cut(self) -> None:
        self._lab.run("partition")

    def join(self) -> None:
        self._lab.run("heal")

    def without_answer(self, site: str) -> tuple[Provider, Group]:
        return self.provider_with(silent=site)

    def impatient(self) -> tuple[Provider, Group]:
        return self.provider_with(timeout=self.impatience)

    def remove(self) -> None:
        self._ends.close()

    def _remove_at(self, site: str) -> None:
        with ExitStack() as ends:
            ends.callback(self._remove_data, site)
            ends.callback(self._remove_claims, site)
            for kind, space in reversed(self.made):
                ends.callback(self._end, site, kind, space)

    def _remove_claims(self, site: str) -> None:
        for volume in self.volumes:
            self.apis[site].delete(PVC, volume, SPACE)
            self.apis[site].delete(PV, volume)
        self._await_none(site, PVC, SPACE)

    def _remove_data(self, site: str) -> None:
        for volume in self.volumes:
            answer = requests.delete(f"{self.sites[site]['storage_url']}/v1/exports/{volume}", timeout=30)
            if answer.status_code != requests.codes.not_found:
                answer.raise_for_status()
            shutil.rmtree(self._folder(site, volume), ignore_errors=True)

    def _end(self, site: str, kind: Kind, namespace: str | None) -> None:
        for item in self.apis[site].list(kind, namespace):
            self.apis[site].delete(kind, item["metadata"]["name"], namespace)
        self._await_none(site, kind, namespace)

    def _await_none(self, site: str, kind: Kind, namespace: str | None) -> None:
        def left() -> list[str]:
            return [item["metadata"]["name"] for item in self.apis[site].list(kind, namespace)]

        wait_until(f"the end of each {kind.kind} at {site}", GONE_WITHIN, left)

    def _claim(self, site: str) -> None:
        api, facts = self.apis[site], self.sites[site]
        try:
            api.create(NAMESPACE, {"metadata": {"name": SPACE}})
        except Conflict:
            assert api.get(NAMESPACE, SPACE)["status"]["phase"] == "Active"

        def create(volume: str) -> None:
            size = {"storage": "16Mi"}
            spec = {"accessModes": ["ReadWriteMany"], "storageClassName": self._storage.storage_class(facts)}
            reference = {"namespace": SPACE, "name": volume}
            source = self._storage.source(facts, volume)
            body = {"capacity": size, "claimRef": reference, "persistentVolumeReclaimPolicy": "Retain"}
            api.create(PV, {"metadata": {"name": volume}, "spec": {**spec, **body, **source}})
            meta = {**reference, "labels": {protected_label(PLAN): "true", "volume": volume}}
            api.create(PVC, {"metadata": meta, "spec": {**spec, "resources": {"requests": size}, "volumeName": volume}})

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(create, self.volumes))

        def unbound() -> list[str]:
            return [item["metadata"]["name"] for item in api.list(PVC, SPACE) if item["status"]["phase"] != "Bound"]

        wait_until("bound claims", BOUND_WITHIN, unbound)

    def _folder(self, site: str, volume: str) -> Path:
        return Path(self.sites[site]["storage_root"]) / volume
