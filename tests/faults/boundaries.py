# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which boundaries of steps runs were really killed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Boundaries(dict[str, dict[str, int]]):
    """By operation, of each of its steps how many kills met a run where that step began."""

    def expect(self, operation: str, steps: Iterable[object]) -> None:
        """Steps of which a kill is wanted at their boundaries; of an operation that was never asked for, none is."""
        known = self.setdefault(operation, {})
        for step in map(str, steps):
            known.setdefault(step, 0)

    def met(self, operation: str, step: object) -> None:
        known = self.setdefault(operation, {})
        known[str(step)] = known.get(str(step), 0) + 1

    def add(self, other: Mapping[str, Mapping[str, int]]) -> None:
        for operation, steps in other.items():
            self.expect(operation, steps)
            for step, count in steps.items():
                self[operation][step] += count

    def missed(self, operation: str) -> list[str]:
        return [step for step, count in self.get(operation, {}).items() if not count]

    def told(self, operation: str) -> str:
        steps = self.get(operation, {})
        missed = self.missed(operation)
        left = f", not {', '.join(missed)}" if missed else ""
        return f"{len(steps) - len(missed)} of {len(steps)} of {operation}{left}"

    def problems(self, operation: str) -> list[str]:
        """Why not every step of an operation was shown to bear a kill where it begins."""
        if not self.get(operation):
            return [f"no boundary of {operation} was met by a kill"]
        return [f"no kill met {operation} at the boundary of {step}" for step in self.missed(operation)]
