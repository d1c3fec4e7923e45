# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a start, told from raw events."""

from __future__ import annotations

from typing import Any

import pytest
from ocpvirt_lab.start_history import VM, VMI, Gap, Seen, tell


def asked(at: float, revision: int, name: str, **spec: Any) -> Seen:
    body = {"metadata": {"name": name}, "spec": spec or {"runStrategy": "Always"}}
    return Seen(at, revision, VM, f"a/{name}", body)


def vmi(at: float, revision: int, name: str, *conditions: str, uid: str = "1", phase: str = "Running") -> Seen:
    status = {"phase": phase, "conditions": [{"type": condition, "status": "True"} for condition in conditions]}
    return Seen(at, revision, VMI, f"a/{name}", {"metadata": {"uid": uid}, "status": status})


def gone(at: float, revision: int, name: str, kind: str = VMI) -> Seen:
    return Seen(at, revision, kind, f"a/{name}", None)


def test_a_vm_is_in_flight_from_the_request_until_it_is_ready() -> None:
    history = tell([asked(1, 1, "x"), vmi(2, 2, "x", phase="Scheduling"), vmi(3, 3, "x", "Ready")])
    assert [point.in_flight for point in history.points] == [1, 1, 0]
    assert (history.started, history.ready_at) == ({"a/x": 1}, {"a/x": 3})


def test_the_peak_goes_by_revisions_when_one_stream_tells_later_than_the_other() -> None:
    told = [asked(1, 1, "x"), asked(3, 3, "y"), vmi(4, 2, "x", "Ready"), vmi(5, 4, "y", "Ready")]
    assert tell(told).peak == 1


def test_with_the_agent_a_vm_is_ready_only_when_it_is_connected() -> None:
    events = [asked(1, 1, "x"), vmi(2, 2, "x", "Ready"), vmi(3, 3, "x", "Ready", "AgentConnected")]
    assert (tell(events).ready_at, tell(events, agent=True).ready_at) == ({"a/x": 2}, {"a/x": 3})


@pytest.mark.parametrize("spec", [{"runStrategy": "Halted"}, {"runStrategy": "Manual"}, {"running": False}])
def test_what_nobody_asked_is_not_in_flight(spec: dict[str, Any]) -> None:
    assert tell([asked(1, 1, "x", **spec)]).started == {}


def test_a_vmi_that_nobody_asked_for_is_in_flight_too() -> None:
    assert tell([vmi(1, 1, "x", phase="Pending")]).peak == 1


def test_what_was_ready_once_is_not_in_flight_again_when_it_is_stopped() -> None:
    events = [asked(1, 1, "x"), vmi(2, 2, "x", "Ready"), asked(3, 3, "x", runStrategy="Halted"), vmi(4, 4, "x")]
    assert [point.in_flight for point in tell(events).points] == [1, 0, 0, 0]


def test_a_second_vmi_of_a_vm_is_a_double() -> None:
    events = [asked(1, 1, "x"), vmi(2, 2, "x", "Ready"), gone(3, 3, "x"), vmi(4, 4, "x", uid="2")]
    assert tell(events).doubles == {"a/x": ["1", "2"]}


def test_a_deleted_vm_is_in_flight_no_more() -> None:
    assert tell([asked(1, 1, "x"), gone(2, 2, "x", VM)]).points[-1].in_flight == 0


def test_the_share_is_an_average_over_time_while_a_whole_window_waits() -> None:
    # one of two for 3 s, both for 1 s; then fewer than two wait, and it counts no more
    events = [asked(0, 1, "a"), asked(3, 2, "b"), vmi(4, 3, "a", "Ready"), asked(4, 4, "c"), asked(9, 5, "d")]
    assert tell(events).share(2) == pytest.approx((3 * 0.5 + 1 * 1.0) / 4)


def test_the_share_goes_by_the_window_of_its_time() -> None:
    events = [asked(0, 1, "a"), asked(4, 2, "b"), asked(5, 3, "c"), asked(6, 4, "d")]
    assert tell(events).share([(0.0, 1), (2.0, 2)]) == pytest.approx((2 * 1.0 + 2 * 0.5 + 1 * 1.0) / 5)


def test_more_in_flight_than_a_shrunken_window_makes_up_for_nothing() -> None:
    events = [asked(0, 1, "a"), asked(0, 2, "b"), asked(9, 3, "c"), asked(9, 4, "d")]
    assert tell(events).share([(-1.0, 2), (4.0, 1)]) == pytest.approx(1.0)


def test_what_began_before_the_others_were_ready_was_not_after_them() -> None:
    events = [asked(1, 1, "x"), asked(2, 2, "y"), vmi(3, 3, "x", "Ready"), asked(4, 4, "z")]
    history = tell(events)
    assert (history.before(["a/x"], ["a/z"]), history.before(["a/x"], ["a/y"])) == (True, False)


def test_the_order_goes_by_revisions_when_one_stream_tells_later_than_the_other() -> None:
    # y was asked before x was ready, and told after it
    history = tell([asked(1, 1, "x"), vmi(3, 3, "x", "Ready"), asked(4, 2, "y")])
    assert history.before(["a/x"], ["a/y"]) is False


def test_what_a_gap_hides_is_no_peak_and_its_end_is() -> None:
    # in the gap x may have been ready before y was asked: only the whole list, at its revision, is known
    listed = [asked(9, 9, "x"), asked(9, 9, "y"), asked(9, 9, "z"), vmi(9, 9, "x", "Ready"), vmi(9, 9, "y", "Ready")]
    history = tell([asked(1, 1, "x"), *listed, asked(2, 5, "w")], [Gap(VM, 1, 9)])
    assert [(point.in_flight, point.begun) for point in history.points] == [(1, 1), (2, 4)]
    assert history.gaps == [Gap(VM, 1, 9)]


def test_the_first_list_is_no_gap() -> None:
    assert tell([asked(1, 5, "x")], [Gap(VM, 0, 5)]).gaps == []
