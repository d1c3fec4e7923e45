# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.shared_reads import SharedReads
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime


class SlowApi(MemoryApi):
    """Answers with the number of the request, when it is let."""

    def __init__(self, time: SimulatedTime) -> None:
        super().__init__(clock=time.clock())
        self.asked = 0
        self.let = threading.Event()
        self.let.set()

    def list(self, *_of: Any, **_named: Any) -> list[dict[str, Any]]:
        self.asked += 1
        number = self.asked
        self.let.wait(10)
        return [{"number": number}]


def test_an_answer_is_never_older_than_the_question() -> None:
    api, reads = SlowApi(SimulatedTime()), SharedReads(lambda items: items[0]["number"])
    assert reads.read(api, PVC, "a", reads.moment()) == 1
    assert reads.read(api, PVC, "a", reads.moment()) == 2
    assert reads.read(api, PVC, "b", reads.moment()) == 3


def test_who_asked_before_a_request_takes_its_answer() -> None:
    api, reads = SlowApi(SimulatedTime()), SharedReads(lambda items: items[0]["number"])
    moments = [reads.moment() for _caller in range(50)]
    assert {reads.read(api, PVC, "a", moment) for moment in moments} == {1}


def test_callers_at_once_cause_few_requests() -> None:
    api, reads = SlowApi(SimulatedTime()), SharedReads(lambda items: items[0]["number"])
    api.let.clear()
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(lambda: reads.read(api, PVC, "a", reads.moment())) for _caller in range(16)]
        ends = monotonic() + 10
        while reads.moment() < 18:
            assert monotonic() < ends, "the callers never asked"
        api.let.set()
        assert max(answer.result() for answer in answers) <= 3
    assert api.asked <= 3


def test_an_answer_ages() -> None:
    time = SimulatedTime()
    api, reads = SlowApi(time), SharedReads(lambda items: items[0]["number"])
    since = reads.moment()
    assert reads.read(api, PVC, "a", since, age=1.0) == 1
    time.sleep(0.9)
    assert reads.read(api, PVC, "a", since, age=1.0) == 1
    time.sleep(0.2)
    assert reads.read(api, PVC, "a", since, age=1.0) == 2


def test_p10_a_kind_that_is_not_served_is_said_with_what_to_do() -> None:
    class BareApi(MemoryApi):
        def list(self, *_of: Any, **_named: Any) -> list[dict[str, Any]]:
            raise NotFound("GET", site=self.site, seen="404 page not found", status=404)

    with pytest.raises(Unsupported) as said:
        SharedReads(len, "install it").read(BareApi("west"), PVC, "a")
    assert said.value.facts() == {
        "kind": "Unsupported",
        "tried": "read the replication",
        "site": "west",
        "on": "persistentvolumeclaims",
        "seen": "the cluster does not serve v1: 404 page not found",
        "status": 404,
        "next_step": "install it",
    }
