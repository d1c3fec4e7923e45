# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing the capture of a run; a source in memory stands for Velero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import ROUTE
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture import capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

RULE = {
    "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"]}},
    "set": {"east": {"nfs.server": "192.0.2.10"}, "west": {"nfs.server": "198.51.100.10"}},
}


def vm() -> dict[str, Any]:
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db"}}]
    return {
        "metadata": {"name": "db", "namespace": "payroll"},
        "spec": {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}},
    }


def content(name: str) -> Capture:
    claim = {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv"}}
    volume = {
        "metadata": {"name": "pv"},
        "spec": {
            "nfs": {"server": "192.0.2.10", "path": "/exports/db"},
            "claimRef": {"namespace": "payroll", "name": "db"},
        },
    }
    return Capture(
        name,
        {
            "virtualmachines.kubevirt.io": [vm()],
            "persistentvolumeclaims": [claim],
            "persistentvolumes": [volume],
        },
    )


class Source:
    """damaged: names of captures whose content is not as it was written."""

    title = "Velero"
    announces = False
    holds_content = True
    damaged: tuple[str, ...] = ()
    pruned = 0

    def __init__(self, *names: str) -> None:
        self.names = names

    def label(self, name: str) -> str:
        return f"Backup/openshift-adp/{name}"

    def await_catalog_sync(self, *_arguments: object) -> bool:
        return True

    def catalog(self, _api: object) -> list[CaptureInfo]:
        return [CaptureInfo(name, "east", "2026-03-01T11:00:00Z", "Completed", True) for name in self.names]

    def capture(self, _api: object, _timeout: float) -> str:
        return "new"

    def prune(self) -> None:
        self.pruned += 1
        if self.damaged:
            raise TerminalState("read the capture", on=self.damaged[0], next_step="take another one")

    def manifests(self, _api: object, name: str) -> Capture:
        if name in self.damaged:
            raise TerminalState("read the capture", on=name, seen="its index: no whole gzip file", next_step="look")
        return content(name)


def choose(
    monkeypatch: pytest.MonkeyPatch, session: MemorySession, source: Source, rules: list[Any], **more: Any
) -> str:
    plan = plan_of(volumes={"rules": rules}, **more)
    monkeypatch.setattr(capture, "Session", session)
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    return capture.choose_capture(plan, "r-1", False)["name"]


def test_the_newest_complete_capture_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, MemorySession(MemoryApi()), Source("new", "old"), [RULE]) == "new"


def test_p5_a_resumed_run_keeps_the_capture_of_its_earlier_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    session = MemorySession(MemoryApi())
    assert choose(monkeypatch, session, Source("old"), [RULE]) == "old"
    assert choose(monkeypatch, session, Source("new", "old"), [RULE]) == "old"


def test_p2_a_volume_that_no_rule_matches_is_refused_before_anything_is_promoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {**RULE, "match": {"nfs": {"server": ["203.0.113.1"]}}}
    with pytest.raises(Refused, match=r"volumes\.rules"):
        choose(monkeypatch, MemorySession(MemoryApi()), Source("new"), [other])


def test_what_patching_cannot_serve_is_refused_but_where_a_product_makes_the_volume(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    csi = {"driver": "csi.trident.netapp.io", "volumeHandle": "pvc-1", "volumeAttributes": {"backendUUID": "east"}}

    class Trident(Source):
        def manifests(self, api: object, name: str) -> Capture:
            found = super().manifests(api, name)
            found.index("persistentvolumes")["pv"]["spec"]["csi"] = csi  # type: ignore[index]
            del found.index("persistentvolumes")["pv"]["spec"]["nfs"]  # type: ignore[attr-defined]
            return found

    fields = {site: {"csi.volumeAttributes.backendUUID": site} for site in ("east", "west")}
    rule = {"match": {"csi": {"driver": csi["driver"]}}, "set": fields}
    session = MemorySession(MemoryApi())
    with pytest.raises(Refused, match="TridentVolumes"):
        choose(monkeypatch, session, Trident("new"), [rule])
    assert choose(monkeypatch, session, Trident("new"), [rule], metadata={"source": "vendor"}) == "new"


def test_a_capture_that_is_damaged_for_good_is_passed_over_with_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("new", "old")
    source.damaged = ("new",)
    monkeypatch.setattr(capture, "Session", MemorySession(MemoryApi()))
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    result = capture.choose_capture(plan_of(volumes={"rules": [RULE]}), "r-1", False)
    assert result["name"] == "old"
    assert [(item["code"], item["message"]) for item in result["findings"]] == [
        ("CaptureSkipped", "its index: no whole gzip file")
    ]


@pytest.mark.parametrize("damaged", [(), ("old",)])
def test_after_a_good_capture_old_ones_go_and_trouble_with_them_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, damaged: tuple[str, ...]
) -> None:
    source = Source()
    source.damaged = damaged
    monkeypatch.setattr(capture, "open_site", lambda _plan, site: MemoryApi(site))
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    result = capture.take_capture(plan_of(), "east", 60, False)
    assert (result["complete"], source.pruned) == (True, 1)
    assert [item["code"] for item in result["findings"]] == ["CapturesNotPruned"] * len(damaged)


