# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move with hooks, done in parts, failed by a hook, killed, and finished; each test goes on from the last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_runs_at, kill_when, specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.lab import Lab
from demo.observation import newest_run, running_at
from demo.playbook import Played

WEST = ("-e", "dr_target=west")
KEPT = """\
- name: Keep that it ran
  ansible.builtin.lineinfile:
    path: "%s"
    line: "%s {{ dr_hook.moment }} {{ dr_hook.attempt }} {{ dr_hook.operation }} {{ dr_hook.target }}"
    create: true
    mode: "0600"
"""
REFUSING = """\
- name: Ask the change board
  ansible.builtin.assert:
    that: "'%s' is file"
    fail_msg: no approval yet
    quiet: true
"""
HOOKS = {
    "before_quiesce": ["hooks/kept.yml", {"tasks": "hooks/again.yml", "always": True}],
    "after_quiesce": [{"tasks": "hooks/refusing.yml", "on_failure": "warn"}],
    "before_metadata": ["hooks/kept.yml", "hooks/refusing.yml"],
    "after_verify": ["hooks/kept.yml"],
}


@dataclass(frozen=True)
class Hooked:
    """The workload at east with a plan that has hooks; specs: of its VMs before they were ever moved."""

    world: World
    specs: dict[str, Any]

    @property
    def ran(self) -> list[str]:
        kept = self.world.folder / "ran.txt"
        return kept.read_text().splitlines() if kept.exists() else []

    @property
    def run(self) -> dict[str, Any]:
        return newest_run(self.world.cluster("west"))

    def approve(self) -> None:
        self._approval.touch()

    @property
    def _approval(self) -> Path:
        return self.world.folder / "approved"

    def write_hooks(self) -> None:
        folder = self.world.folder / "hooks"
        folder.mkdir()
        for name in ("kept", "again"):
            (folder / f"{name}.yml").write_text(KEPT % (self.world.folder / "ran.txt", name))
        (folder / "refusing.yml").write_text(REFUSING % self._approval)

    def relocate(self, *options: str) -> Played:
        return self.world.play("relocate", *WEST, *options)


@pytest.fixture(scope="module")
def hooked(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Hooked:
    world = empty_world(lab, tmp_path_factory.mktemp("hooks"))
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.document["hooks"] = HOOKS
    world.write_plan("payroll", world.document)
    world.deploy()
    hooked = Hooked(world, specs_at(world.cluster("east")))
    hooked.write_hooks()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    return hooked


@pytest.fixture(scope="module")
def shown(hooked: Hooked) -> Played:
    return must(hooked.relocate("--check"))


@pytest.fixture(scope="module")
def waiting(hooked: Hooked, shown: Played) -> Played:
    """The move as far as its VMs are off."""
    return must(hooked.relocate("-e", "dr_until=quiesce"))


@pytest.fixture(scope="module")
def stopped(hooked: Hooked, waiting: Played) -> Played:
    """It goes on until a hook behind the promotion fails it."""
    return hooked.relocate("-e", "dr_from=recheck")


@pytest.fixture(scope="module")
def finished(hooked: Hooked, stopped: Played) -> Played:
    """What failed it is mended, the next attempt is killed behind that hook, the same command ends the run."""
    hooked.approve()
    kill_when(hooked.world, "relocate", lambda: "metadata" in hooked.run["steps"], *WEST)
    return must(hooked.relocate())


def test_p9_check_mode_runs_no_hook_and_says_which_it_would(hooked: Hooked, shown: Played) -> None:
    assert hooked.ran == []
    assert shown.output.count(", would run: ") == sum(len(hooks) for hooks in HOOKS.values())


def test_a_run_ends_behind_the_step_that_was_asked_for_with_the_command_that_goes_on(
    hooked: Hooked, waiting: Played
) -> None:
    assert "-e dr_target=west -e dr_from=recheck" in waiting.output
    assert (hooked.run["state"], "recheck" in hooked.run["steps"]) == ("waiting", False)
    assert running_at(hooked.world.cluster("east")) | running_at(hooked.world.cluster("west")) == set()


@pytest.mark.usefixtures("waiting")
def test_a_hook_runs_before_its_step_and_finds_what_is_done(hooked: Hooked) -> None:
    assert hooked.ran == [f"{name} before_quiesce 1 relocate west" for name in ("kept", "again")]


def test_a_hook_that_only_warns_is_told_and_recorded(hooked: Hooked, waiting: Played) -> None:
    assert "hook hooks/refusing.yml, after_quiesce, failed after" in waiting.output
    record = hooked.run["hooks"]["after_quiesce hooks/refusing.yml"]
    assert (record["state"], record["error"]) == ("failed", "Ask the change board: no approval yet")


@pytest.mark.usefixtures("waiting")
def test_p5_a_step_is_refused_while_one_before_it_was_not_done(hooked: Hooked) -> None:
    refused(hooked.relocate("-e", "dr_from=promote"), "recheck has not been done", "dr_from=recheck")


def test_a_hook_fails_the_run_before_its_step_begins(hooked: Hooked, stopped: Played) -> None:
    refused(stopped, "hook hooks/refusing.yml, before_metadata, failed after", "no approval yet")
    assert (hooked.run["state"], "metadata" in hooked.run["steps"]) == ("failed", False)


def test_p5_a_rerun_after_a_kill_runs_a_hook_that_passed_only_once(hooked: Hooked, finished: Played) -> None:
    """The first attempt waited, the second one failed, the third one was killed, the fourth one ended."""
    ran = [line.split()[:3] for line in hooked.ran]
    assert [(moment, attempt) for name, moment, attempt in ran if name == "kept"] == [
        ("before_quiesce", "1"),
        ("before_metadata", "2"),
        ("after_verify", "4"),
    ]
    assert [attempt for name, _moment, attempt in ran if name == "again"] == ["1", "3", "4"]
    states = {key: record["state"] for key, record in hooked.run["hooks"].items()}
    assert set(states.values()) == {"passed"}
    assert hooked.run["state"] == "done"


@pytest.mark.usefixtures("finished")
def test_a_move_with_hooks_ends_as_any_other(hooked: Hooked) -> None:
    assert_runs_at(hooked.world, "west", hooked.specs)
