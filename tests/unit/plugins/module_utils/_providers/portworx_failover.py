# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stork's Action failover, stage by stage, for portworx_double."""

from __future__ import annotations

from typing import Any

COPIED = "stork.libopenstorage.org/static-copy"
LAST_MILE = "stork.libopenstorage.org/lastmile-migration-schedule-name"
MOVED = ("Successful", "PartialSuccess")


class Failover:
    """api: of the site that the Action is at. One step a look, as each of Stork's stages takes at least one."""

    def __init__(self, api: Any, action: dict[str, Any]) -> None:
        self._api = api
        self._action = action
        self._status = action.setdefault("status", {"stage": "", "status": ""})
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
            "Final": lambda: None,
        }
        stages[self._status["stage"]]()

    def _validate(self) -> None:
        copied = self._api.find_schedule(self._space, self._name)
        if copied is None or (copied["metadata"].get("annotations") or {}).get(COPIED) != "true":
            return self._fail(f"the provided MigrationSchedule {self._name} is not created by Stork")
        if self._parameter["skipSourceOperations"] or not (self._api.data.paired and self._api.peer.reachable):
            return self._to("ScaleUpDestination")
        original = self._api.peer.find_schedule(self._space, self._name)
        if original is None:
            return self._fail(f"error fetching the MigrationSchedule {self._name} in the remote cluster")
        original["spec"]["suspend"] = True
        newest = self._newest()
        if newest and newest["status"]["stage"] != "Final":
            self._status["status"] = "Scheduled"
            return None
        return self._to("ScaleDownSource")

    def _deactivate(self) -> None:
        self._set_activated(self._api.peer, False)
        self._to("WaitAfterScaleDown")

    def _wait(self) -> None:
        newest = self._newest()
        if newest is None or newest["status"]["status"] not in MOVED:
            self._status["reason"] = "the latest migration has not completed successfully"
            return self._to("ScaleUpSource")
        return self._to("LastMileMigration")

    def _last_mile(self) -> None:
        peer = self._api.peer
        name = f"{self._name}-lastmile-failover-{self._action['metadata']['uid'][:7]}"
        found = peer.objects.get(("Migration", self._space, name))
        if found is None:
            spec = self._api.find_schedule(self._space, self._name)["spec"]["template"]["spec"]
            peer.migrate(self._space, name, {"metadata": {"annotations": {LAST_MILE: self._name}}}, spec)
        elif found["status"]["stage"] == "Final" and found["status"]["status"] in MOVED:
            self._to("ScaleUpDestination")
        elif found["status"]["stage"] == "Final":
            self._status["reason"] = f"last mile migration {name} failed: status {found['status']['status']}"
            self._to("ScaleUpSource")

    def _activate(self) -> None:
        if not self._api.forgets:
            self._set_activated(self._api, True)
        self._to("Final", "Successful")

    def _set_activated(self, api: Any, value: bool) -> None:
        for item in api.of("MigrationSchedule"):
            spaces = item["spec"]["template"]["spec"]["namespaces"]
            copied = (item["metadata"].get("annotations") or {}).get(COPIED) == "true"
            if copied and set(spaces) & set(self._parameter["failoverNamespaces"]):
                item.setdefault("status", {})["applicationActivated"] = value

    def _newest(self) -> dict[str, Any] | None:
        found = self._api.peer.migrations_of(self._name)
        return max(found, key=lambda item: item["metadata"]["creationTimestamp"], default=None)

    def _fail(self, reason: str) -> None:
        self._status["reason"] = reason
        self._to("Final", "Failed")

    def _to(self, stage: str, status: str = "") -> None:
        self._status |= {"stage": stage, "status": status}
