# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's budget that cannot be asked for a while, and starts that end before they are done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget, claims_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)


class Deaf(MemoryApi):
    """Gives its error to whoever looks at the budget, or once it has written. looks: how many did."""

    error: DrError | None = None
    unheard: DrError | None = None
    looks = 0

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        written = super().patch(kind, name, namespace, body)
        if self.unheard is not None:
            raise self.unheard
        return written

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == CONFIG_MAP:
            self.looks += 1
            if self.error is not None:
                raise self.error
        return super().find(kind, name, namespace)


class Site:
    def __init__(self) -> None:
        self.time = SimulatedTime()
        self.api = Deaf("west", self.time.clock())

    def run(self, name: str) -> SiteBudget:
        self.session = MemorySession(self.api, plan_of(name=name))
        self.session.run = replace(self.session.run, id=f"{name}-west")
        return SiteBudget(self.session, self.api, 8, 3)

    def grants(self) -> dict[str, int]:
        self.api.error = None
        claims = claims_of(self.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))
        return {plan: claim.grant for plan, claim in claims.items() if claim.active}


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    "error",
    [Unreachable("GET", seen="connection refused"), Failed("GET", seen="etcd has no leader", status=503)],
    ids=["no answer", "overload"],
)
def test_while_the_budget_cannot_be_asked_the_last_share_holds(site: Site, error: DrError) -> None:
    budget = site.run("payroll")
    site.run("payslip").update(0, 3)
    assert budget.update(0, 50) == 5
    site.api.error = error
    site.time.sleep(10)
    assert (budget.update(5, 45), budget.note) == (5, "the budget of west, which cannot be asked")


def test_p6_a_share_that_others_may_take_soon_is_not_used_for_anything_new(site: Site) -> None:
    """After a minute of silence a claim counts as one of a dead run, of which some may still be in flight."""
    budget = site.run("payroll")
    budget.update(0, 50)
    site.api.error = Unreachable("GET", seen="connection refused")
    site.time.sleep(59)
    before = budget.update(5, 45)
    site.time.sleep(2)
    assert (before, budget.update(5, 45)) == (8, 0)


def test_p1_no_more_begins_than_a_claim_allows_that_may_have_been_written(site: Site) -> None:
    """Another plan takes what it gave up as soon as it stands there."""
    budget, other = site.run("payroll"), site.run("payslip")
    budget.update(0, 50)
    other.update(0, 50)
    site.time.sleep(2)
    site.api.unheard = Unreachable("PATCH", seen="ReadTimeoutError: Read timed out")
    limit = budget.update(5, 45)
    site.api.unheard = None
    assert limit + other.update(0, 50) == 8


def test_a_budget_that_answers_again_is_shared_as_before(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    site.api.error = Unreachable("GET", seen="connection refused")
    site.time.sleep(120)
    budget.update(5, 45)
    site.api.error = None
    site.time.sleep(2)
    assert (budget.update(5, 45), budget.note) == (8, "the budget of west (8 of 8)")


def test_p6_an_outage_is_not_taken_for_the_silence_of_another_run(site: Site) -> None:
    """It could not renew its claim either, and the time of what it has in flight stands still."""
    site.run("payslip").update(0, 3)
    budget = site.run("payroll")
    budget.update(0, 50)
    site.api.error = Unreachable("GET", seen="connection refused")
    site.time.sleep(2)
    budget.update(5, 45)
    site.time.sleep(3600)
    site.api.error = None
    assert budget.update(5, 45) == 5


def test_a_round_ends_also_where_it_cannot_keep_what_it_saw_of_others(site: Site, monkeypatch) -> None:
    site.run("payslip").update(0, 3)
    budget = site.run("payroll")
    budget.update(0, 50)

    def fail(_topic: str, _document: Any) -> None:
        raise Unreachable("PATCH", seen="connection refused")

    monkeypatch.setattr(site.session, "put", fail)
    budget.keep()
    assert site.grants() == {"payslip": 3, "payroll": 5}


def test_a_budget_that_was_never_read_lets_nothing_begin(site: Site) -> None:
    budget = site.run("payroll")
    site.api.error = Unreachable("GET", seen="connection refused")
    assert budget.update(0, 50) == 0


def test_nobody_waits_for_a_budget_while_its_site_cannot_be_seen(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    before = site.api.looks
    site.time.sleep(10)
    assert (budget.update(5, 45, blind=True), site.api.looks) == (8, before)


def test_a_start_that_is_done_is_no_failure_because_of_its_budget(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    site.api.error = Unreachable("GET", seen="connection refused")
    budget.release()
    assert site.grants() == {"payroll": 8}


def test_an_error_that_does_not_pass_ends_the_start(site: Site) -> None:
    budget = site.run("payroll")
    site.api.error = Failed("GET", on="ConfigMap/ocpvirt-dr/start-budget", seen="forbidden", status=403)
    with pytest.raises(Failed, match="forbidden"):
        budget.update(0, 50)


@pytest.mark.parametrize(("in_flight", "grants"), [(0, {}), (3, {"payroll": 3})], ids=["nothing", "some in flight"])
def test_a_start_that_ends_in_an_error_keeps_what_it_has_in_flight_only(site: Site, in_flight, grants) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    with pytest.raises(Failed, match="webhook"), budget.given_back_on_error(lambda: in_flight):
        raise Failed("PATCH", seen="a webhook is down", status=500)
    assert site.grants() == grants


def test_p10_the_error_that_ended_a_start_is_the_one_that_is_told(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    site.session.lock_holds = 0
    with pytest.raises(Refused, match="by a person"), budget.given_back_on_error(lambda: 0):
        raise Refused("go on", seen="stopped by a person")
    assert site.grants() == {"payroll": 8}


def test_a_site_that_does_not_answer_is_not_waited_for_once_more(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    before = site.api.looks
    with pytest.raises(Unreachable), budget.given_back_on_error(lambda: 0):
        raise Unreachable("GET", seen="connection refused")
    assert site.api.looks == before
