# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM's driver behind csi-addons, as its source has it: mirrors of volumes, and volume groups with a policy.

A verb is looked up by the request's handle and system. What is not found is made by a promotion, and is a
FailedPrecondition for all other verbs. A mirror that stands still is started from the side that is to be given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION_CLASS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import (
    AddonsApi,
    PreconditionFailed,
    Storage,
    other,
)

EPOCH = "1970-01-01T00:00:00Z"


class NotFoundOnArray(PreconditionFailed, RuntimeError):
    """The gRPC code FailedPrecondition."""


def handle_of(site: str, volume: str) -> str:
    return f"SVC:1;{site.upper()}{volume.upper()}"


@dataclass
class IbmArrays(Storage):
    """requests: of each volume the parameters and the handle of the last call.

    mirrors: volume to the site that is primary, empty while the relationship stands still. orders: what the driver did.
    demotes: whether a demotion by a policy does anything.
    """

    requests: dict[tuple[str, str], tuple[dict[str, str], str]] = field(default_factory=dict)
    mirrors: dict[str, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    demotes: bool = True

    def enable(self, site: str, volume: str) -> None:
        _parameters, handle = self._request(site, volume)
        if self._found(site, volume):
            return
        copy = next((name for name in self._volumes() if handle_of(other(site), name) == handle), volume)
        self.orders.append(f"relationship of {volume} from {site} to {copy}")
        self.mirrors[volume] = site
        self.data[other(site), copy] = list(self.copy(site, volume))
        self._show(volume)

    def promote(self, site: str, volume: str, force: bool) -> None:
        self._check(site, volume)
        if self.broken == "promote":
            raise NotFoundOnArray("the volume is still in use")
        if self.mirrors[volume] == site:
            return
        if not self.linked:
            self._stop(site, volume)
        else:
            self._switch(site, volume)

    def demote(self, site: str, volume: str) -> None:
        policy = self._check(site, volume)
        if policy:
            # the volume group stays in production: a checkpoint is all that it gets
            if self.mirrors[volume] == site and self.demotes:
                self._checkpoint(site, volume)
            return
        if self.mirrors[volume] in (site, ""):
            if not self.linked:
                raise RuntimeError("the relationship is not synchronized")
            self._switch(other(site), volume)

    def resync(self, site: str, volume: str, force: bool) -> bool:
        policy = self._check(site, volume)
        return bool(policy) or (self.linked and bool(self.mirrors[volume]))

    def started(self, volume: str, primary: str) -> None:
        """By hand, on the storage system."""
        self.mirrors[volume] = primary
        self.data[other(primary), volume] = list(self.copy(primary, volume))
        self._show(volume)

    def _check(self, site: str, volume: str) -> str:
        parameters, _handle = self._request(site, volume)
        if not self._found(site, volume):
            raise NotFoundOnArray(f"could not find replication for {volume}")
        return parameters.get("replication_policy", "")

    def _request(self, site: str, volume: str) -> tuple[dict[str, str], str]:
        parameters, handle = self.requests[site, volume]
        if "replication_policy" in parameters and (handle or "system_id" in parameters):
            raise RuntimeError("got an invalid parameter: replicationHandle")
        if "replication_policy" not in parameters and not handle:
            raise RuntimeError("replication_id should not be empty")
        return parameters, handle

    def _found(self, site: str, volume: str) -> bool:
        parameters, handle = self._request(site, volume)
        if volume not in self.mirrors:
            return False
        return "replication_policy" in parameters or (
            handle == handle_of(other(site), volume) and parameters.get("system_id") == f"system-{other(site)}"
        )

    def _switch(self, primary: str, volume: str) -> None:
        if not self.mirrors[volume]:
            self.orders.append(f"{volume} started from {other(primary)} by force")
            self.data[primary, volume] = list(self.copy(other(primary), volume))
        self._checkpoint(other(primary), volume)
        self.mirrors[volume] = primary
        self._show(volume)

    def _checkpoint(self, site: str, volume: str) -> None:
        if not self.linked:
            raise RuntimeError("the checkpoint was not reached")
        self.data[other(site), volume] = list(self.copy(site, volume))

    def _stop(self, site: str, volume: str) -> None:
        self.mirrors[volume] = ""
        self.roles[site, volume] = self.roles[other(site), volume] = "primary"

    def _show(self, volume: str) -> None:
        for site in ("east", "west"):
            self.roles[site, volume] = "primary" if self.mirrors[volume] == site else "secondary"

    def _volumes(self) -> set[str]:
        return {name for _site, name in self.requests}


class IbmApi(AddonsApi):
    """times: what the driver tells of a sync: `now`, `never` (the epoch), or `none` at all, as the oldest did."""

    storage: IbmArrays
    times = "now"

    def _volumes(self, item: dict[str, Any]) -> list[str]:
        volumes = super()._volumes(item)
        spec = item["spec"]
        found = self.objects[VOLUME_REPLICATION_CLASS.kind, None, spec["volumeReplicationClass"]]["spec"]
        for volume in volumes:
            self.storage.requests[self.site, volume] = found["parameters"], spec.get("replicationHandle", "")
        return volumes

    def _info(self, item: dict[str, Any], status: dict[str, Any], volumes: list[str]) -> float:
        status["state"] = "Primary"
        if self.times != "none":
            status["lastSyncTime"] = self._now() if self.times == "now" else EPOCH
        return 60.0

    def _fail(self, item: dict[str, Any], reason: str, error: Exception) -> None:
        super()._fail(item, reason, error)
        if reason == "FailedToPromote" and isinstance(error, PreconditionFailed):
            self._set(item, "Completed", "False", reason, "failed to force promote volume")