def test_p9_check_mode_takes_and_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    monkeypatch.setattr(capture, "open_site", lambda _plan, site: MemoryApi(site))
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    assert (capture.take_capture(plan_of(), "east", 60, True)["name"], source.pruned) == ("", 0)


@pytest.mark.parametrize(
    ("last_seen", "codes"), [("2026-03-01T11:30:00+00:00", []), ("2026-03-02T11:00:01+00:00", ["CaptureTooOld"])]
)
def test_a_failover_says_that_its_capture_was_too_old_when_the_source_was_last_alive(
    monkeypatch: pytest.MonkeyPatch, last_seen: str, codes: list[str]
) -> None:
    """Not by now: after hours of outage it is still what it was. And no refusal: an old capture is better than none."""
    session = MemorySession(MemoryApi())
    session.update(source_last_seen=last_seen)
    session.clock.sleep(7 * 24 * 3600)
    monkeypatch.setattr(capture, "Session", session)
    monkeypatch.setattr(capture, "source_of", lambda _plan: Source("old"))
    plan = plan_of(volumes={"rules": [RULE]}, metadata={"source": "oadp", "max_age": "1d"})
    result = capture.choose_capture(plan, "r-1", False)
    assert (result["name"], [item["code"] for item in result["findings"]]) == ("old", codes)


@pytest.mark.parametrize(("whole", "codes"), [(True, ["ObjectNotCaptured"]), (False, [])])
def test_a_capture_that_lacks_a_kind_of_the_plan_says_so(
    monkeypatch: pytest.MonkeyPatch, whole: bool, codes: list[str]
) -> None:
    """No VM needs a Route to start. Of a record, which holds less, it is not asked."""
    source, route = Source(), {"metadata": {"name": "web", "namespace": "payroll"}}
    monkeypatch.setattr(source, "holds_content", whole)
    monkeypatch.setattr(capture, "open_site", lambda _plan, site: MemoryApi(site))
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    live = Protected({"payroll/db": vm()}, others={(ROUTE, "payroll/web"): route})
    monkeypatch.setattr(capture, "list_protected", lambda _plan, _api: live)
    result = capture.take_capture(plan_of(), "east", 60, False)
    assert (result["complete"], [item["code"] for item in result["findings"]]) == (True, codes)


class Announcing(Source):
    """Each site knows captures of its own; announcing one makes it known at the other, if nothing is in the way."""

    announces = True
    obstacle = ""

    def __init__(self, here: tuple[str, ...], there: tuple[str, ...]) -> None:
        super().__init__(*there)
        self.known = {"east": Source(*here), "west": Source(*there)}

    def label(self, name: str) -> str:
        return name

    def catalog(self, api: Any) -> Any:
        return self.known[api.site].catalog(api)

    def announce(self, _here: Any, there: Any, name: str) -> str:
        if not self.obstacle:
            self.known[there.site] = Source(name, "old")
        return self.obstacle

    def await_catalog_sync(self, *_given: object) -> bool:
        raise AssertionError("a refresh does not wait for Velero's next look: both sites answer")


@pytest.mark.parametrize("obstacle", ["", "no location"])
def test_a_refresh_makes_the_newest_capture_known_at_the_stage_or_says_that_the_stage_stays_older(
    monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    session = MemorySession(MemoryApi())
    session.run = replace(session.run, operation="prestage")
    source = Announcing(("new", "old"), ("old",))
    source.obstacle = obstacle
    monkeypatch.setattr(capture, "Session", session)
    monkeypatch.setattr(capture, "source_of", lambda _plan: source)
    result = capture.choose_capture(plan_of(volumes={"rules": [RULE]}), "r-1", False)
    assert result["name"] == ("old" if obstacle else "new")
    assert [item["code"] for item in result["findings"]] == (["CaptureNotKnown"] if obstacle else [])
