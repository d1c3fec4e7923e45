# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stork's Action failover as its source of 2024 has it, stage by stage.

Its traps are here: a source that Stork cannot reach is skipped; a last migration that went in part counts; a failover
that fails leaves its schedule suspended; what was activated is written as best it can; all copies of a namespace are
activated at once.
"""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    LAST_MILE,
    MIGRATION,
    MOVED,
    SCHEDULE,
    Object,
    StorkSite,
    created,
    find_one,
    is_activated,
    is_copy,
    migrations_of,
    status_of,
)


class Failover:
    """site: that the Action is at. One step a look, as each of Stork's stages takes at least one."""

    def __init__(self, site: StorkSite, action: Object) -> None:
        self._site = site
        self._action = action
        self._status = status_of(action)
        self._parameter = action["spec"]["actionParameter"]["failoverParameter"]
        self._name = self._parameter["migrationScheduleReference"]
        self._space = action["metadata"]["namespace"]

    def step(self) -> None:
        stages = {
            "": self._validate,
            "ScaleDownSource": self._deactivate,
            "WaitAfterScaleDown": self._wait,
            "LastMileMigration": self._last_mile,
            "ScaleUpSource": lambda: self._to("Final", "Failed"),
            "ScaleUpDestination": self._activate,
        }
        stages[self._status["stage"]]()

    def _validate(self) -> None:
        copied = find_one(self._site, SCHEDULE, self._space, self._name)
        if copied is None or not is_copy(copied):
            return self._to("Final", "Failed", f"the provided MigrationSchedule {self._name} is not created by Stork")
        if self._parameter["skipSourceOperations"] or not self._site.reaches_peer():
            return self._to("ScaleUpDestination")
        original = find_one(self._site.peer, SCHEDULE, self._space, self._name)
        if original is None:
            return self._to("Final", "Failed", f"error fetching the remote MigrationSchedule {self._name}")
        if not original["spec"]["suspend"]:
            original["spec"]["suspend"] = True
            self._site.peer.keep_item(SCHEDULE, original)
        newest = self._newest()
        waits = newest is not None and status_of(newest)["stage"] != "Final"
        return self._to("", "Scheduled") if waits else self._to("ScaleDownSource")

    def _deactivate(self) -> None:
        self._set_activated(self._site.peer, False)
        self._to("WaitAfterScaleDown")

    def _wait(self) -> None:
        newest = self._newest()
        if newest is None or status_of(newest)["status"] not in MOVED:
            return self._to("ScaleUpSource", reason="the latest migration has not completed successfully")
        return self._to("LastMileMigration")

    def _last_mile(self) -> None:
        peer = self._site.peer
        name = f"{self._name}-lastmile-failover-{self._action['metadata']['uid'][:7]}"
        found = find_one(peer, MIGRATION, self._space, name)
        if found is None:
            copied = find_one(self._site, SCHEDULE, self._space, self._name)
            if copied is None:
                self._to("Final", "Failed", f"error fetching the MigrationSchedule {self._name}")
                return
            meta = {"annotations": {LAST_MILE: self._name}}
            peer.make(MIGRATION, self._space, name, {"metadata": meta, "spec": copied["spec"]["template"]["spec"]})
        elif status_of(found)["stage"] == "Final" and status_of(found)["status"] in MOVED:
            self._to("ScaleUpDestination")
        elif status_of(found)["stage"] == "Final":
            reason = f"last mile migration {name} failed: status {status_of(found)['status']}"
            self._to("ScaleUpSource", reason=reason)

    def _activate(self) -> None:
        if not self._site.forgets:
            self._set_activated(self._site, True)
        self._to("Final", "Successful")

    def _set_activated(self, site: StorkSite, value: bool) -> None:
        for item in site.of(SCHEDULE):
            spaces = set(item["spec"]["template"]["spec"]["namespaces"])
            if is_copy(item) and spaces & set(self._parameter["failoverNamespaces"]) and is_activated(item) != value:
                item.setdefault("status", {})["applicationActivated"] = value
                site.keep_item(SCHEDULE, item)

    def _newest(self) -> Object | None:
        return max(migrations_of(self._site.peer, self._name), key=created, default=None)

    def _to(self, stage: str, status: str = "", reason: str = "") -> None:
        new = {"stage": stage, "status": status, **({"reason": reason} if reason else {})}
        if new.items() <= self._status.items():
            return
        self._status |= new
        self._site.keep_item(ACTION, self._action)
