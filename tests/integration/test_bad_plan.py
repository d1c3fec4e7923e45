"""A plan that is wrong is refused before anything else, and every problem is named by its path."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.tests.integration.world import World, refused
from demo.playbook import Played, play
from demo.workload import NAMESPACE, plan_document

DEPENDS_ON = "dr.ocpvirt.io/depends-on"


def good_plan() -> dict[str, Any]:
    """Of sites that need not exist: reading a plan asks nobody."""
    site = {
        "kubeconfig": "/nowhere/kubeconfig",
        "storage_url": "http://192.0.2.1:8049",
        "replication_peer": "http://192.0.2.1:8050",
        "export_prefix": "/exports",
    }
    sites = {
        "east": {**site, "nfs_server": "192.0.2.10", "storage_class": "east-nfs"},
        "west": {**site, "nfs_server": "192.0.2.20", "storage_class": "west-nfs"},
    }
    return plan_document({"sites": copy.deepcopy(sites)})


@pytest.fixture(scope="module")
def bad_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One document with a wrong key, a wrong type, an unknown site and waves that wait for each other."""
    document = good_plan()
    document["startup"]["max_startin"] = 8
    document["startup"]["max_starting"] = "eight"
    document["home"] = "wst"
    document["volumes"]["rules"][0]["set"]["north"] = {"nfs.server": "192.0.2.30"}
    waves = document["startup"]["waves"]
    waves[0]["after"], waves[1]["after"] = ["applications"], ["databases"]
    path = tmp_path_factory.mktemp("bad") / "bad.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def checked(bad_plan: Path) -> Played:
    return play("check", bad_plan.with_suffix(".log"), "-e", f"dr_plan={bad_plan}", show=False)


@pytest.fixture(scope="module")
def problems(bad_plan: Path) -> dict[str, str]:
    """Path to message, from the facts of plan_info's failure."""
    command = ["ansible", "localhost", "-m", "ocpvirt.dr.plan_info", "-a", f"plan={bad_plan}", "--one-line"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    result = json.loads(done.stdout.partition("=> ")[2])
    return {problem["path"]: problem["message"] for problem in result["error"]["problems"]}


WRONG = {
    "startup.max_startin": "unknown key, did you mean max_starting?",
    "startup.max_starting": "wanted a whole number",
    "home": "did you mean west?",
    "volumes.rules[0].set.north": "",
    "startup.waves": "databases -> applications -> databases",
}


@pytest.mark.parametrize("path", WRONG)
def test_plan_info_names_the_path_of_each_problem(path: str, problems: dict[str, str]) -> None:
    assert WRONG[path] in problems[path]


def test_check_shows_all_problems_at_once(checked: Played) -> None:
    refused(checked, *WRONG)
    assert "unreachable" not in checked.output.partition("PLAY RECAP")[0]


@pytest.mark.parametrize("cap", [0, -1])
def test_a_cap_that_lets_nothing_start_is_refused_before_anything_is_asked(cap: int, tmp_path: Path) -> None:
    document = good_plan()
    document["startup"]["max_starting"] = cap
    path = tmp_path / "cap.yml"
    path.write_text(yaml.safe_dump(document))
    played = play("start", path.with_suffix(".log"), "-e", f"dr_plan={path}", "-e", "dr_site=east", show=False)
    refused(played, f"startup.max_starting: got the number {cap}, wanted 1 to")


def test_check_prints_a_cycle_of_dependencies_between_vms(protected: World) -> None:
    east = protected.cluster("east")
    east.patch("VirtualMachine", "db-0", NAMESPACE, {"metadata": {"annotations": {DEPENDS_ON: "app-0"}}})
    try:
        played = protected.check()
    finally:
        east.patch("VirtualMachine", "db-0", NAMESPACE, {"metadata": {"annotations": {DEPENDS_ON: None}}})
    refused(played, "a cycle of dependencies: payroll/app-0 -> payroll/db-0 -> payroll/app-0", DEPENDS_ON)
