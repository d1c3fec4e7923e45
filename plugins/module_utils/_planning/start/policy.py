# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VM or workload that failed means for the others of a start. Pure."""

from __future__ import annotations

from ..._model.plan import OnFailure
from .order import StartWave


class FailurePolicy:
    """otherwise: for waves that have none of their own. over: nothing more begins at all."""

    def __init__(self, otherwise: OnFailure) -> None:
        self._otherwise = otherwise
        self._start: str | None = None
        self._waves: dict[str, str] = {}

    @property
    def over(self) -> bool:
        return self._start is not None

    def failed(self, wave: StartWave, key: str) -> bool:
        """Whether this stops anything that was not stopped before."""
        policy = wave.on_failure or self._otherwise
        if policy == "continue" or self.why_stopped(wave):
            return False
        if policy == "stop":
            self._start = f"the start was stopped, as {key} failed"
        else:
            self._waves[wave.of or wave.name] = f"the rest of the wave was stopped, as {key} failed"
        return True

    def why_stopped(self, wave: StartWave) -> str | None:
        """All parts of a wave of the plan stop together."""
        return self._start or self._waves.get(wave.of or wave.name)
