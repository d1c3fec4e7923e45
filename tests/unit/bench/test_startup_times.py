# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order starts are made, and which of them are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.bench import startup_times

# seconds: what is first costs more
FIRST, THROTTLED, AT_ONCE = 500.0, 105.0, 100.0


class Starts:
    """names: of all starts, in their order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def measure(self, name: str, _fleet: Any, _kubeconfig: Path, start: Callable[[], object]) -> tuple[Any, None]:
        start()
        self.names.append(name)
        total = FIRST if len(self.names) == 1 else {"throttled": THROTTLED}.get(name, AT_ONCE)
        return SimpleNamespace(lead=0.0, total=total, critical=total / 10), None


@contextmanager
def no_fleet(*_given: Any) -> Iterator[Any]:
    fleet = SimpleNamespace(start_at_once=lambda: None, stop=lambda: None, boot=(2.0, 6.0))
    yield SimpleNamespace(
        fleet=fleet,
        kubeconfig=Path("west"),
        begun=lambda: "r-1",
        started=lambda _run_id: SimpleNamespace(result={"pace": {"lowest": 100}}),
        ended=lambda _run_id: None,
    )


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    starts = Starts()
    monkeypatch.setattr(startup_times, "fleet_on", no_fleet)
    monkeypatch.setattr(startup_times, "measure", starts.measure)
    monkeypatch.setattr(startup_times, "await_rest", lambda: None)
    return starts


def test_three_alternating_pairs_come_after_one_start_that_is_in_none_of_them(starts: Starts, tmp_path: Path) -> None:
    total, _critical = startup_times.compare(None, tmp_path)
    pairs = ["throttled", "all at once", "all at once", "throttled", "throttled", "all at once"]
    assert starts.names == ["once, not measured", *pairs]
    assert (total.ours, total.peer) == (THROTTLED, AT_ONCE)
