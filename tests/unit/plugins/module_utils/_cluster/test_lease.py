# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import LEASE
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import (
    DURATION,
    NUMBER,
    POLL,
    RENEW_EVERY,
    PlanLock,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime

RUN, OTHER = "payroll-failover-west-1", "payroll-relocate-east-1"


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


@pytest.fixture
def lock(api: MemoryApi, time: SimulatedTime) -> PlanLock:
    return lock_of(api, time)


def lock_of(api: MemoryApi, time: SimulatedTime, off_by: timedelta = timedelta()) -> PlanLock:
    """The lock as one controller sees it; off_by: how wrong its wall clock is."""
    return PlanLock(api, "ocpvirt-dr", "payroll", time.clock(off_by))


def refusal_of(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value


def test_p6_a_free_lock_is_taken(lock: PlanLock) -> None:
    lock.take(RUN, 1)
    assert lock.holder().identity == f"{RUN}#1"


def test_p6_a_released_lock_is_taken_by_another_run_at_once(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(OTHER, 1)
    lock.release(OTHER, 1)
    lock.take(RUN, 1)
    assert (lock.holder().run_id, time.seconds) == (RUN, 0)


def test_p6_another_run_is_refused_at_once_with_the_holders_name_attempt_and_age(
    lock: PlanLock, time: SimulatedTime
) -> None:
    lock.take(OTHER, 2)
    time.sleep(41)
    error = refusal_of(lambda: lock.take(RUN, 1))
    assert (error.on, error.seen, time.seconds) == (
        "Lease/ocpvirt-dr/plan-payroll",
        f"held by run {OTHER}, attempt 2, renewed 41 s ago by our clock",
        41,
    )


def test_p6_another_runs_lock_is_refused_however_old_it_is(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(OTHER, 1)
    time.sleep(86_400)
    refusal_of(lambda: lock.take(RUN, 1))


@pytest.mark.parametrize("identity", ["somebody", "some#body", "#1"])
def test_p6_a_lease_that_somebody_else_wrote_is_refused_with_its_holder(
    lock: PlanLock, api: MemoryApi, identity: str
) -> None:
    lease = {"metadata": {"name": "plan-payroll", "namespace": "ocpvirt-dr"}, "spec": {"holderIdentity": identity}}
    api.create(LEASE, lease)
    assert refusal_of(lambda: lock.take(RUN, 1)).seen == f"held by run {identity}, attempt 0, never renewed"


@pytest.mark.parametrize("off_by", [timedelta(), timedelta(hours=-9), timedelta(hours=9)], ids=str)
def test_p6_an_earlier_attempt_is_taken_over_after_its_duration_by_our_own_clock(
    api: MemoryApi, time: SimulatedTime, off_by: timedelta
) -> None:
    lock_of(api, time, off_by).take(RUN, 1)
    lock = lock_of(api, time)
    lock.take(RUN, 2)
    assert lock.holder().identity == f"{RUN}#2"
    assert DURATION <= time.seconds <= DURATION + POLL


def test_p6_even_an_old_renewal_is_watched_for_the_whole_duration(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(RUN, 1)
    time.sleep(3600)
    lock.take(RUN, 2)
    assert time.seconds >= 3600 + DURATION


def test_p6_a_renewal_that_is_seen_restarts_the_wait(api: MemoryApi, time: SimulatedTime) -> None:
    earlier = lock_of(api, time)
    earlier.take(RUN, 1)
    late = DURATION - 2 * POLL
    time.at(late, lambda: earlier.renew(RUN, 1))
    lock_of(api, time).take(RUN, 2)
    assert late + DURATION <= time.seconds <= late + DURATION + 2 * POLL


def test_p6_an_earlier_attempt_that_is_alive_is_not_taken_over(api: MemoryApi, time: SimulatedTime) -> None:
    earlier = lock_of(api, time)
    earlier.take(RUN, 1)
    for seconds in (RENEW_EVERY, 2 * RENEW_EVERY):
        time.at(seconds, lambda: earlier.renew(RUN, 1))
    with pytest.raises(Refused, match="attempt 1"):
        lock_of(api, time).take(RUN, 2)
    assert time.seconds < DURATION


def test_p6_a_holder_whose_renewals_fail_twice_still_has_its_lock() -> None:
    assert 3 * RENEW_EVERY < DURATION <= 60


def test_p6_an_extended_duration_is_waited_out(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(RUN, 1)
    lock.renew(RUN, 1, seconds=600)
    lock.take(RUN, 2)
    assert time.seconds >= 600


def test_p6_taking_over_gives_the_lock_its_own_duration_again(lock: PlanLock, api: MemoryApi) -> None:
    lock.take(RUN, 1)
    lock.renew(RUN, 1, seconds=600)
    lock.take(RUN, 2)
    assert api.get(LEASE, "plan-payroll", "ocpvirt-dr")["spec"]["leaseDurationSeconds"] == DURATION


@pytest.mark.parametrize("freed", ["released", "deleted"])
def test_p6_a_lock_that_is_freed_while_we_wait_is_taken_without_waiting_further(
    api: MemoryApi, time: SimulatedTime, freed: str
) -> None:
    earlier = lock_of(api, time)
    earlier.take(RUN, 1)
    time.at(
        10,
        lambda: earlier.release(RUN, 1) if freed == "released" else api.delete(LEASE, "plan-payroll", "ocpvirt-dr"),
    )
    lock = lock_of(api, time)
    lock.take(RUN, 2)
    assert (lock.holder().attempt, time.seconds) == (2, pytest.approx(10, abs=POLL))


def test_p6_another_run_that_takes_the_lock_while_we_wait_is_an_end_of_the_wait(
    api: MemoryApi, time: SimulatedTime
) -> None:
    earlier = lock_of(api, time)
    earlier.take(RUN, 1)

    def other_run() -> None:
        earlier.release(RUN, 1)
        earlier.take(OTHER, 1)

    time.at(10, other_run)
    assert OTHER in refusal_of(lambda: lock_of(api, time).take(RUN, 2)).seen


@pytest.mark.parametrize("at_first", ["free", "held"])
def test_p6_of_two_that_take_the_lock_in_one_moment_one_wins(
    api: MemoryApi, time: SimulatedTime, monkeypatch: pytest.MonkeyPatch, at_first: str
) -> None:
    rival = lock_of(api, time)
    if at_first == "held":
        rival.take(RUN, 1)
        rival.release(RUN, 1)
    write = api.create if at_first == "free" else api.replace

    def rival_first(*arguments: object) -> object:
        monkeypatch.undo()
        rival.take(OTHER, 1)
        return write(*arguments)

    monkeypatch.setattr(api, "create" if at_first == "free" else "replace", rival_first)
    error = refusal_of(lambda: lock_of(api, time).take(RUN, 1))
    assert (error.seen, rival.holder().run_id) == (f"held by {OTHER}#1", OTHER)


def test_p5_the_same_attempt_takes_its_lock_again_at_once(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(RUN, 1)
    lock.take(RUN, 1)
    assert time.seconds == 0


def test_p5_an_attempt_that_was_taken_over_cannot_renew(lock: PlanLock) -> None:
    lock.take(RUN, 1)
    lock.take(RUN, 2)
    assert refusal_of(lambda: lock.renew(RUN, 1)).seen == f"held by {RUN}#2"


def test_p5_an_attempt_that_was_taken_over_is_told_before_it_writes(lock: PlanLock) -> None:
    lock.take(RUN, 1)
    lock.take(RUN, 2)
    assert refusal_of(lambda: lock.verify(RUN, 1)).wanted == f"held by {RUN}#1"


@pytest.mark.parametrize("call", ["renew", "verify"])
def test_p5_a_lock_that_was_removed_is_not_held(lock: PlanLock, api: MemoryApi, call: str) -> None:
    lock.take(RUN, 1)
    api.delete(LEASE, "plan-payroll", "ocpvirt-dr")
    assert refusal_of(lambda: getattr(lock, call)(RUN, 1)).seen == "nobody holds the lock"


def test_p5_the_holder_passes_verification(lock: PlanLock) -> None:
    lock.take(RUN, 1)
    lock.verify(RUN, 1)


def test_p6_a_renewal_that_loses_against_a_takeover_is_a_conflict(
    api: MemoryApi, time: SimulatedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_of(api, time)
    lock.take(RUN, 1)
    replace = api.replace

    def taken_over_first(*arguments: object) -> object:
        monkeypatch.undo()
        lock.take(RUN, 2)
        return replace(*arguments)

    monkeypatch.setattr(api, "replace", taken_over_first)
    with pytest.raises(DrError) as error:
        lock.renew(RUN, 1)
    assert isinstance(error.value, Conflict | Refused)
    assert lock.holder().attempt == 2


def test_p6_a_lock_of_another_attempt_is_not_released(lock: PlanLock) -> None:
    lock.take(RUN, 2)
    lock.release(RUN, 1)
    assert lock.holder().attempt == 2


def test_releasing_a_lock_that_is_not_there_changes_nothing(lock: PlanLock, api: MemoryApi) -> None:
    lock.release(RUN, 1)
    assert api.writes == []


def test_p6_a_release_that_meets_a_renewal_of_its_own_still_frees_the_lock(
    api: MemoryApi, time: SimulatedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_of(api, time)
    lock.take(RUN, 1)
    replace = api.replace

    def renewed_first(*arguments: object) -> object:
        monkeypatch.undo()
        lock.renew(RUN, 1)
        return replace(*arguments)

    monkeypatch.setattr(api, "replace", renewed_first)
    lock.release(RUN, 1)
    assert lock.holder() is None


REFRESH, NEXT_REFRESH = "payroll-prestage-west-20260301120000-ab12", "payroll-prestage-west-20260301130000-cd34"


def test_p4_a_move_takes_the_lock_of_a_refresh_at_once_and_the_refresh_notices(
    lock: PlanLock, time: SimulatedTime
) -> None:
    lock.take(REFRESH, 1)
    lock.take(RUN, 1)
    assert (lock.holder().run_id, time.seconds) == (RUN, 0)
    for call in (lock.verify, lock.renew):
        assert "held by" in str(refusal_of(lambda call=call: call(REFRESH, 1)))


def test_p6_a_refresh_that_renews_in_the_moment_when_a_move_takes_its_lock_loses_it(
    lock: PlanLock, api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.take(REFRESH, 1)
    replace, renewals = api.replace, iter([lambda: lock.renew(REFRESH, 1)])

    def between(kind, body):
        monkeypatch.setattr(api, "replace", replace)
        next(renewals)()
        return replace(kind, body)

    monkeypatch.setattr(api, "replace", between)
    lock.take(RUN, 1)
    assert lock.holder().run_id == RUN


def test_p6_a_refresh_waits_out_one_that_was_killed_and_refuses_to_disturb_a_move(
    lock: PlanLock, time: SimulatedTime
) -> None:
    lock.take(REFRESH, 1)
    lock.take(NEXT_REFRESH, 1)
    assert DURATION <= time.seconds <= DURATION + 2 * POLL
    lock.release(NEXT_REFRESH, 1)
    lock.take(RUN, 1)
    assert RUN in refusal_of(lambda: lock.take(REFRESH, 1)).seen


STOP = "payroll-stop-east-20260301120000-ab12"


def test_p4_the_lock_of_a_stop_that_was_killed_is_taken_over_by_any_run(lock: PlanLock, time: SimulatedTime) -> None:
    """Its own command could not end it where its site was lost meanwhile."""
    lock.take(STOP, 1)
    lock.take(RUN, 1)
    assert (lock.holder().run_id, DURATION <= time.seconds <= DURATION + 2 * POLL) == (RUN, True)


def test_p6_a_stop_that_is_alive_is_not_disturbed(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(STOP, 1)
    for second in range(10, 100, 15):
        time.at(second, lambda: lock.renew(STOP, 1))
    assert STOP in refusal_of(lambda: lock.take(RUN, 1)).seen


def test_p6_an_earlier_attempt_is_waited_out_at_the_target_only(lock: PlanLock, time: SimulatedTime) -> None:
    lock.take(RUN, 1)
    lock.follow(RUN, 2)
    assert (lock.holder().identity, time.seconds) == (f"{RUN}#2", 0)


def test_p6_another_run_holds_its_lock_at_the_source_too(lock: PlanLock) -> None:
    lock.take(OTHER, 1)
    refusal_of(lambda: lock.follow(RUN, 1))
    assert lock.holder().run_id == OTHER


def test_the_newest_number_outlives_the_run_that_had_it(api: MemoryApi, time: SimulatedTime) -> None:
    numbered = PlanLock(api, "ocpvirt-dr", "payroll", time.clock(), number=7)
    assert numbered.newest_number() == 0
    numbered.take(RUN, 1)
    numbered.release(RUN, 1)
    lock_of(api, time).take(OTHER, 1)
    assert lock_of(api, time).newest_number() == 7


def test_an_unreadable_number_is_none(api: MemoryApi, time: SimulatedTime) -> None:
    PlanLock(api, "ocpvirt-dr", "payroll", time.clock(), number=7).take(RUN, 1)
    api.patch(LEASE, "plan-payroll", "ocpvirt-dr", {"metadata": {"annotations": {NUMBER: "seven"}}})
    assert lock_of(api, time).newest_number() == 0
