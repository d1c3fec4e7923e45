# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs with a volume each at east, their plan, their capture, and their failover to west by the playbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import instant_boots
from demo.cluster import wait_until
from demo.lab import Lab
from demo.playbook import Played, play
from ocpvirt_lab.dead_address import DeadAddress
from ocpvirt_lab.site_client import Object, SiteClient
from ocpvirt_lab.storm_fleet import NAMESPACES, PLAN_LABEL, Fleet
from ocpvirt_lab.storm_instant import InstantVms

SOURCE, TARGET = "east", "west"
CAP = 200
# seconds between two transfers of an export that has nothing in it
INTERVAL = 3600
BOUND_WITHIN = 600
SYNCED_WITHIN = 240
# a reading of the object store so long after the last sign of life holds all captures, whatever the clocks say
CLOCK_MARGIN = timedelta(seconds=65)
LOCATIONS = "/apis/velero.io/v1/namespaces/velero/backupstoragelocations"
PVS = "/api/v1/persistentvolumes"


@dataclass(frozen=True)
class FailoverFleet:
    """count VMs, in a namespace and a plan of that name. sites: as `lab env` describes them."""

    name: str
    count: int
    sites: Mapping[str, Any]
    folder: Path

    @property
    def claims_path(self) -> str:
        return f"{NAMESPACES}/{self.name}/persistentvolumeclaims"

    def at(self, site: str) -> Fleet:
        return Fleet(client_of(self.sites, site), self.name, self.count)

    def create(self) -> None:
        client, vms = client_of(self.sites, SOURCE), self.at(SOURCE)
        client.call("POST", NAMESPACES, {"metadata": {"name": self.name}})
        for path, make in ((self.claims_path, self._claim), (PVS, self._volume), (vms.path, self._vm)):
            client.each(lambda name, path=path, make=make: client.call("POST", path, make(name)), vms.names)

        def unbound() -> list[str]:
            claims = client.list(self.claims_path)[0]
            return [item["metadata"]["name"] for item in claims if item["status"]["phase"] != "Bound"]

        wait_until("bound claims", BOUND_WITHIN, unbound)

    def protect(self) -> None:
        played = self._play("protect", self.plan_file(), "-e", f"dr_site={SOURCE}")
        if played.returncode:
            raise RuntimeError(f"protect failed: {played.output[-3000:]}")

    def failed_over(self, plan: Path | None = None) -> Played:
        """With VMs that are ready as soon as they are asked to start."""
        with InstantVms(self.at(TARGET)):
            asked = ("-e", f"dr_target={TARGET}", "-e", f"dr_declare_lost={SOURCE}")
            reports = ("-e", f"dr_reports={self.folder / 'reports'}")
            played = self._play("failover", plan or self.plan_file(), *asked, *reports)
        if played.returncode:
            raise RuntimeError(f"failover failed: {played.output[-3000:]}")
        return played

    def plan_file(self, changes: Mapping[str, Mapping[str, str]] | None = None) -> Path:
        """changes: by site, what the plan's way to it has in place of the lab's kubeconfig and storage_url."""
        sites = {site: {**facts, **(changes or {}).get(site, {})} for site, facts in self.sites.items()}
        file = self.folder / f"{self.name}.yml"
        file.write_text(yaml.safe_dump(self._plan(sites)))
        return file

    def way_to_source(self, api: DeadAddress, storage: DeadAddress) -> dict[str, str]:
        """For plan_file: to it by other addresses."""
        usual = Path(self.sites[SOURCE]["kubeconfig"])
        kubeconfig = api.kubeconfig(usual, self.folder / f"{self.name}-{SOURCE}.kubeconfig")
        return {"kubeconfig": str(kubeconfig), "storage_url": f"http://{storage.place}"}

    def _play(self, playbook: str, plan: Path, *options: str) -> Played:
        return play(playbook, self.folder / f"{self.name}.log", "-e", f"dr_plan={plan}", *options, show=False)

    def _plan(self, sites: Mapping[str, Any]) -> Object:
        name = self.name
        return {
            "name": name,
            "home": SOURCE,
            "sites": {site: {"kubeconfig": str(facts["kubeconfig"])} for site, facts in sites.items()},
            "protect": {"namespaces": [name], "selector": {"matchLabels": {PLAN_LABEL: name}}},
            "replication": {
                "provider": "nfs",
                "groups": [{"name": name, "selector": {}}],
                "options": {
                    "interval": INTERVAL,
                    "sites": {
                        site: {
                            "control": facts["storage_url"],
                            "peer": facts["replication_peer"],
                            "server": facts["nfs_server"],
                            "path": f"{facts['export_prefix']}/{name}",
                        }
                        for site, facts in sites.items()
                    },
                },
            },
            "volumes": {
                "rules": [
                    {
                        "match": {
                            "nfs": {
                                "server": [facts["nfs_server"] for facts in sites.values()],
                                "path": f".*/{name}/(?P<volume>[^/]+)",
                            }
                        },
                        "set": {
                            site: {
                                "nfs.server": facts["nfs_server"],
                                "nfs.path": f"{facts['export_prefix']}/{name}/{{match.volume}}",
                                "storageClassName": facts["storage_class"],
                            }
                            for site, facts in sites.items()
                        },
                    }
                ]
            },
            "metadata": {"source": "oadp", "namespace": "velero", "schedule": "0 2 * * *", "keep": "14d"},
            "startup": {"max_starting": CAP, "readiness": {"agent": True, "timeout": "10m"}},
        }

    def _volume(self, name: str) -> Object:
        facts = self.sites[SOURCE]
        return {
            "metadata": {"name": f"{self.name}-{name}"},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": facts["storage_class"],
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": self.name, "name": name},
                "nfs": {"server": facts["nfs_server"], "path": f"{facts['export_prefix']}/{self.name}/{name}"},
            },
        }

    def _claim(self, name: str) -> Object:
        return {
            "metadata": {"name": name, "namespace": self.name},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": self.sites[SOURCE]["storage_class"],
                "volumeName": f"{self.name}-{name}",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }

    def _vm(self, name: str) -> Object:
        disk = {"name": "root", "disk": {"bus": "virtio"}}
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachine",
            "metadata": {"name": name, "namespace": self.name, "labels": {PLAN_LABEL: self.name}},
            "spec": {
                "runStrategy": "Always",
                "template": {
                    "spec": {
                        "domain": {"devices": {"disks": [disk]}, "memory": {"guest": "64Mi"}},
                        "volumes": [{"name": "root", "persistentVolumeClaim": {"claimName": name}}],
                    }
                },
            },
        }


