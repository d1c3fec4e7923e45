# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two primaries of csi-addons, whose own manager promotes by force when it is asked: what refuses, and what ends it.

Each begins with a lost site that is back: west was promoted while it could not reach east, and both were written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.switch import check_movable
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.status import describe, judge
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.last_primary import is_split
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

# what each side wrote while both were primary
WRITTEN = {"east": "too late", "west": "new life"}
PEER = {"east": "west", "west": "east"}
SEEN_WITHIN = 120

each_survivor = pytest.mark.parametrize("survivor", WRITTEN)
volume_by_volume = pytest.mark.parametrize("kept", ["volume"], indirect=True)
# whether the storages reach each other when the copies are demoted: only then the product tells that they diverged
linked_or_not = pytest.mark.parametrize("linked", [True, False], ids=["linked", "cut"])


@pytest.fixture(scope="module", params=["volume", "group"])
def kept(request: pytest.FixtureRequest, lab: Lab) -> Iterator[KeptRig[CsiAddonsRig]]:
    rigs = KeptRig(lambda: CsiAddonsRig(lab, per=request.param))
    try:
        yield rigs
    finally:
        rigs.remove()


@pytest.fixture
def split(kept: KeptRig[CsiAddonsRig]) -> CsiAddonsRig:
    rig = kept.fresh()
    rig.cut()
    provider, group = rig.without_answer("east")
    provider.promote(group, "west", forced=True)
    for site, text in WRITTEN.items():
        rig.write(site, text)
    rig.join()
    assert roles(rig) == ("primary", "primary")
    return rig


def held(rig: CsiAddonsRig) -> dict[str, Any]:
    """By site what we could have changed: what the objects ask for and are marked with, and the data."""
    found: dict[str, Any] = {}
    for site in WRITTEN:
        for name, item in rig.objects(site).items():
            meta = item["metadata"]
            found[f"{site}/{name}"] = (item["spec"], meta.get("annotations"), meta.get("labels"), meta["generation"])
        found[site] = rig.read(site)
    return found


def marked_split(rig: CsiAddonsRig, site: str) -> set[bool]:
    return {is_split(item) for item in rig.objects(site).values()}


def await_reports(rig: CsiAddonsRig, site: str) -> None:
    """Until the product has looked at all copies of a demoted site once more, and says what it makes of them."""

    def silent() -> list[str]:
        return [describe(item) for item in rig.objects(site).values() if not judge(item, "reported").done]

    wait_until(f"a report on the sync of {site}", SEEN_WITHIN, silent)


def generations(rig: CsiAddonsRig, site: str) -> int:
    return sum(item["metadata"]["generation"] for item in rig.objects(site).values())


def why_not(rig: CsiAddonsRig, site: str) -> str:
    """Of a demoted copy: what the product has found out of it, and else what it has not of the peer's."""
    if status(rig, site).health == "error":
        return "its own replication has failed, and a promotion would be forced by the product"
    return f"at {PEER[site]} it is demoted, but not proven to be synced"


def assert_neither_is_promoted(rig: CsiAddonsRig) -> None:
    for site, peer in PEER.items():
        with pytest.raises(Refused, match=why_not(rig, site)):
            take_back(rig.provider, rig.group, site, peer, forced=False)
    assert roles(rig) == ("secondary", "secondary")


def test_p1_a_planned_promotion_of_either_primary_is_refused_as_split_brain(split: CsiAddonsRig) -> None:
    before = held(split)
    for site, peer in PEER.items():
        with pytest.raises(TerminalState, match=f"split-brain: primary at {peer} and at {site}: ") as refused:
            split.provider.promote(split.group, site, forced=False)
        assert "choose the site whose data counts, then reprotect with dr_target=" in (refused.value.next_step or "")
    assert held(split) == before


