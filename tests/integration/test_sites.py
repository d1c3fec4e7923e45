"""Sites that can't be reached, refuse the credentials, or lack an API: each is an answer of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.tests.integration.credentials import (
    account_token,
    client_certificate,
    expired,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import World, refused
from demo.cluster import wait_until

# seconds; TCP alone would give up after two minutes
DEADLINE = 60
SITE_INFO = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ocpvirt.dr.site_info:
        plan: "{{ item }}"
      loop: "{{ plans }}"
      register: asked
    - ansible.builtin.copy:
        content: "{{ asked.results | to_json }}"
        dest: "{{ answer }}"
        mode: "0600"
"""
STATES = {
    "missing file": ("failed", "Invalid kube-config file"),
    "wrong token": ("failed", "the credentials are wrong or expired"),
    "expired token": ("failed", "the credentials are wrong or expired"),
    "expired certificate": ("failed", "the credentials are wrong or expired"),
    # the same but for its end: so it is the end that makes the other fail
    "valid certificate": ("reachable", ""),
    "token without rights": ("failed", "HTTP status 403"),
}

Report = dict[str, Any]


def site_info(folder: Path, plans: list[Path]) -> list[dict[str, Report]]:
    """For each plan its sites' reports."""
    playbook, answer = folder / "site_info.yml", folder / "answer.json"
    playbook.write_text(SITE_INFO)
    variables = json.dumps({"plans": [str(path) for path in plans], "answer": str(answer)})
    subprocess.run(["ansible-playbook", str(playbook), "-e", variables], check=True, stdin=subprocess.DEVNULL)
    return [result["sites"] for result in json.loads(answer.read_text())]


def plan_with(world: World, name: str, user: dict[str, Any] | None) -> Path:
    """The plan with another user at west, or with a kubeconfig that is not there."""
    name = name.replace(" ", "-")
    path = world.folder / f"{name}.kubeconfig"
    if user is not None:
        config = yaml.safe_load(Path(world.sites["west"]["kubeconfig"]).read_text())
        config["users"][0]["user"] = user
        path.write_text(yaml.safe_dump(config))
    document = world.changed_plan()
    document["sites"]["west"]["kubeconfig"] = str(path)
    return world.write_plan(name, document)


@pytest.fixture(scope="module")
def strangers(protected: World) -> dict[str, Path]:
    """Name of a fault to a plan whose credentials for west have it."""
    token = account_token(protected.cluster("west"))
    pki = Path(protected.environment["state_dir"]) / "west" / "pki"
    users = {
        "missing file": None,
        "wrong token": {"token": "wrong"},
        "expired token": {"token": expired(token, pki / "service-account.key")},
        "expired certificate": client_certificate(pki, ended=True),
        "valid certificate": client_certificate(pki, ended=False),
        "token without rights": {"token": token},
    }
    return {name: plan_with(protected, name, user) for name, user in users.items()}


@pytest.fixture(scope="module")
def reports(protected: World, strangers: dict[str, Path]) -> dict[str, dict[str, Report]]:
    return dict(zip(strangers, site_info(protected.folder, list(strangers.values())), strict=True))


@pytest.mark.parametrize("fault", STATES)
def test_credentials_decide_what_a_site_answers(fault: str, reports: dict[str, dict[str, Report]]) -> None:
    """The token without rights is the counter-test: the same token, not expired, is known to the site."""
    state, message = STATES[fault]
    assert reports[fault]["west"]["state"] == state
    assert message in reports[fault]["west"]["message"]
    assert reports[fault]["east"]["state"] == "reachable"


def test_check_refuses_a_site_that_refuses_the_credentials(protected: World, strangers: dict[str, Path]) -> None:
    played = protected.check(strangers["wrong token"])
    refused(played, "SiteFailed", "Site/west", "HTTP status 401", "renew the token or certificate")


@pytest.fixture
def cut_off(protected: World) -> Iterator[World]:
    """Packets to west are dropped; its processes live."""
    protected.lab.run("partition", "west")
    yield protected
    protected.lab.run("heal")
    west = protected.cluster("west")
    path = "/apis/velero.io/v1/namespaces/velero/backupstoragelocations/default"

    def unavailable() -> list[str]:
        phase = west.call("GET", path).get("status", {}).get("phase", "")
        return [] if phase == "Available" else [phase]

    wait_until("the backup storage of west", 90, unavailable)
    protected.storage.await_replicated(protected.sites)


def test_p4_an_unreachable_site_is_a_state_within_its_deadline(cut_off: World) -> None:
    began = time.monotonic()
    report = site_info(cut_off.folder, [cut_off.plan_file])[0]
    assert time.monotonic() - began < DEADLINE
    assert {name: seen["state"] for name, seen in report.items()} == {"east": "reachable", "west": "unreachable"}
    checked = cut_off.check()
    assert checked.seconds < DEADLINE
    refused(checked, "SiteUnreachable", "Site/west", "unreachable does not mean lost")


def test_absent_apis_are_named(without_apis: World) -> None:
    """KubeVirt and Velero were removed from west, where the plan lives."""
    report = site_info(without_apis.folder, [without_apis.plan_file])[0]["west"]
    assert report["state"] == "reachable"
    assert report["apis"] == {"kubevirt": False, "velero": False}
    played = without_apis.check()
    refused(played, "CustomResourceDefinition/kubevirt", "install kubevirt")
    refused(played, "CustomResourceDefinition/velero", "install velero")