@contextmanager
def protected_fleets(lab: Lab, folder: Path, counts: Mapping[str, int]) -> Iterator[list[FailoverFleet]]:
    """By name so many VMs, captured at a site that is lost then. Both sites are empty again at the end."""
    sites = lab.environment()["sites"]
    fleets = [FailoverFleet(name, count, sites, folder) for name, count in counts.items()]
    with ExitStack() as stack:
        stack.callback(lab.run, "reset")
        for site in (SOURCE, TARGET):
            stack.enter_context(instant_boots(lab, site))
        for fleet in fleets:
            fleet.create()
            fleet.protect()
        lab.run("lose", SOURCE)
        stack.callback(lab.run, "restore", SOURCE)
        _await_object_store_read(client_of(sites, TARGET), datetime.now(UTC) + CLOCK_MARGIN)
        yield fleets


def client_of(sites: Mapping[str, Any], site: str) -> SiteClient:
    return SiteClient(Path(sites[site]["kubeconfig"]))


def _await_object_store_read(client: SiteClient, moment: datetime) -> None:
    """Velero reads it once a minute: a failover that began earlier would wait for that, and be measured with it."""

    def unread() -> list[str]:
        read = {
            item["metadata"]["name"]: item.get("status", {}).get("lastSyncedTime") for item in client.list(LOCATIONS)[0]
        }
        return [name for name, at in read.items() if at is None or datetime.fromisoformat(at) < moment]

    wait_until("Velero to read the object store", SYNCED_WITHIN, unread)
