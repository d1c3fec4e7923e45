# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A storage of files: a folder per site, and task files that switch it, as a plan with `tasks` names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

VERBS = {
    "observe": """
- name: Read what the storage says
  ansible.builtin.set_fact:
    disk: "{{ lookup('ansible.builtin.file', replication_here.folder ~ '/state.json') | from_json }}"

- name: Say it
  ansible.builtin.set_fact:
    replication_answer:
      role: "{{ disk.role }}"
      health: "{{ disk.health | default('healthy') }}"
      direction: "{{ disk.direction }}"
      last_sync: "{{ disk.last_sync | default('2026-01-01T00:00:00Z') }}"
      last_sync_source: the file's own word
      raw: "{{ disk }}"
""",
    "promote": """
- name: Let the site write
  ansible.builtin.copy:
    content: "{{ {'role': 'primary', 'direction': 'none', 'forced': replication_forced} | to_json }}"
    dest: "{{ replication_here.folder }}/state.json"
    mode: "0600"

- name: Say that it was changed
  ansible.builtin.set_fact:
    replication_answer: {changed: true}
""",
    "demote": """
- name: Let the site read only
  ansible.builtin.copy:
    content: '{"role": "secondary", "direction": "none"}'
    dest: "{{ replication_here.folder }}/state.json"
    mode: "0600"

- name: Say that it was changed
  ansible.builtin.set_fact:
    replication_answer: {changed: true}
""",
    "final_sync": """
- name: Send the rest
  ansible.builtin.copy:
    src: "{{ replication_here.folder }}/data"
    dest: "{{ replication_there.folder }}/data"
    mode: "0600"

- name: Read both
  ansible.builtin.stat:
    path: "{{ item.folder }}/data"
    checksum_algorithm: sha256
  loop: ["{{ replication_here }}", "{{ replication_there }}"]
  loop_control: {label: "{{ item.folder }}"}
  register: disk_sides

- name: Prove it
  ansible.builtin.set_fact:
    replication_answer:
      holds: "{{ disk_sides.results[0].stat.checksum == disk_sides.results[1].stat.checksum }}"
      compared: sha256 of the file
      source: "{{ disk_sides.results[0].stat.checksum }}"
      target: "{{ disk_sides.results[1].stat.checksum }}"
      volumes: 1
""",
    "resync": """
- name: Take the peer's data
  ansible.builtin.copy:
    src: "{{ replication_there.folder }}/data"
    dest: "{{ replication_here.folder }}/data"
    mode: "0600"

- name: Follow the peer
  ansible.builtin.copy:
    content: '{"role": "secondary", "direction": "incoming"}'
    dest: "{{ replication_here.folder }}/state.json"
    mode: "0600"

- name: Say that it was changed
  ansible.builtin.set_fact:
    replication_answer: {changed: true}
""",
    "fence": """
- name: Take nothing in from there any more
  ansible.builtin.file:
    path: "{{ replication_here.folder }}/fenced"
    state: touch
    mode: "0600"

- name: Prove it
  ansible.builtin.set_fact:
    replication_answer: {evidence: "{{ replication_here.folder }}/fenced is there"}
""",
}

# what a plan may do without; each leaves its name
OTHERS = ("enable", "pause", "resume", "unfence", "disable")
OTHER = """
- name: Note it
  ansible.builtin.lineinfile:
    path: "{{ replication_here.folder }}/done"
    line: "{{ replication_verb }} at {{ replication_site }}"
    create: true
    mode: "0600"

- name: Say that it was changed
  ansible.builtin.set_fact:
    replication_answer: {changed: true}
"""


class Disk:
    """East is primary and west follows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for site, role, direction in (("east", "primary", "outgoing"), ("west", "secondary", "incoming")):
            (folder / site).mkdir()
            self.set(site, role=role, direction=direction)
            self.write(site, f"written at {site}")
        for verb, tasks in VERBS.items():
            self.tasks(verb, tasks)

    @property
    def plan(self) -> Plan:
        return self.plan_with()

    def plan_with(self, **options: Any) -> Plan:
        files = {verb: str(self.folder / f"{verb}.yml") for verb in VERBS}
        here = {"volumes": {"nfs": {"path": "/exports/payroll/*"}}}
        sites = {site: {**here, "folder": str(self.folder / site)} for site in ("east", "west")}
        return plan_of(replication={"provider": "tasks", "options": {"files": files, "sites": sites, **options}})

    def tasks(self, verb: str, text: str) -> None:
        (self.folder / f"{verb}.yml").write_text(f"---{text}", encoding="utf-8")

    def set(self, site: str, **state: Any) -> None:
        (self.folder / site / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def state(self, site: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / site / "state.json").read_text(encoding="utf-8"))
        return found

    def write(self, site: str, text: str) -> None:
        (self.folder / site / "data").write_text(text, encoding="utf-8")

    def data(self, site: str) -> str:
        return (self.folder / site / "data").read_text(encoding="utf-8")
