# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.report import history
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.report.files import write_report
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.report.whole_run import run_info
from ansible_collections.ocpvirt.dr.plugins.modules import run_info as info_module
from ansible_collections.ocpvirt.dr.plugins.modules import run_report as report_module
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.report.runs import (
    NOON,
    at,
    failover,
    record_of,
    start_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN = plan_of()
RESULT_LIMIT = 64_000


class Sites:
    """Both sites answer, unless they are named here; each keeps the runs that went there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apis = {name: MemoryApi(name) for name in PLAN.sites}
        self.unreachable: set[str] = set()
        self.asked: list[str] = []

        def reached(_plan: object, name: str, _seconds: float = 0.0, once: bool = False) -> Reach:
            self.asked.append(name)
            if name in self.unreachable:
                return Reach(name, "unreachable", "timed out")
            return Reach(name, "reachable", api=self.apis[name])  # type: ignore[arg-type]

        for module in (asking, history):
            monkeypatch.setattr(module, "reach", reached)

    def record(self, run: Run, **topics: object) -> None:
        store = RunStore(self.apis[run.target], PLAN.store_namespace)  # type: ignore[arg-type]
        for topic, document in topics.items():
            store.put(run.id, PLAN.name, topic, document)
        store.put_head(run.id, PLAN.name, run.as_dict())


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Sites:
    return Sites(monkeypatch)


def documented(text: str) -> dict[str, object]:
    """The samples of what a module returns."""
    found = {}
    for name, item in yaml.safe_load(text).items():
        inner = item.get("contains")
        found[name] = {key: field["sample"] for key, field in inner.items()} if inner else item["sample"]
    return found


def test_the_result_is_as_the_module_documents_it(sites: Sites) -> None:
    steps = {
        "start": StepRecord("done", 1, at(10), at(80), {"ready": 1}),
        "end": StepRecord("done", 1, at(89), at(90), {"lost_seconds": 5.0, "rto_seconds": 40.0}),
    }
    start = {
        "attempt": 1,
        "started": {"payroll/db-0": [NOON.timestamp() + 10, 30.0]},
        "hooks": {"databases": None},
    }
    sites.record(failover(steps=steps, declared_lost="east", source_state="unreachable"), **record_of(start))
    sites.unreachable = {"east"}
    result = run_info(PLAN, None, 10)
    result["run"]["steps"] = [step for step in result["run"]["steps"] if step["name"] == "start"]
    assert result == {"changed": False, **documented(info_module.RETURN)}


def test_p4_a_dead_site_hides_its_own_runs_and_no_others(sites: Sites) -> None:
    sites.record(failover(id="r-1", source="west", target="east"))
    sites.record(failover(id="r-2", started=at(100)))
    sites.unreachable = {"east"}
    result = run_info(PLAN, None, 10)
    assert [run["run_id"] for run in result["runs"]] == ["r-2"]
    assert result["unread"] == {"east": "unreachable: timed out"}


def test_the_runs_of_both_sites_are_listed_oldest_first_without_refreshes(sites: Sites) -> None:
    sites.record(failover(id="r-2", started=at(100)))
    sites.record(failover(id="r-1", source="west", target="east"))
    sites.record(failover(id="r-3", started=at(200), operation="prestage"))
    result = run_info(PLAN, None, 10)
    assert ([run["run_id"] for run in result["runs"]], result["run"]["run_id"]) == (["r-1", "r-2"], "r-2")
    assert [run["run_id"] for run in run_info(PLAN, "r-3", 1)["runs"]] == ["r-2"]
    assert run_info(PLAN, "r-3", 1)["run"]["operation"] == "prestage"


def test_a_plan_that_was_never_run_has_no_history(sites: Sites) -> None:
    assert run_info(PLAN, None, 10) == {"changed": False, "runs": [], "run": {}, "unread": {}}


def test_p10_a_run_that_nobody_recorded_is_refused_with_those_that_are_known(sites: Sites) -> None:
    sites.record(failover(id="r-1"))
    sites.unreachable = {"east"}
    with pytest.raises(Refused) as raised:
        run_info(PLAN, "r-9", 10)
    assert raised.value.seen == "the last known ones are r-1; east was not read, unreachable: timed out"


def test_a_part_of_the_record_that_was_edited_hides_no_other(sites: Sites) -> None:
    run = failover()
    sites.record(run, **record_of(start_of(2)))
    (torn,) = [item for key, item in sites.apis["west"].objects.items() if key[2].endswith("-volumes-0")]
    torn["data"]["sha256"] = "edited"
    found = run_info(PLAN, run.id, 10)["run"]
    assert (list(found["unread"]), found["vms_total"]) == (["volumes"], 2)


def test_a_result_stays_small_whatever_the_size_of_the_plan(sites: Sites) -> None:
    sites.record(failover(), **record_of(start_of(10_000, every=0.05)))
    result = run_info(PLAN, None, 10)
    assert len(json.dumps(result)) < RESULT_LIMIT
    assert result["run"]["vms_total"] == 10_000


def test_both_files_are_written_once_and_again_when_the_record_changed(sites: Sites, tmp_path: Path) -> None:
    sites.record(failover(), **record_of(start_of(2)))
    folder = str(tmp_path / "new" / "reports")
    first = write_report(PLAN, None, folder, check_mode=False)
    assert json.loads(Path(first["json"]).read_text())["vms"][0]["rto_seconds"] == 41.0
    assert "<h1>payroll: failover to west" in Path(first["html"]).read_text()
    assert (first["changed"], write_report(PLAN, None, folder, check_mode=False)["changed"]) == (True, False)
    sites.record(failover(attempt=2))
    assert write_report(PLAN, None, folder, check_mode=False)["changed"] is True
    assert {file.suffix for file in Path(folder).iterdir()} == {".html", ".json"}


def test_p4_the_report_of_a_run_waits_for_no_other_site_than_its_target(sites: Sites, tmp_path: Path) -> None:
    run = failover()
    sites.record(run)
    write_report(PLAN, run.id, str(tmp_path), check_mode=False)
    assert sites.asked == ["west"]


def test_a_report_of_a_record_that_lies_elsewhere_is_found(sites: Sites, tmp_path: Path) -> None:
    run = failover()
    sites.record(replace(run, target="east"))
    assert write_report(PLAN, run.id, str(tmp_path), check_mode=False)["run_id"] == run.id


def test_p9_check_mode_writes_no_file(sites: Sites, tmp_path: Path) -> None:
    sites.record(failover())
    assert write_report(PLAN, None, str(tmp_path / "reports"), check_mode=True)["changed"] is True
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_somebody_edited_names_no_other_folder(sites: Sites, tmp_path: Path) -> None:
    sites.record(failover(id="../../evil"))
    written = write_report(PLAN, None, str(tmp_path / "reports"), check_mode=False)
    assert {Path(written[form]).parent for form in ("html", "json")} == {tmp_path / "reports"}


def test_p10_a_folder_that_cannot_be_made_is_refused(sites: Sites, tmp_path: Path) -> None:
    sites.record(failover())
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(Refused, match="dr_reports"):
        write_report(PLAN, None, str(tmp_path / "reports" / "east"), check_mode=False)


def test_the_result_of_a_report_is_as_its_module_documents_it(sites: Sites, tmp_path: Path) -> None:
    sites.record(failover())
    result = write_report(PLAN, None, str(tmp_path), check_mode=False)
    told = json.loads(json.dumps(result).replace(str(tmp_path), "/home/operator/reports"))
    assert told == {"changed": True, **documented(report_module.RETURN)}
