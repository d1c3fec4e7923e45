# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.report.page import page
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.report.runs import (
    at,
    document,
    failover,
    record_of,
    start_of,
)

HOSTILE = '</title></pre><script src=//evil>{{ 7 * 7 }}</script>"\' onload="x" <img src=x onerror=y>\u202e\x00'
SIZE_LIMIT = 120_000
# what a page may ask for from elsewhere
OUTSIDE = {"src", "href", "action", "data", "srcset", "background", "poster"}


class Markup(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def rich() -> dict[str, Any]:
    """A document in which nothing is empty."""
    start = start_of(3, failed={"payroll/bad": "not ready"}, hooks={"db": None, "web": "no answer"})
    fence = {"proofs": ["the exports refuse east"], "refusals": ["volume 7"]}
    run = failover(fence_debt="volume 7", declared_lost="east", waived_fencing="flood")
    run = run.with_step("metadata", StepRecord("done", 1, at(8), at(9), {"decisions": ["b stays"], "vms": 3}))
    run = run.with_step("verify", StepRecord("failed", 2, at(80), at(81), {"error": "one VM is left at east"}))
    return {**document(run, record_of(start, fence=fence)), "unread": {"quiesce": "torn"}}


def turned_hostile(value: Any) -> Any:
    """Every text but those that are compared or read as times."""
    if isinstance(value, dict):
        return {key: turned_hostile(item) if key not in ("state", "severity") else item for key, item in value.items()}
    if isinstance(value, list):
        return [turned_hostile(item) for item in value]
    return HOSTILE if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value) else value


def test_nothing_that_a_cluster_or_a_person_wrote_becomes_markup() -> None:
    kind, hostile = Markup(page(rich())), Markup(page(turned_hostile(rich())))
    assert (hostile.tags, hostile.attributes) == (kind.tags, kind.attributes)
    assert hostile.open == []
    assert "{{ 7 * 7 }}" in hostile.text
    assert "\u202e" not in hostile.text
    assert "\x00" not in hostile.text


def test_hostile_states_and_times_do_not_become_markup_either() -> None:
    told = rich()
    told["state"] = told["steps"][0]["state"] = HOSTILE
    told["source_last_seen"] = told["losses"][0]["last_sync"] = HOSTILE
    assert Markup(page(told)).tags == Markup(page(rich())).tags


def test_the_page_needs_nothing_from_elsewhere() -> None:
    html = page(rich())
    markup = Markup(html)
    assert markup.tags & {"script", "link", "img", "iframe", "object", "style"} == {"style"}
    assert markup.attributes & OUTSIDE == set()
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_page_says_first_what_is_owed_and_what_was_measured() -> None:
    text = Markup(page(rich())).text
    assert text.index("FENCE DEBT: volume 7") < text.index("lost (RPO)")
    assert "at most 5 s (group payroll)" in text
    assert "all that got ready did within 42 s" in text
    assert "flood" in text


def test_a_proven_move_says_that_nothing_was_lost() -> None:
    proof = {"group": "payroll", "holds": True, "compared": "sha256", "at": at(5), "volumes": 2}
    switch = {"payroll": {"last_sync": at(5), "told": "", "forced": False}}
    told = document(failover(operation="relocate"), record_of(start_of(1), switch=switch, sync=[proof]))
    assert "nothing, as proven" in Markup(page(told)).text


def test_a_loss_that_is_not_known_is_not_told_as_a_number() -> None:
    switch = {"payroll": {"last_sync": None, "told": "", "forced": True}}
    assert "not known for payroll" in Markup(page(document(failover(), record_of(start_of(1), switch=switch)))).text


def test_a_run_that_failed_shows_the_step_and_its_error() -> None:
    steps = {
        "begin": StepRecord("done", 1, at(0), at(1)),
        "promote": StepRecord("failed", 1, at(1), at(4), {"error": "promote group db at site west; seen: split-brain"}),
    }
    text = Markup(page(document(failover(state="failed", steps=steps), {}))).text
    assert "What failed" in text
    assert "promote group db at site west; seen: split-brain" in text
    assert "no start was measured" in text


@pytest.mark.parametrize("steps", [{}, {"start": StepRecord("running", 1, at(10))}], ids=["no step", "a step runs"])
def test_a_run_without_times_has_a_page(steps: dict[str, StepRecord]) -> None:
    told = document(failover(state="running", ended=None, steps=steps, source_last_seen=None), {})
    assert Markup(page(told)).open == []


def test_ten_thousand_vms_stay_readable_and_small() -> None:
    html = page(document(failover(), record_of(start_of(10_000, every=0.05))))
    assert len(html) < SIZE_LIMIT
    text = Markup(html).text
    assert "167 from payroll/vm-00000" in text
    assert "100 of 10000 VMs and workloads; all of them are in the JSON file." in text


def test_long_texts_of_a_step_are_cut() -> None:
    run = failover().with_step("quiesce", StepRecord("done", 1, at(8), at(9), {"decisions": ["x" * 9_000] * 20}))
    assert len(page(document(run, {}))) < SIZE_LIMIT


def test_each_vm_has_its_bar_and_the_curve_its_cap() -> None:
    html = page(document(failover(), record_of(start_of(3))))
    assert html.count('<rect class="ready"') == 3
    assert ">cap 40<" in html


def test_the_same_record_is_the_same_page() -> None:
    told = json.loads(json.dumps(rich()))
    assert page(told) == page(rich())


def test_the_page_says_of_a_rehearsal_how_old_the_recovery_point_was_that_it_tried() -> None:
    point = {"name": "20260301t040000z", "taken": "2026-03-01T04:00:00Z", "age_seconds": 28800.0}
    shown = {"verdict": "passed", "reasons": [], "recovery_point": point}
    text = Markup(page(document(failover(operation="test_failover"), {"rehearsal": shown}))).text
    assert "passed, from recovery point 20260301t040000z, 8 h 00 min old when it began" in text


def test_the_page_names_the_recovery_point_that_vms_started_from() -> None:
    text = Markup(page(document(failover(recovery_point="20260301t040000z"), {}))).text
    assert "recovery point20260301t040000z" in text
