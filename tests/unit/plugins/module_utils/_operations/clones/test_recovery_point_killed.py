# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery point whose run was killed: gone on with or made anew, and in the end as of an undisturbed run."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, VM_SNAPSHOT
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import recovery_point
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.recovery_point_world import (
    clones,
    east_with_a_vm,
    take,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    NAMESPACE,
    KilledError,
    SnapshotApi,
)


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    return east_with_a_vm(monkeypatch)


def test_p5_the_same_recovery_point_twice_is_one(east: SnapshotApi) -> None:
    take("20260301a")
    before = list(east.writes)
    again = take("20260301a")
    assert (again["changed"], again["complete"], again["clones"], east.writes) == (False, True, 2, before)


def test_p5_killed_at_any_write_it_ends_in_the_state_of_an_undisturbed_run(east: SnapshotApi) -> None:
    for writes in range(40):
        killed = killed_then_again(writes)
        if killed is None:
            break
        made = clones(killed)
        # deterministic but for uids: the same claims, all finished, from one snapshot
        assert [name.rpartition("-")[0] for name in sorted(made)] == ["db-0-data", "db-0-root"], writes
        assert all(clone.finished and clone.bound for clone in made.values()), writes
        assert len({clone.pvc["spec"]["dataSource"]["name"].rpartition("-volume")[0] for clone in made.values()}) == 1
        assert killed.names(VM_SNAPSHOT) == [], writes
        assert len([name for name in killed.names(PV) if "-0-" in name]) == 4, writes
    assert writes > 12


def killed_then_again(writes: int) -> SnapshotApi | None:
    """After an older recovery point that the new one pushes out. None where the run ended before so many writes."""
    api = SnapshotApi()
    api.add_vm("db-0", "db-0-root", "db-0-data")
    patch = pytest.MonkeyPatch()
    patch.setattr(recovery_point, "open_site", lambda _plan, _site: api)
    try:
        take("old", keep=1)
        api.time.sleep(7200)
        api.killed_after = writes
        try:
            take(keep=1)
        except KilledError:
            api.killed_after = -1
            api.time.sleep(90)
            assert take(keep=1)["complete"]
            return api
        return None
    finally:
        patch.undo()


def test_p5_a_run_that_was_killed_yesterday_is_removed_and_not_gone_on_with(east: SnapshotApi) -> None:
    east.killed_after = 2
    with pytest.raises(KilledError):
        take()
    east.killed_after = -1
    old = set(clones(east))
    assert old
    east.time.sleep(86_400)
    result = take()
    assert result["recovery_point"] == "20260302t120000z"
    assert not old & set(clones(east))
    assert all(clone.finished for clone in clones(east).values())


def test_a_clone_of_a_failed_attempt_is_made_anew_with_the_rest_of_its_set(east: SnapshotApi) -> None:
    east.killed_after = 2
    with pytest.raises(KilledError):
        take("20260301a")
    east.killed_after = -1
    assert len(clones(east)) == 1
    east.set_status(VM_SNAPSHOT, "db-0-20260301a", NAMESPACE, {"phase": "Failed"})
    assert take("20260301a")["complete"]
    sources = {clone.pvc["spec"]["dataSource"]["name"].rpartition("-volume")[0] for clone in clones(east).values()}
    assert (len(clones(east)), len(sources)) == (2, 1)
