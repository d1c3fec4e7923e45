# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Trident replicates, as they hold at one site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._errors import Refused
from .._model.duration import parse_duration
from .._model.plan import Group

DRIVER = "csi.trident.netapp.io"
DEFAULT_TIMEOUT = 600.0
KNOWN = {"driver", "policy", "schedule", "timeout"}


@dataclass(frozen=True)
class TridentOptions:
    """driver: of the volumes. policy, schedule: of SnapMirror, empty for the backend's own. timeout: seconds."""

    driver: str
    policy: str
    schedule: str
    timeout: float


def options_of(group: Group, site: str) -> TridentOptions:
    found = group.options_at(site)
    if unknown := sorted(set(found) - KNOWN):
        raise _wrong(group, site, f"unknown: {', '.join(unknown)}", f"only {', '.join(sorted(KNOWN))}")
    for name in ("driver", "policy", "schedule"):
        if not isinstance(found.get(name, ""), str):
            raise _wrong(group, site, f"{name}: {found[name]}", f"{name}: a name")
    return TridentOptions(
        driver=found.get("driver", DRIVER),
        policy=found.get("policy", ""),
        schedule=found.get("schedule", ""),
        timeout=_seconds(group, site, found.get("timeout")),
    )


def _seconds(group: Group, site: str, timeout: Any) -> float:
    if timeout is None:
        return DEFAULT_TIMEOUT
    try:
        return parse_duration(timeout).total_seconds()
    except ValueError as error:
        raise _wrong(group, site, f"timeout: {timeout}", str(error)) from error


def _wrong(group: Group, site: str, seen: str, wanted: str) -> Refused:
    return Refused(
        "read the group's options",
        on=f"group {group.name}",
        site=site,
        seen=seen,
        wanted=wanted,
        next_step=f"correct replication.groups[].options in the plan, or options.sites.{site}",
    )
