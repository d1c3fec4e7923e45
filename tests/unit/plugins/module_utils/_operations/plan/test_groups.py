# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, SyncProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, new_run_id
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import groups as groups_module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import session as session_module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.session import Session
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers import site_handle
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.product_stand_in import register
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

GROUPS = [{"name": name, "selector": {"matchLabels": {"tier": name}}} for name in ("db", "app", "web")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(product, site) of every question that was asked."""
    questions: list[tuple[str, str]] = []

    def product(product_name: str) -> type:
        class Product:
            name = product_name

            def __init__(self, _sites: object) -> None:
                pass

            def observe_all(self, groups: list[SimpleNamespace], site: str) -> list[GroupStatus]:
                questions.append((self.name, site))
                return [GroupStatus(group.name, site, "primary", "healthy", "none") for group in groups]

            observe_roles = observe_all

            def promote_all(self, groups: list[SimpleNamespace], site: str, forced: bool) -> list[bool]:
                questions.append((f"{self.name} {forced}", site))
                return [group.name != "app" for group in groups]

            def demote_all(self, groups: list[SimpleNamespace], site: str) -> list[bool]:
                questions.append((f"{self.name} demote", site))
                return [group.name != "db" for group in groups]

            def final_sync_all(self, groups: list[SimpleNamespace], source: str, target: str) -> list[SyncProof]:
                questions.append((f"{self.name} sync", f"{source} {target}"))
                return [SyncProof(group.name, True, "all", "", "", "") for group in groups]

            def covers(self, _group: object, _site: str, pv: dict[str, object]) -> bool:
                return bool(pv["mine"])

        return Product

    for name in ("one", "two"):
        register(monkeypatch, name, product(name))
    return questions


def groups_of(*providers: str) -> Groups:
    named = [{**group, "provider": name} for group, name in zip(GROUPS, providers, strict=False)]
    return Groups(plan_of(replication={"groups": named}))


def session(*dead: str) -> SimpleNamespace:
    groups = groups_of("one")
    known: dict[str, object] = {f"source_{part}is_dead": part in dead for part in ("", "storage_")}
    known["note_silent_groups"] = lambda _there: None
    return SimpleNamespace(plan=groups.plan, groups=groups, target="west", source="east", **known)


@pytest.mark.parametrize("dead", ["", "storage_"], ids=["cluster", "storage"])
def test_p4_a_source_that_is_dead_for_this_run_is_not_asked_again(asked: list[tuple[str, str]], dead: str) -> None:
    here, there = Session.observe_groups(session(dead))
    assert asked == [("one", "west")]
    assert [(status.role, status.reachable) for status in there] == [("unknown", False)]
    assert here[0].role == "primary"


def test_p4_an_api_server_that_is_dead_for_this_run_is_not_connected_to_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some products look for a group's volumes at both sites, each time."""
    opened: list[str] = []
    register(monkeypatch, "kept", lambda sites: SimpleNamespace(sites=sites))
    monkeypatch.setattr(groups_module, "open_site", lambda _plan, site: opened.append(site))
    groups = groups_of("kept")
    groups.silence("east", "declared lost")
    (group,) = groups.plan.groups
    with pytest.raises(Unreachable, match="declared lost"):
        groups.provider(group).sites["east"].volumes(group)  # type: ignore[attr-defined]
    assert opened == []


@pytest.mark.parametrize("state", ["reachable", "unreachable"])
def test_p4_who_needs_an_api_server_takes_the_answer_of_whoever_asks_it(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    api = MemoryApi("east") if state == "reachable" else None
    register(monkeypatch, "kept", lambda sites: SimpleNamespace(sites=sites))
    groups = groups_of("kept")
    groups.hear("east", lambda: Reach("east", state, "timed out", api=api))  # type: ignore[arg-type]
    (group,) = groups.plan.groups
    handle = groups.provider(group).sites["east"]  # type: ignore[attr-defined]
    if api is None:
        with pytest.raises(Unreachable, match="timed out"):
            handle.volumes(group)
    else:
        assert handle.volumes(group) == []


def test_p4_a_program_that_reaches_a_storage_has_no_more_time_than_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "kept", lambda sites: SimpleNamespace(sites=sites))
    groups = groups_of("kept")
    groups.hurry("east", 0.01)
    (group,) = groups.plan.groups
    handle = groups.provider(group).sites["east"]  # type: ignore[attr-defined]
    with pytest.raises(Unreachable):
        handle.run(["sleep", "60"], 60)


@pytest.mark.parametrize(("source_state", "silenced"), [("unreachable", ["east"]), ("reachable", [])])
def test_p4_a_module_of_a_run_whose_source_is_dead_silences_it(
    monkeypatch: pytest.MonkeyPatch, source_state: str, silenced: list[str]
) -> None:
    api, plan = MemoryApi("west"), plan_of()
    run = Run(
        new_run_id(plan.name, "failover", "west", datetime(2026, 3, 1, tzinfo=UTC)),
        plan.name,
        "failover",
        "east",
        "west",
        "f00d",
        "2026-03-01T00:00:00+00:00",
        source_state=source_state,
        declared_lost="east",
    )
    RunStore(api, plan.store_namespace).put_head(run.id, plan.name, run.as_dict())
    monkeypatch.setattr(session_module, "open_site", lambda _plan, _site: api)
    told: list[str] = []
    monkeypatch.setattr(Groups, "silence", lambda _self, site, _why: told.append(site))
    Session(plan, run.id)
    assert told == silenced


@pytest.mark.parametrize(("lost", "asked_there"), [("east", ["two"]), (None, ["one", "two"])])
def test_p4_only_what_was_silent_at_a_lost_source_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, str]], lost: str | None, asked_there: list[str]
) -> None:
    plan = groups_of("one", "two").plan
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    operation = "failover" if lost else "relocate"
    run_id = new_run_id(plan.name, operation, "west", moment)
    run = Run(run_id, plan.name, operation, "east", "west", "f00d", moment.isoformat(), declared_lost=lost)
    api = MemoryApi("west")
    head = replace(run, source_state="reachable", source_silent=["db"]).as_dict()
    RunStore(api, plan.store_namespace).put_head(run_id, plan.name, head)
    monkeypatch.setattr(session_module, "open_site", lambda _plan, _site: api)
    _here, there = Session(plan, run_id).observe_groups()
    assert sorted(name for name, site in asked if site == "east") == asked_there
    assert [status.reachable for status in there] == [lost is None, True]


