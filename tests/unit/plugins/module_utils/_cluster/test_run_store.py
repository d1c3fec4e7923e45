# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster import run_store
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, NAMESPACE
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

RUN = "payroll-failover-west-20260301120005-ab12"
# of one object, as the API server counts it
OBJECT_LIMIT = 1 << 20


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


@pytest.fixture
def store(api: MemoryApi) -> RunStore:
    return RunStore(api, "ocpvirt-dr")


def test_a_dropped_run_leaves_nothing_and_takes_nothing_of_another_with_it(api: MemoryApi, store: RunStore) -> None:
    for run_id in (RUN, f"{RUN}-2"):
        store.put_head(run_id, "payroll", {"id": run_id, "started": "12:00"})
        store.put(run_id, "payroll", "volumes", ["a"])
    store.drop(RUN, "payroll")
    assert [head["id"] for head in store.heads("payroll")] == [f"{RUN}-2"]
    assert all(f"{RUN}-2" in name for _kind, _namespace, name in api.objects)


def torn(head: dict[str, Any]) -> str:
    return json.dumps(head)[:40]


def without_an_id(head: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in head.items() if key != "id"})


def with_a_field_of_somebody(head: dict[str, Any]) -> str:
    return json.dumps({**head, "note": "checked by me"})


def without_steps(head: dict[str, Any]) -> str:
    return json.dumps({**head, "steps": None})


@pytest.mark.parametrize("edited", [torn, without_an_id, with_a_field_of_somebody, without_steps])
def test_p10_a_record_that_somebody_edited_is_told_by_its_name(
    api: MemoryApi, store: RunStore, edited: Callable[[dict[str, Any]], str]
) -> None:
    head = Run(RUN, "payroll", "failover", "east", "west", "f00d", "12:00").as_dict()
    store.put_head(RUN, "payroll", head)
    (item,) = api.list(CONFIG_MAP)
    api.replace(CONFIG_MAP, {**item, "data": {"head": edited(head)}})
    with pytest.raises(Failed, match=f"on ConfigMap/ocpvirt-dr/run-{RUN}-head at site west.*next: put it back"):
        store.runs("payroll")


