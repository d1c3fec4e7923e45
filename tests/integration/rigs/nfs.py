# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export of the lab's storage servers."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.texts import get, put
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages import AnyStorage
from demo.workload import NFS, plan_document

EXPORT = "contract"
# nothing listens there
CLOSED = "http://127.0.0.1:9"
SETTLED_WITHIN = 60


class NfsRig:
    server = "storage"

    def __init__(self, lab: Lab, storage: AnyStorage = NFS) -> None:
        self._lab = lab
        environment = lab.environment()
        self._sites: dict[str, Any] = environment["sites"]
        self._document = plan_document(environment, storage=storage)
        self._document["replication"]["groups"] = [{"name": EXPORT, "selector": {}}]
        for site, options in self._document["replication"]["options"]["sites"].items():
            options["path"] = f"{self._sites[site]['export_prefix']}/{EXPORT}"
        self._plan = parse_plan(self._document)
        self.group = self._plan.groups[0]

    @property
    def provider(self) -> Provider:
        return _provider(self._plan)

    def write(self, site: str, text: str) -> None:
        url = f"{self._sites[site]['storage_url']}/v1/exports/{EXPORT}/volumes/volume"
        requests.post(url, json={}, timeout=10).raise_for_status()
        put(self._folder(site), text)

    def read(self, site: str) -> str:
        return get(self._folder(site))

    def await_arrived(self, site: str) -> None:
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            seen = self.provider.observe(self.group, site)
            return [] if seen.last_sync and seen.last_sync >= asked else [f"{seen.last_sync} {seen.message}"]

        wait_until("the next transfer", SETTLED_WITHIN, missing)

    def cut(self) -> None:
        self._lab.run("partition")

    def join(self) -> None:
        self._lab.run("heal")

    def without_answer(self, site: str) -> tuple[Provider, Group]:
        return self._changed(site, control=CLOSED)

    def impatient(self) -> tuple[Provider, Group]:
        return self._changed("east", timeout="3s")

    def remove(self) -> None:
        with ExitStack() as ends:
            for site in reversed(self._sites):
                ends.callback(self._remove_at, site)

    def _remove_at(self, site: str) -> None:
        with ExitStack() as ends:
            ends.callback(shutil.rmtree, self._folder(site).parent, ignore_errors=True)
            answer = requests.delete(f"{self._sites[site]['storage_url']}/v1/exports/{EXPORT}", timeout=10)
            if answer.status_code != requests.codes.not_found:
                answer.raise_for_status()

    def _changed(self, site: str, **changes: Any) -> tuple[Provider, Group]:
        """For the group with other options at a site."""
        options = self._document["replication"]["options"]["sites"]
        sites = {**options, site: {**options[site], **changes}}
        plan = parse_plan(
            {**self._document, "replication": {**self._document["replication"], "options": {"sites": sites}}}
        )
        return _provider(plan), plan.groups[0]

    def _folder(self, site: str) -> Path:
        return Path(self._sites[site]["storage_root"]) / EXPORT / "volume"


def _provider(plan: Plan) -> Provider:
    return Groups(plan).provider(plan.groups[0])
