# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's lock while a module runs something that may outlast it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import LEASE
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import DURATION, PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import session as of_session
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.session import Session
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, plan_of

PLAN = plan_of()
RUN = Run("payroll-failover-west-1", PLAN.name, "failover", "east", "west", "f00d", NOON.isoformat())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    found: Any = MemoryApi("west")
    monkeypatch.setattr(of_session, "open_site", lambda _plan, _site: found)
    monkeypatch.setattr(of_session, "target_of", lambda _plan, _run_id: "west")
    RunStore(found, PLAN.store_namespace).put_head(RUN.id, PLAN.name, RUN.as_dict())
    PlanLock(found, PLAN.store_namespace, PLAN.name).take(RUN.id, RUN.attempt)
    return found


def kept(api: Any) -> int:
    lease = api.get(LEASE, f"plan-{PLAN.name}", PLAN.store_namespace)
    return int(lease["spec"]["leaseDurationSeconds"])


def test_p6_the_lock_is_kept_for_the_longest_of_what_may_be_left_behind(api: Any) -> None:
    with Session(PLAN, RUN.id) as session:
        with session.outlasting(900):
            with session.outlasting(300):
                assert kept(api) == 900
            assert kept(api) == 900
        assert kept(api) == DURATION


def test_p6_a_renewal_that_comes_between_is_no_loss_of_the_lock(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write, refusals = api.replace, [Conflict("PUT", status=409)]

    def replace(kind: Any, body: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return write(kind, body)

    with Session(PLAN, RUN.id) as session:
        monkeypatch.setattr(api, "replace", replace)
        with session.outlasting(900):
            assert kept(api) == 900


def test_p6_nothing_is_begun_under_a_lock_that_was_lost(api: Any) -> None:
    with Session(PLAN, RUN.id) as session:
        api.delete(LEASE, f"plan-{PLAN.name}", PLAN.store_namespace)
        with pytest.raises(Refused), session.outlasting(900):
            pytest.fail("it was begun")
