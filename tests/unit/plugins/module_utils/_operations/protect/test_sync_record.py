# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import sync_record
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN = plan_of()
SYNCED = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Sites:
    """Both answer; roles as given. synced: what the primary says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apis = {name: MemoryApi(name) for name in PLAN.sites}
        self.roles = {"east": "primary", "west": "secondary"}
        self.synced: datetime | None = SYNCED
        self.silent: set[str] = set()
        sites = self

        class Observed:
            def __init__(self, _plan: Plan) -> None:
                pass

            def hear(self, _site: str, _answer: object) -> None:
                pass

            def observe(self, names: list[str]) -> dict[str, list[GroupStatus]]:
                return {name: [sites.status(name)] for name in names}

        def reached(_plan: Plan, name: str, _seconds: float, once: bool = False) -> Reach:
            if name in sites.silent:
                return Reach(name, "unreachable", "timed out")
            return Reach(name, "reachable", api=sites.apis[name])  # type: ignore[arg-type]

        monkeypatch.setattr(asking, "Groups", Observed)
        monkeypatch.setattr(asking, "reach", reached)

    def status(self, name: str) -> GroupStatus:
        role = self.roles[name]
        synced = self.synced if role == "primary" else None
        return GroupStatus("payroll", name, role, "healthy", "none", synced)  # type: ignore[arg-type]

    def kept(self, name: str) -> dict[str, Any]:
        return RunStore(self.apis[name], PLAN.store_namespace).syncs(PLAN.name)  # type: ignore[arg-type]


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Sites:
    return Sites(monkeypatch)


def test_what_the_primary_says_is_kept_at_both_sites(sites: Sites) -> None:
    result = sync_record.record_syncs(PLAN, check_mode=False)
    assert (result["changed"], result["sites"], result["unknown"]) == (True, ["east", "west"], [])
    for name in ("east", "west"):
        kept = sites.kept(name)["payroll"]
        assert (kept["primary"], kept["last_sync"]) == ("east", SYNCED.isoformat())


def test_the_same_sync_again_writes_nothing(sites: Sites) -> None:
    sync_record.record_syncs(PLAN, check_mode=False)
    written = {name: len(api.writes) for name, api in sites.apis.items()}
    assert sync_record.record_syncs(PLAN, check_mode=False)["changed"] is False
    assert {name: len(api.writes) for name, api in sites.apis.items()} == written


def test_p9_check_mode_says_what_it_would_keep_and_writes_nothing(sites: Sites) -> None:
    assert sync_record.record_syncs(PLAN, check_mode=True)["changed"] is True
    assert [api.list(CONFIG_MAP, PLAN.store_namespace) for api in sites.apis.values()] == [[], []]


def test_a_site_that_does_not_answer_is_left_out(sites: Sites) -> None:
    sites.silent.add("west")
    assert sync_record.record_syncs(PLAN, check_mode=False)["sites"] == ["east"]


def test_a_primary_that_tells_no_last_sync_is_named(sites: Sites) -> None:
    sites.synced = None
    result = sync_record.record_syncs(PLAN, check_mode=False)
    assert (result["changed"], result["unknown"]) == (False, ["payroll"])


def test_p1_nothing_is_recorded_of_two_primaries(sites: Sites) -> None:
    sites.roles["west"] = "primary"
    with pytest.raises(Refused, match="all groups are primary at east and west"):
        sync_record.record_syncs(PLAN, check_mode=False)