def test_p4_an_api_server_and_a_storage_behind_it_share_the_time_of_a_lost_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = SimulatedTime()
    monkeypatch.setattr(site_handle, "Clock", time.clock)
    handle = SiteHandle("east", plan_of(), lambda: MemoryApi("east"))  # type: ignore[arg-type,return-value]
    assert handle.patience is None
    handle.hurry(6)
    time.sleep(4)
    assert handle.patience == 2
    time.sleep(4)
    assert handle.patience == site_handle.LOOK_TIMEOUT


def test_p1_a_source_that_may_be_alive_is_asked_freshly(asked: list[tuple[str, str]]) -> None:
    Session.observe_groups(session())
    assert sorted(asked) == [("one", "east"), ("one", "west")]


def test_each_product_is_asked_once_per_site_and_answers_come_in_the_order_of_the_plan(
    asked: list[tuple[str, str]],
) -> None:
    found = groups_of("two", "one", "two").observe(["east", "west"])
    assert sorted(asked) == [("one", "east"), ("one", "west"), ("two", "east"), ("two", "west")]
    assert [status.group for status in found["west"]] == ["db", "app", "web"]


def test_each_product_switches_all_of_its_groups_at_once(asked: list[tuple[str, str]]) -> None:
    groups = groups_of("two", "one", "two")
    assert groups.promote(groups.plan.groups, "west", forced=False) == ["db", "web"]
    assert sorted(asked) == [("one False", "west"), ("two False", "west")]
    assert groups.promote([], "west", forced=True) == []
    asked.clear()
    assert groups.demote(groups.plan.groups, "east") == ["app", "web"]
    proofs = groups.final_sync(groups.plan.groups, "east", "west")
    assert [proof.group for proof in proofs] == ["db", "app", "web"]
    switched = [("one demote", "east"), ("one sync", "east west"), ("two demote", "east"), ("two sync", "east west")]
    assert sorted(asked) == switched


def claim(**labels: str) -> dict[str, object]:
    return {"metadata": {"namespace": "payroll", "name": "disk", "labels": labels}}


@pytest.mark.usefixtures("asked")
def test_p1_a_claim_of_no_group_is_refused() -> None:
    with pytest.raises(Refused, match="0 groups select it"):
        groups_of("one").of_claim(claim(tier="other"))


@pytest.mark.usefixtures("asked")
def test_p1_a_volume_that_its_group_does_not_replicate_is_refused() -> None:
    groups = groups_of("one")
    pv = {"metadata": {"name": "pv-1"}, "mine": False}
    with pytest.raises(Refused, match="group db does not replicate it here"):
        groups.check_covered("west", claim(tier="db"), pv)
    groups.check_covered("west", claim(tier="db"), {**pv, "mine": True})


def test_what_a_provider_s_options_refer_to_is_read_where_the_playbook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAY_PASSWORD", "s3cret")
    plan = plan_of(replication={"provider": "tasks", "options": {"password_env": "ARRAY_PASSWORD"}})
    provider = Groups(plan).provider(plan.groups[0])
    assert provider.sites["east"].reveal(plan.groups[0].options_at("east")) == {"password": "s3cret"}
