# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed after any one of the writes of its begin and its end, and is then started again."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import session
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.end import end_run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import PLAN, TwoSites

MOST = 50


class Killed(BaseException):
    """Nothing that a process does about its errors is done any more."""


class Killing:
    """The process dies right after its n-th write; n is 0: it lives."""

    def __init__(self, sites: TwoSites, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
        self.left = n
        for api in sites.apis.values():
            monkeypatch.setattr(api, "_store", self._counted(api._store))

    def _counted(self, store: Any) -> Any:
        def stored(*arguments: Any) -> Any:
            found = store(*arguments)
            self.left -= 1
            if self.left == 0:
                raise Killed
            return found

        return stored


def command(sites: TwoSites) -> None:
    """A whole relocate to west, its steps left out."""
    begun = sites.begin("relocate", "west")
    if begun["needed"]:
        sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
        end_run(PLAN, begun["run_id"], "done", False)


def standing(sites: TwoSites) -> list[str]:
    """What a finished run must not leave: locks, and runs that are not done."""
    locks = {site: PlanLock(api, PLAN.store_namespace, PLAN.name).holder() for site, api in sites.apis.items()}  # type: ignore[arg-type]
    heads = RunStore(sites.apis["west"], PLAN.store_namespace).heads(PLAN.name)  # type: ignore[arg-type]
    left = [f"the lock at {site} is held by {holder.identity}" for site, holder in locks.items() if holder]
    return left + [f"{head['id']} is {head['state']}" for head in heads if head["state"] != "done"]


def test_p5_killed_after_any_write_the_same_command_ends_as_an_undisturbed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = {}
    for n in count(1):
        with monkeypatch.context() as patched:
            sites = TwoSites(patched)
            patched.setattr(session, "open_site", lambda _plan, site, of=sites: of.apis[site])
            patched.setattr(
                session, "reach", lambda _p, site, _t, of=sites: Reach(site, "reachable", api=of.apis[site])
            )
            patched.setattr(session.Groups, "observe", lambda *_a: {})
            killing = Killing(sites, patched, n)
            try:
                command(sites)
            except Killed:
                command(sites)
            if standing(sites):
                left[n] = standing(sites)
        if killing.left > 0:
            break
    assert left == {}
    assert 8 < n < MOST
