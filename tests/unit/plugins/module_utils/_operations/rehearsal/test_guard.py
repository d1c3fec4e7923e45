# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_POLICY, PV
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import guard
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.guard import (
    check_may_rehearse,
    of_production,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.place import enter
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.isolation import policies
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    ROOT,
    SPACE,
    RehearsingSession,
    pv_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RehearsingSession:
    """One volume, on a copy, behind closed doors."""
    found = RehearsingSession(MemoryApi())
    enter(found)  # type: ignore[arg-type]
    pv = pv_of("db-0", "/dr/copy/db-0")
    found.api.create(PV, pv)
    for policy in policies(SPACE, "payroll"):
        found.api.create(NETWORK_POLICY, policy)
    record(found, pv)
    monkeypatch.setattr(guard, "verify_volumes", lambda *_arguments: None)
    return found


def record(session: RehearsingSession, pv: dict[str, object]) -> None:
    pvc = {"metadata": {"name": "db-0", "namespace": SPACE}}
    session.put("volumes", [{"pv": pv, "pvc": pvc, "rule": 0}])


def test_vms_start_on_copies_behind_closed_doors(session: RehearsingSession) -> None:
    assert check_may_rehearse(session) == 1  # type: ignore[arg-type]


def test_p1_nothing_starts_on_a_volume_that_the_plan_replicates(session: RehearsingSession) -> None:
    record(session, pv_of("db-0", f"{ROOT}/db-0"))
    with pytest.raises(DrError, match="group payroll replicates"):
        check_may_rehearse(session)  # type: ignore[arg-type]


def test_p1_nothing_starts_beside_a_claim_that_somebody_bound_to_such_a_volume(session: RehearsingSession) -> None:
    session.api.create(PV, pv_of("other", f"{ROOT}/other"))
    with pytest.raises(Refused, match="PersistentVolume/pv-other"):
        check_may_rehearse(session)  # type: ignore[arg-type]


def test_the_plans_own_claims_are_nothing_that_a_rehearsal_uses(session: RehearsingSession) -> None:
    session.api.create(PV, pv_of("staged", f"{ROOT}/staged", space="payroll"))
    assert of_production(session) == []  # type: ignore[arg-type]


def test_nothing_starts_while_a_door_is_open(session: RehearsingSession) -> None:
    session.api.delete(NETWORK_POLICY, "dr-rehearsal-deny-all", SPACE)
    with pytest.raises(Refused, match="dr-rehearsal-deny-all is absent"):
        check_may_rehearse(session)  # type: ignore[arg-type]


def test_nothing_starts_without_recorded_volumes(session: RehearsingSession) -> None:
    session.put("volumes", [])
    with pytest.raises(Refused, match="no volumes are recorded"):
        check_may_rehearse(session)  # type: ignore[arg-type]
