# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ceph_rbd throws away to make a copy anew, and what it never does."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


def test_split_brain_is_named_and_refused(pair: CephPair) -> None:
    provider = pair.provider()
    provider.promote(group(), "west", forced=True)
    with pytest.raises(TerminalState, match="split-brain: primary at west and at east"):
        provider.promote(group(), "west", forced=False)
    with pytest.raises(Refused, match="demote the group at east first"):
        provider.resync(group(), "east")
    provider.demote(group(), "east")
    assert provider.resync(group(), "east") is True
    assert provider.resync(group(), "east") is False


def test_what_follows_its_peer_or_will_is_not_resynchronised(pair: CephPair) -> None:
    assert pair.provider().resync(group(), "west") is False
    assert pair.asked == []


def test_p5_a_resync_that_was_asked_for_before_is_waited_for(pair: CephPair) -> None:
    """Not taken for a stranger of the same name while rbd-mirror makes the image anew."""
    provider = pair.provider()
    provider.promote(group(), "west", forced=True)
    provider.demote(group(), "east")
    provider.resync(group(), "east")
    pair.images["east"]["b"]["mirror"]["state"] = "creating"
    with pytest.raises(Timeout, match="1 of 3 do not follow west: mirroring is creating"):
        provider.resync(group(timeout="1s"), "east")
    assert pair.asked.count("resync b at east") == 1


def test_nothing_is_thrown_away_for_a_demoted_peer(pair: CephPair) -> None:
    pair.provider().demote(group(), "east")
    with pytest.raises(Refused, match="nothing was thrown away"):
        pair.provider().resync(group(), "west")
    assert not any("resync" in asked for asked in pair.asked)


def test_p5_a_resync_that_ended_behind_a_killed_run_gets_its_schedule_too(pair: CephPair) -> None:
    """rbd-mirror goes on without the run, whose rerun finds nothing to resynchronise: without a schedule the copy would
    take no mirror snapshot once it is primary."""
    provider = pair.provider()
    provider.promote(group(), "west", forced=True)
    provider.demote(group(), "east")
    provider.resync(group(), "east")
    assert provider.resync(group(schedule="5m"), "east") is True
    assert pair.schedules["east"] == {f"rbd/{name}": {"5m"} for name in "abc"}
    assert provider.resync(group(schedule="5m"), "east") is False
