# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo prints of its acts."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo.__main__ import tell
from demo.act import Act, seen_of_move, table
from demo.playbook import Played
from demo.verdict import Verdict

RUN = {
    "steps": {
        "verify": {"started": "2026-03-01T12:00:05+00:00", "ended": "2026-03-01T12:00:06+00:00"},
        "begin": {"started": "2026-03-01T12:00:00.250+00:00", "ended": "2026-03-01T12:00:01.500+00:00"},
    }
}


class Circle:
    """A story whose acts have these problems, in their order."""

    log = Path("demo.log")

    def __init__(self, *problems: list[str]) -> None:
        self._left = list(problems)
        self.performed: list[str] = []

    def _next(self, name: str) -> Act:
        self.performed.append(name)
        return Act(name, 1.0, "as seen", self._left.pop(0))

    def prepare(self) -> None:
        self.performed.append("prepare")

    def fail_over(self) -> Act:
        return self._next("failover")

    def restore_east(self) -> Act:
        return self._next("east restored")

    def reprotect(self) -> Act:
        return self._next("reprotect")

    def fail_back(self) -> Act:
        return self._next("failback")


def test_the_circle_ends_at_home_and_every_verdict_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    story = Circle([], [], [], [])
    assert tell(story) == 0  # type: ignore[arg-type]
    assert story.performed == ["prepare", "failover", "east restored", "reprotect", "failback"]
    said = capsys.readouterr().out
    assert [said.count(f"{name} is as it must be: as seen") for name in story.performed[1:]] == [1, 1, 1, 1]


def test_one_act_that_is_not_as_it_must_be_fails_the_demo_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Circle([], [], ["db-0 runs at east"], [])) == 1  # type: ignore[arg-type]
    assert "reprotect     NOT AS IT MUST BE: as seen\n  db-0 runs at east" in capsys.readouterr().out


def test_steps_are_shown_in_the_order_in_which_they_began() -> None:
    acts = [Act("failover", 9.5, "", run=RUN), Act("east restored", 20.0, "")]
    assert table(acts).splitlines() == [
        "              step         seconds",
        "failover      begin            1.2",
        "              verify           1.0",
        "              all              9.5",
        "east restored all             20.0",
    ]


def test_a_move_is_told_in_words_with_what_it_lost() -> None:
    lossy = Verdict(rpo={"a": 2.0, "b": 1.0}, away={"a": 31.0}, lost_records={"a": 5, "b": 2}, running=2, verified=3)
    assert seen_of_move("west", lossy) == (
        "2 VMs run at west, 3 PVs are verified; 7 records lost on 2 disks, none older than 2.0 s; "
        "no VM wrote nothing for longer than 31 s"
    )
    assert "; 0 records lost on 1 disks; no VM" in seen_of_move("east", Verdict(rpo={"a": 0.0}, lost_records={"a": 0}))


@pytest.mark.parametrize(
    ("played", "problems"),
    [
        (Played(0, "changed=0", 1.0), []),
        (Played(0, "changed=2", 1.0), ["the same command again: exit 0, changed=2"]),
        (Played(2, "changed=0", 1.0), ["the same command again: exit 2, changed=0"]),
    ],
)
def test_the_same_command_again_must_end_well_and_change_nothing(played: Played, problems: list[str]) -> None:
    assert Act("failover", 1.0, "").again(played).problems == problems
