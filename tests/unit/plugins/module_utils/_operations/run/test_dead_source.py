# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a failover asks of a source that hangs, and how long it lets that take. Time passes by deadlines alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import sites as plan_sites
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.fencing import fence_source
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.replication import switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.report.files import write_report
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.end import end_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.verify import verify_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop.shutdown import Patience, stop_vms
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers import site_handle
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities, FenceProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.product_stand_in import register
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of
from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

PLAN = plan_of(replication={"provider": "hanging", "groups": [{"name": "all", "selector": {}}]})
# the goal: of the whole run
MOST = 10.0
# of a product that sets itself no limit
USUAL = 60.0


class Answering(MemoryApi):
    def raw(self, _path: str, timeout: float, once: bool = False) -> dict[str, str]:
        return {"gitVersion": "v1.34.4"}


class DeadSite:
    """Its API server and its storage let everybody wait. api, storage: how long somebody waited for either.

    together: both of them must be waited for at the same time, as long as this is set. api_first: its product looks for
    volumes at the API server before it asks the storage.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception, api_first: bool) -> None:
        self.api, self.storage = SimulatedTime(), SimulatedTime()
        self.together = None if api_first else threading.Barrier(2, timeout=30)
        self.api_first = api_first
        self._error = error
        self.west = west = Answering("west", SimulatedTime().clock())
        east = Api("east", "https://east.example.org:6443", self, {}, self.api.clock())
        monkeypatch.setattr(plan_sites, "connect", lambda site, _auth, _timeout: west if site == "west" else east)
        monkeypatch.setattr(plan_sites, "resolve_auth", lambda _site, _environment: {})
        monkeypatch.setattr(site_handle, "Clock", self.api.clock)
        register(monkeypatch, "hanging", self._product())

    def request(self, _method: str, _url: str, timeout: Any, **_more: Any) -> None:
        self._meet()
        waits_for_connection = isinstance(self._error, ConnectTimeoutError)
        self.api.sleep(timeout.connect_timeout if waits_for_connection else min(timeout.total, timeout._read))
        raise self._error

    def waited(self, step: Callable[[], object]) -> float:
        """Seconds of the step in which one of them was waited for, if both at once then once."""
        before = self.api.seconds, self.storage.seconds
        step()
        api, storage = self.api.seconds - before[0], self.storage.seconds - before[1]
        return max(api, storage) if self.together else api + storage

    def _meet(self) -> None:
        if self.together and not self.together.broken:
            self.together.wait()

    def _product(self) -> type:
        dead = self

        class Hanging:
            name = "hanging"
            capabilities = Capabilities(fencing=True)

            def __init__(self, sites: dict[str, SiteHandle]) -> None:
                self._sites = sites
                self._role = "secondary"

            def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
                if site == "west":
                    return [GroupStatus(group.name, site, self._role, "healthy", "none") for group in groups]  # type: ignore[arg-type]
                dead._meet()
                if dead.api_first:
                    with pytest.raises(Unreachable):
                        self._sites[site].volumes(groups[0])
                patience = self._sites[site].patience
                dead.storage.sleep(USUAL if patience is None else patience)
                return [silent(group.name, site, "timed out") for group in groups]

            observe_roles = observe_all

            def check_forceable(self, groups: Sequence[Group], site: str) -> None:
                pass

            def fence(self, group: Group, _survivor: str, _lost: str) -> FenceProof:
                return FenceProof(group.name, "takes nothing in")

            def promote_all(self, groups: Sequence[Group], _site: str, forced: bool) -> list[bool]:
                self._role = "primary"
                return [forced for _group in groups]

        return Hanging


@pytest.mark.parametrize(
    "error",
    [ConnectTimeoutError(None, "timed out"), ReadTimeoutError(None, "/", "timed out")],  # type: ignore[arg-type]
    ids=["drops packets", "accepts and says nothing"],
)
@pytest.mark.parametrize("api_first", [False, True], ids=["both at once", "API server first"])
def test_p4_a_failover_waits_ten_seconds_at_most_for_a_source_that_hangs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, api_first: bool
) -> None:
    dead = DeadSite(monkeypatch, error, api_first)
    begun: dict[str, Any] = {}
    waits = {"begin": dead.waited(lambda: begun.update(begin_run(PLAN, RunAsked("failover", "west", "east"), False)))}
    dead.together = None
    run_id = begun["run_id"]
    steps = {
        "quiesce": lambda: stop_vms(PLAN, run_id, "east", Patience(120, best_effort=True, force=True), False),
        "fence": lambda: fence_source(PLAN, run_id, False),
        "promote": lambda: switch(PLAN, run_id, "west", "primary", True, False),
        "verify": lambda: verify_run(PLAN, run_id, False),
        "end": lambda: end_run(PLAN, run_id, "done", False),
        "report": lambda: write_report(PLAN, run_id, str(tmp_path), False),
    }
    for name, step in steps.items():
        waits[name] = dead.waited(step)
    assert sum(waits.values()) <= MOST, waits
    assert {name for name, seconds in waits.items() if seconds} == {"begin", "verify"}


def test_p4_a_source_that_dies_in_the_middle_of_a_run_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dead = DeadSite(monkeypatch, ReadTimeoutError(None, "/", "timed out"), api_first=False)  # type: ignore[arg-type]
    dead.together = None
    run_id = begin_run(PLAN, RunAsked("failover", "west", "east"), False)["run_id"]
    store = RunStore(dead.west, PLAN.store_namespace)  # type: ignore[arg-type]
    # as an attempt recorded it that had an answer of both
    store.put_head(run_id, PLAN.name, {**store.head(run_id), "source_state": "reachable", "source_silent": []})
    waits = {
        name: dead.waited(step)
        for name, step in {
            "quiesce": lambda: stop_vms(PLAN, run_id, "east", Patience(120, best_effort=True, force=True), False),
            "fence": lambda: fence_source(PLAN, run_id, False),
            "promote": lambda: switch(PLAN, run_id, "west", "primary", True, False),
            "verify": lambda: verify_run(PLAN, run_id, False),
            "end": lambda: end_run(PLAN, run_id, "done", False),
        }.items()
    }
    # the product of this test takes 60 s where nobody hurries it
    assert {name for name, seconds in waits.items() if seconds} == {"quiesce", "fence", "verify"}
    assert waits["quiesce"] + waits["verify"] <= MOST, waits
    recorded = store.head(run_id)
    assert (recorded["source_state"], recorded["source_silent"]) == ("unreachable", ["all"])
    # P1: who had not stopped its VMs before that owes the proof
    assert recorded["fence_debt"] == "its VMs were not observed to be off"