def test_p1_a_planned_move_between_two_primaries_is_refused_with_the_remedy(split: CsiAddonsRig) -> None:
    before, seen = held(split), {site: [status(split, site)] for site in WRITTEN}
    for target, source in PEER.items():
        with pytest.raises(Refused, match=f"primary at {source} and at {target}") as refused:
            check_movable(split.plan.name, target, source, seen[target], seen[source])
        assert "reprotect" in (refused.value.next_step or "")
    assert held(split) == before


@each_survivor
def test_p3_the_remedy_ends_in_healthy_replication_of_what_the_survivor_wrote(
    split: CsiAddonsRig, survivor: str
) -> None:
    loser = PEER[survivor]
    assert split.provider.demote(split.group, loser)
    assert split.provider.resync(split.group, loser)
    assert (status(split, survivor).role, status(split, loser).role) == ("primary", "secondary")
    assert (split.read(survivor), split.read(loser)) == (WRITTEN[survivor], WRITTEN[survivor])
    assert {status(split, site).health for site in WRITTEN} == {"healthy"}
    assert (status(split, survivor).direction, status(split, loser).direction) == ("outgoing", "incoming")
    # a planned move goes on from there, and its demotion is one that can be taken back
    split.provider.demote(split.group, survivor)
    assert split.provider.final_sync(split.group, survivor, loser).holds
    assert take_back(split.provider, split.group, survivor, loser, forced=False)
    assert split.read(survivor) == WRITTEN[survivor]


@volume_by_volume
@linked_or_not
def test_p1_a_demotion_beside_another_primary_is_never_taken_back(split: CsiAddonsRig, linked: bool) -> None:
    loser, survivor = "east", "west"
    if not linked:
        split.cut()
    assert split.provider.demote(split.group, loser)
    assert marked_split(split, loser) == {True}
    before = held(split)
    with pytest.raises(Refused, match=f"at {survivor} it is not proven to be demoted"):
        take_back(split.provider, split.group, loser, survivor, forced=False)
    assert held(split) == before
    split.join()
    assert split.provider.resync(split.group, loser)
    assert marked_split(split, loser) == {False}
    assert split.read(loser) == WRITTEN[survivor]


@volume_by_volume
@linked_or_not
@each_survivor
def test_p1_of_two_demoted_parts_of_a_split_brain_neither_has_everything(
    split: CsiAddonsRig, survivor: str, linked: bool
) -> None:
    """Whichever was demoted last: the product would take it by force, and what only the other holds would be lost."""
    loser = PEER[survivor]
    if not linked:
        split.cut()
    split.provider.demote(split.group, loser)
    if linked:
        await_reports(split, loser)
    split.provider.demote(split.group, survivor)
    before = held(split)
    assert_neither_is_promoted(split)
    # what the product finds out meanwhile is no proof either
    if linked:
        await_reports(split, survivor)
    assert_neither_is_promoted(split)
    assert held(split) == before
    assert {site: split.read(site) for site in WRITTEN} == WRITTEN
    # whose data counts, a person says
    split.join()
    assert split.provider.promote(split.group, survivor, forced=True)
    assert split.provider.resync(split.group, loser)
    assert split.read(loser) == WRITTEN[survivor]


@volume_by_volume
def test_p3_a_copy_that_was_ordered_in_vain_is_ordered_again(split: CsiAddonsRig) -> None:
    """Its split brain was reported before the peer was demoted, and its storage cannot see that it is primary again."""
    loser, survivor = "west", "east"
    split.provider.demote(split.group, loser)
    await_reports(split, loser)
    split.provider.demote(split.group, survivor)
    split.cut()
    assert split.provider.promote(split.group, survivor, forced=True)
    # an order, and back to secondary
    ordered = generations(split, loser) + 2 * len(split.objects(loser))

    def still() -> list[str]:
        reported = status(split, loser).health == "error"
        return ["no order"] if reported and generations(split, loser) < ordered else []

    with ThreadPoolExecutor(1) as pool:
        resynced = pool.submit(split.provider.resync, split.group, loser)
        wait_until(f"{loser} to be ordered, or not to report it any more", SEEN_WITHIN, still)
        split.join()
        assert resynced.result()
    assert split.read(loser) == WRITTEN[survivor]
