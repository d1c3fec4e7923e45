# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check, a capture or a guard found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["blocker", "warning", "info"]
WEIGHT: dict[str, int] = {"blocker": 25, "warning": 5, "info": 0}


@dataclass(frozen=True)
class Finding:
    """severity: a blocker keeps the plan from being moved safely. on: kind/namespace/name. remedy: what to do."""

    severity: Severity
    code: str
    on: str
    message: str
    remedy: str
    site: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def blockers(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "blocker"]


def score(findings: Iterable[Finding]) -> int:
    """0 to 100: 100 is ready; 25 less for each kind of blocker, 5 less for each kind of warning."""
    codes = {(finding.code, finding.severity) for finding in findings}
    return max(0, 100 - sum(WEIGHT[severity] for _code, severity in codes))
