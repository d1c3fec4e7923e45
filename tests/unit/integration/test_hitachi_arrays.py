# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's pairs of Hitachi's arrays: a site that is lost makes nobody wait for each of its volumes."""

from __future__ import annotations

import pytest
import requests
from ansible_collections.ocpvirt.dr.tests.integration.products import exports
from ansible_collections.ocpvirt.dr.tests.integration.products.exports import LOOK_TIMEOUT, Exports
from ansible_collections.ocpvirt.dr.tests.integration.products.hitachi_arrays import Pairs


class Storage:
    """As an Exports. answers: whether its site is there."""

    def __init__(self, role, answers=True):
        self.role = role
        self.answers = answers
        self.asked = []

    def look(self, export):
        self.asked.append(export)
        if not self.answers:
            raise requests.ConnectTimeout("no answer")
        return {"role": self.role, "paused": False, "health": "healthy", "error": ""}


def test_a_lost_site_is_asked_for_one_volume_of_many():
    here, there = Storage("secondary"), Storage("primary", answers=False)
    pairs = Pairs(here, there)
    assert [pairs.look(f"disk-{number}", was_source=False) for number in range(7)] == [(False, "PSUE")] * 7
    assert len(here.asked) == 7
    assert there.asked == ["disk-0"]


def test_a_site_that_answers_is_asked_for_each_volume():
    here, there = Storage("secondary"), Storage("primary")
    pairs = Pairs(here, there)
    assert [pairs.look(f"disk-{number}", was_source=False) for number in range(2)] == [(False, "PAIR")] * 2
    assert there.asked == ["disk-0", "disk-1"]


def test_a_look_waits_for_a_storage_no_longer_than_a_moment(monkeypatch):
    asked = []

    def request(_method, _url, timeout, **_more):
        asked.append(timeout)
        raise requests.ConnectTimeout("no answer")

    monkeypatch.setattr(exports.requests, "request", request)
    with pytest.raises(requests.ConnectTimeout):
        Exports({"storage_url": "http://192.0.2.1"}).look("disk-0")
    assert asked == [LOOK_TIMEOUT]
