"""The nfs provider against the lab's servers, on an export of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.groups import Groups
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import wait_until

EXPORT = "contract"


class Pair:
    """One group that replicates from east to west, with a file to see it by."""

    def __init__(self, world: World) -> None:
        document = world.changed_plan()
        document["replication"]["groups"] = [{"name": EXPORT, "selector": {}}]
        for site, options in document["replication"]["options"]["sites"].items():
            options["path"] = f"{world.sites[site]['export_prefix']}/{EXPORT}"
        self.sites = world.sites
        plan = parse_plan(document)
        self.group: Group = plan.groups[0]
        self.provider = Groups(plan).provider(self.group)

    def roles(self) -> tuple[str, str]:
        return (self.provider.observe(self.group, "east").role, self.provider.observe(self.group, "west").role)

    def await_replicated(self) -> None:
        def missing() -> list[str]:
            status = self.provider.observe(self.group, "west")
            return [] if status.last_sync else [status.message or "no last_sync"]

        wait_until("the first transfer", 30, missing)


@pytest.fixture
def pair(deployed: World) -> Iterator[Pair]:
    pair = Pair(deployed)
    pair.provider.enable(pair.group, "east", "west")
    requests.post(
        f"{pair.sites['east']['storage_url']}/v1/exports/{EXPORT}/volumes/volume", json={}, timeout=10
    ).raise_for_status()
    pair.await_replicated()
    yield pair
    for site in ("east", "west"):
        requests.delete(f"{pair.sites[site]['storage_url']}/v1/exports/{EXPORT}", timeout=10).raise_for_status()


def test_enabling_twice_changes_nothing(pair: Pair) -> None:
    assert pair.provider.enable(pair.group, "east", "west") is False
    assert pair.roles() == ("primary", "secondary")


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(pair: Pair) -> None:
    with pytest.raises((Refused, Conflict)):
        pair.provider.promote(pair.group, "west", forced=False)
    assert pair.roles() == ("primary", "secondary")


def test_p3_a_proof_is_refused_while_the_source_can_still_be_written(pair: Pair) -> None:
    with pytest.raises(Refused, match="still writable"):
        pair.provider.final_sync(pair.group, "east", "west")


def test_p3_a_planned_switch_is_proven_and_comes_back(pair: Pair) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        assert pair.provider.demote(pair.group, source) is True
        assert pair.provider.demote(pair.group, source) is False
        proof = pair.provider.final_sync(pair.group, source, target)
        assert proof.holds
        assert pair.provider.promote(pair.group, target, forced=False) is True
        assert pair.provider.promote(pair.group, target, forced=False) is False
        assert pair.provider.observe(pair.group, target).role == "primary"
        assert pair.provider.observe(pair.group, source).role == "secondary"


def test_p1_after_a_forced_switch_the_old_primary_is_diverged_until_it_is_resynchronised(pair: Pair) -> None:
    pair.provider.fence(pair.group, "west", "east")
    assert pair.provider.promote(pair.group, "west", forced=True) is True

    def not_noticed() -> list[str]:
        health = pair.provider.observe(pair.group, "east").health
        return [] if health == "diverged" else [health]

    wait_until("east to notice", 30, not_noticed)
    pair.provider.demote(pair.group, "east")
    pair.provider.resync(pair.group, "east")
    assert pair.roles() == ("secondary", "primary")
    assert pair.provider.observe(pair.group, "east").health == "healthy"


def test_p1_a_fence_is_proven_by_what_the_survivor_says(pair: Pair) -> None:
    proof = pair.provider.fence(pair.group, "west", "east")
    assert "takes nothing in from east" in proof.evidence
    assert pair.provider.observe(pair.group, "west").raw["paused"] is True
