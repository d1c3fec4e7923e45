# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests in a playbook, with the types that Ansible makes of its values. No lab is asked."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

# what a cluster may hold and nobody may evaluate
EVIL = "{{ 'evaluated' | upper }}"
RULES: list[dict[str, Any]] = [
    {
        "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"], "path": "/(exports|dr)/(?P<volume>.+)"}},
        "set": {
            "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{match.volume}"},
            "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{match.volume}"},
        },
    }
]
PV: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "pv-1", "annotations": {"example.org/evil": EVIL}},
    "spec": {
        "claimRef": {"namespace": "payroll", "name": "db-0"},
        "nfs": {"server": "192.0.2.10", "path": "/exports/db-0"},
        "persistentVolumeReclaimPolicy": "Retain",
    },
}


def run(folder: Path, *tasks: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The PV comes from a file, as a module would bring it: untrusted."""
    (folder / "pv.json").write_text(json.dumps(PV), encoding="utf-8")
    read = {"ansible.builtin.slurp": {"src": str(folder / "pv.json")}, "register": "file"}
    parsed = {"ansible.builtin.set_fact": {"pv": "{{ file.content | b64decode | from_json }}"}}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"rules": RULES, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [read, parsed, *tasks],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    return subprocess.run(
        ["ansible-playbook", str(folder / "play.yml")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
    )


def test_filters_and_tests_work_together_in_a_playbook(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        {"ansible.builtin.set_fact": {"decision": "{{ pv | ocpvirt.dr.patched_volume('west', rules=rules) }}"}},
        {
            "ansible.builtin.assert": {
                "that": [
                    "decision.pv.spec.nfs.server == '198.51.100.10'",
                    "decision.changes | map(attribute='field') | list == ['nfs.server', 'nfs.path']",
                    "decision.pv is ocpvirt.dr.as_planned(decision)",
                    "decision.pv is not ocpvirt.dr.pointing_home('west', rules=rules)",
                    "pv is ocpvirt.dr.pointing_home('west', rules=rules)",
                    "(pv | ocpvirt.dr.volume_differences(decision)) is search('nfs.path: wanted')",
                ]
            }
        },
    )
    assert played.returncode == 0, played.stdout + played.stderr


def test_nothing_of_a_volume_is_evaluated_as_a_template(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        {"ansible.builtin.set_fact": {"decision": "{{ pv | ocpvirt.dr.patched_volume('west', rules=rules) }}"}},
        {"ansible.builtin.debug": {"msg": "{{ decision.pv.metadata.annotations['example.org/evil'] }}"}},
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert EVIL in played.stdout
    assert "EVALUATED" not in played.stdout


def test_p10_a_refusal_in_a_template_says_what_was_seen_and_what_to_do(tmp_path: Path) -> None:
    played = run(
        tmp_path, {"ansible.builtin.debug": {"msg": "{{ pv | ocpvirt.dr.patched_volume('north', rules=rules) }}"}}
    )
    assert played.returncode != 0
    said = " ".join((played.stdout + played.stderr).split())
    assert "seen: the site 'north', which is not one of its sites; wanted: east or west; next: name the site" in said
