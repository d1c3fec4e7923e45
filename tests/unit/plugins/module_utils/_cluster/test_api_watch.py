# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the events of a watch from its connection."""

from __future__ import annotations

import json

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    Response,
    api_of,
    error_of,
    refusal,
    refused_connection,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from urllib3.exceptions import ProtocolError


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def line(event: str, name: str) -> bytes:
    return json.dumps({"type": event, "object": {"metadata": {"name": name}}}).encode() + b"\n"


def watched(time: SimulatedTime, response: Response) -> list[tuple[str, str]]:
    api, _pool = api_of(time, response)
    return [(event, item["metadata"]["name"]) for event, item in api.watch(VM, "7", 30)]


EVENTS = line("ADDED", "a") + line("MODIFIED", "bé") + line("DELETED", "c")
SEEN = [("ADDED", "a"), ("MODIFIED", "bé"), ("DELETED", "c")]


@pytest.mark.parametrize("size", [1, 2, 7, 50, len(EVENTS)])
def test_events_are_read_however_their_lines_are_cut(time: SimulatedTime, size: int) -> None:
    chunks = tuple(EVENTS[start : start + size] for start in range(0, len(EVENTS), size))
    assert watched(time, Response(chunks=chunks)) == SEEN


def test_a_line_that_the_connection_cut_off_is_no_event(time: SimulatedTime) -> None:
    assert watched(time, Response(chunks=(EVENTS[:-5],))) == SEEN[:2]


def test_empty_lines_are_no_events(time: SimulatedTime) -> None:
    assert watched(time, Response(chunks=(b"\n\n", EVENTS))) == SEEN


def test_a_watch_begins_after_its_version_and_ends_by_itself(time: SimulatedTime) -> None:
    api, pool = api_of(time, Response())
    list(api.watch(VM, "7", 30, "payroll", "tier=db"))
    assert pool.requests[0].query == {
        "watch": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "30",
        "allowWatchBookmarks": "true",
        "labelSelector": "tier=db",
    }


def test_a_watch_that_breaks_gives_what_arrived_and_then_says_so(time: SimulatedTime) -> None:
    api, _pool = api_of(time, Response(chunks=(line("ADDED", "a"), ProtocolError("Connection broken"))))
    events = api.watch(VM, "7", 30)
    assert next(events)[0] == "ADDED"
    assert isinstance(error_of(lambda: next(events)), Unreachable)


def test_a_watch_on_a_dead_site_is_unreachable(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refused_connection())
    assert isinstance(error_of(lambda: next(api.watch(VM, "7", 30))), Unreachable)


def test_a_watch_that_is_not_granted_says_why(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(403, "cannot watch"))
    error = error_of(lambda: next(api.watch(VM, "7", 30)))
    assert (error.status, error.seen) == (403, "cannot watch")


def test_the_connection_of_an_abandoned_watch_is_closed(time: SimulatedTime) -> None:
    response = Response(chunks=(EVENTS,))
    events = api_of(time, response)[0].watch(VM, "7", 30)
    next(events)
    events.close()
    assert response.closed
