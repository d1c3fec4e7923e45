# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hooks of a start, between its calls: which one it waits for, and what those before said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.plan import Plan
from ..._model.start_asked import HookOutcome
from ..._planning.start.hooks import until_hook, waits_for_hook
from ..._planning.start.order import StartOrder
from ..._planning.start.window import StartWindow
from ..entry import bounded
from ..run.session import HOOK_SPARE


class StartHooks:
    """A module can't run tasks: a start ends where a hook is to judge a wave, the role runs it and calls again.

    earlier: what those said that judged before, as `record` had it.
    """

    def __init__(
        self, plan: Plan, order: StartOrder, earlier: Mapping[str, Any], outcome: HookOutcome | None, at_target: bool
    ) -> None:
        self._plan = plan
        self.record: dict[str, str | None] = dict(earlier)
        if outcome is not None:
            self.record[outcome.wave] = None if outcome.passed else (outcome.reason or "it failed")
        judged = {wave: reason is None for wave, reason in self.record.items()}
        if not at_target:
            # what is given back to the source has to run there, whatever a hook says
            judged = {wave.name: True for wave in plan.startup.waves}
        self._until = until_hook(order.waves, plan.startup, judged)
        self.waves = list(self._until.waves)

    @property
    def failures(self) -> list[dict[str, str]]:
        return [{"wave": wave, "reason": reason} for wave, reason in self.record.items() if reason is not None]

    @property
    def awaited(self) -> bool:
        """Whether one is to judge the last of these waves."""
        return self._until.hook is not None

    @property
    def stopped(self) -> bool:
        return self._until.stopped

    def seconds(self, window: StartWindow) -> int | None:
        """How long the hook that may run now may take with all around it; None where none may."""
        hook = self._until.hook
        ended = window.done and window.gate is None and not window.stopped
        if hook is None or not ended or not waits_for_hook(self._until, self._plan.startup, window.ready):
            return None
        return int(hook.timeout.total_seconds()) + HOOK_SPARE

    def waiting(self, window: StartWindow) -> dict[str, Any] | None:
        """The hook that may run now that all up to its wave has begun, and ended."""
        hook = self._until.hook
        if hook is None or self.seconds(window) is None:
            return None
        keys, ready = self._until.keys, window.ready
        return {
            "wave": self._until.wave,
            "file": hook.tasks,
            "timeout": int(hook.timeout.total_seconds()),
            "keys": bounded([key for key in keys if key in ready], size=15_000),
            "not_ready": bounded([key for key in keys if key not in ready], size=5_000),
        }

    def never_begun(self, window: StartWindow) -> dict[str, str]:
        """What was not begun, in the window and behind the hook, and why."""
        hook = f"is behind the wave {self._until.wave}, whose hook did not pass"
        return {**window.never_begun, **dict.fromkeys(self._until.after, window.at_gate or hook)}
