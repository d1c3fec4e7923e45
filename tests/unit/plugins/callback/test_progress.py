# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.callback.progress import CallbackModule
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import Progress
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


class Shown:
    """A playbook with the callback, and what it has printed, without the time of day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._lines: list[str] = []
        self.callback = CallbackModule()
        self.callback._display = SimpleNamespace(display=self._lines.append)
        # the thread does not look before the test has ended
        monkeypatch.setattr(self.callback, "get_option", lambda _name: 3600)
        self.callback.v2_playbook_on_start(None)

    def task_ends(self, **result: object) -> None:
        self.callback.v2_runner_on_ok(SimpleNamespace(_result=result))

    def lines(self) -> list[str]:
        self.callback.v2_playbook_on_stats(None)
        return [line.partition("  ")[2] for line in self._lines]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OCPVIRT_DR_PROGRESS_DIR", str(tmp_path))
    return tmp_path


def emit(run_id: str, stage: str) -> None:
    Progress(run_id, SimulatedTime().clock()).emit(stage, 1, 2)


def test_what_its_own_run_does_is_shown_also_from_before_its_id_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    emit("r-1", "begin")
    shown.task_ends(run_id="r-1")
    emit("r-1", "volumes")
    assert shown.lines() == ["begin: 1/2", "volumes: 1/2"]


def test_another_run_of_the_same_user_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    shown.task_ends(run_id="r-1")
    emit("r-1", "volumes")
    emit("r-2", "start")
    assert shown.lines() == ["volumes: 1/2"]


def test_an_earlier_attempt_of_a_resumed_run_is_not_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    emit("r-1", "capture")
    shown = Shown(monkeypatch)
    shown.task_ends(run_id="r-1")
    emit("r-1", "volumes")
    assert shown.lines() == ["volumes: 1/2"]


def test_results_without_a_run_and_runs_without_a_word_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    shown.task_ends(changed=False)
    shown.task_ends(run_id="")
    shown.task_ends(run_id="r-1")
    assert shown.lines() == []