@pytest.fixture
def three_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that the documents A and B have three."""
    monkeypatch.setattr(run_store, "SHARD", 900)


def incompressible(seed: int, size: int) -> dict[str, Any]:
    return {"decisions": random.Random(seed).randbytes(size).hex()}


def test_p4_a_torn_record_of_syncs_stops_no_failover_and_is_written_anew(api: MemoryApi, store: RunStore) -> None:
    store.put_syncs("payroll", {"db": {"primary": "east"}})
    (item,) = api.list(CONFIG_MAP)
    api.replace(CONFIG_MAP, {**item, "data": {**item["data"], "shard": "torn"}})
    assert store.syncs("payroll") == {}
    store.put_syncs("payroll", {"db": {"primary": "west"}})
    assert store.syncs("payroll") == {"db": {"primary": "west"}}


A, B = incompressible(1, 1_600), incompressible(2, 1_600)


def kill_after(writes: int, api: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(call: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            if len(api.writes) == before + writes:
                raise Killed
            return call(*arguments)

        return counted

    before = len(api.writes)
    monkeypatch.setattr(api, "apply", write(api.apply))


@pytest.mark.parametrize("document", [{}, [], "text", None, {"vms": ["payroll/db-0"], "ümlaut": 1.5}], ids=str)
def test_a_document_is_read_back_as_it_was_recorded(store: RunStore, document: Any) -> None:
    store.put(RUN, "payroll", "capture", document)
    assert store.load(RUN, "capture") == document


def test_what_was_never_recorded_is_none(store: RunStore) -> None:
    assert store.load(RUN, "capture") is None


def test_a_document_above_2_mb_is_read_back_from_shards_below_the_object_limit(store: RunStore, api: MemoryApi) -> None:
    document = incompressible(1, 1_600_000)
    store.put(RUN, "payroll", "volumes", document)
    assert store.load(RUN, "volumes") == document
    sizes = [len(json.dumps(item)) for item in api.list(CONFIG_MAP, "ocpvirt-dr")]
    assert sum(sizes) > 2_000_000
    assert max(sizes) < OBJECT_LIMIT


@pytest.mark.usefixtures("three_shards")
def test_a_shorter_document_replaces_a_longer_one(store: RunStore) -> None:
    store.put(RUN, "payroll", "volumes", A)
    store.put(RUN, "payroll", "volumes", {"volumes": 1})
    assert store.load(RUN, "volumes") == {"volumes": 1}


def test_p5_an_equal_document_is_not_written_again(store: RunStore, api: MemoryApi) -> None:
    store.put(RUN, "payroll", "volumes", {"a": 1, "b": 2})
    before = list(api.writes)
    store.put(RUN, "payroll", "volumes", {"b": 2, "a": 1})
    assert api.writes == before


@pytest.mark.usefixtures("three_shards")
def test_p5_a_first_record_that_was_cut_off_was_never_recorded(
    store: RunStore, api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_after(2, api, monkeypatch)
    with pytest.raises(Killed):
        store.put(RUN, "payroll", "volumes", A)
    assert store.load(RUN, "volumes") is None


@pytest.mark.usefixtures("three_shards")
@pytest.mark.parametrize("written", [1, 2])
def test_p5_a_replacement_that_was_cut_off_is_noticed(
    store: RunStore, api: MemoryApi, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    store.put(RUN, "payroll", "volumes", A)
    kill_after(written, api, monkeypatch)
    with pytest.raises(Killed):
        store.put(RUN, "payroll", "volumes", B)
    with pytest.raises(Failed):
        store.load(RUN, "volumes")


@pytest.mark.usefixtures("three_shards")
def test_p5_shards_of_two_documents_of_one_length_are_noticed(store: RunStore, api: MemoryApi) -> None:
    store.put(RUN, "payroll", "volumes", A)
    last = api.objects["ConfigMap", "ocpvirt-dr", f"run-{RUN}-volumes-2"]
    last["data"]["shard"] = last["data"]["shard"][::-1]
    with pytest.raises(Failed, match="start the playbook again"):
        store.load(RUN, "volumes")


@pytest.mark.usefixtures("three_shards")
def test_p5_a_shard_that_is_gone_is_noticed(store: RunStore, api: MemoryApi) -> None:
    store.put(RUN, "payroll", "volumes", A)
    api.delete(CONFIG_MAP, f"run-{RUN}-volumes-1", "ocpvirt-dr")
    with pytest.raises(DrError):
        store.load(RUN, "volumes")


@pytest.mark.usefixtures("three_shards")
def test_p5_after_a_cut_off_record_the_same_step_records_anew(
    store: RunStore, api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(RUN, "payroll", "volumes", A)
    kill_after(1, api, monkeypatch)
    with pytest.raises(Killed):
        store.put(RUN, "payroll", "volumes", B)
    monkeypatch.undo()
    store.put(RUN, "payroll", "volumes", B)
    assert store.load(RUN, "volumes") == B


def test_the_heads_of_a_plan_come_oldest_first(store: RunStore) -> None:
    for run_id, started in (("r-2", "2026-03-02"), ("r-1", "2026-03-01"), ("r-3", "2026-03-03")):
        store.put_head(run_id, "payroll", {"id": run_id, "started": started})
    store.put_head("other", "web", {"id": "other", "started": "2026-03-02"})
    store.put("r-1", "payroll", "capture", {})
    assert [head["id"] for head in store.heads("payroll")] == ["r-1", "r-2", "r-3"]


def test_a_head_is_read_back(store: RunStore) -> None:
    store.put_head(RUN, "payroll", {"id": RUN})
    assert store.head(RUN) == {"id": RUN}


def test_an_unknown_run_has_no_head(store: RunStore) -> None:
    assert store.head(RUN) is None


def test_the_namespace_is_made_once(store: RunStore, api: MemoryApi) -> None:
    store.prepare()
    store.prepare()
    assert api.writes == ["create Namespace/ocpvirt-dr"]


def test_a_namespace_that_somebody_makes_in_this_moment_is_fine(
    store: RunStore, api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_by_another(*_arguments: object) -> None:
        raise Conflict("POST", status=409)

    monkeypatch.setattr(api, "create", made_by_another)
    store.prepare()
    assert api.find(NAMESPACE, "ocpvirt-dr") is None
