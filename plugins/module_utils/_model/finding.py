# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check, a capture or a guard found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
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


def abridged(findings: Iterable[Finding], limit: int = 20) -> list[Finding]:
    """The first ones of each kind, and how many more there are: one fault of all VMs does not hide the others."""
    given = list(findings)
    counts: Counter[tuple[str, str]] = Counter()
    totals = Counter((finding.code, finding.severity) for finding in given)
    shown = []
    for finding in given:
        kind = finding.code, finding.severity
        counts[kind] += 1
        if counts[kind] <= limit:
            shown.append(finding)
        elif counts[kind] == limit + 1:
            more = f"{totals[kind] - limit} more"
            shown.append(replace(finding, on=more, message="as the ones before", site=None))
    return shown


def score(findings: Iterable[Finding]) -> int:
    """0 to 100: 100 is ready; 25 less for each kind of blocker, 5 less for each kind of warning."""
    codes = {(finding.code, finding.severity) for finding in findings}
    return max(0, 100 - sum(WEIGHT[severity] for _code, severity in codes))
