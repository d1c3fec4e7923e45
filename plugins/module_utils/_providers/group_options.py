# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of all products' groups have in common: names, durations, and what a wrong one is answered with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._errors import Refused
from .._model.duration import parse_duration
from .._model.plan import Group


def check_known(group: Group, site: str, found: Mapping[str, Any], known: Collection[str]) -> None:
    if unknown := sorted(set(found) - set(known)):
        raise wrong(group, site, f"unknown: {', '.join(unknown)}", f"only {', '.join(sorted(known))}")


def seconds_of(group: Group, site: str, found: Mapping[str, Any], name: str, default: float) -> float:
    if name not in found:
        return default
    try:
        seconds = parse_duration(found[name]).total_seconds()
    except ValueError as error:
        raise wrong(group, site, f"{name}: {found[name]}", str(error)) from error
    if not seconds:
        raise wrong(group, site, f"{name}: {found[name]}", "a second or more")
    return seconds


def wrong(group: Group, site: str, seen: str, wanted: str) -> Refused:
    return Refused(
        "read the group's options",
        on=f"group {group.name}",
        site=site,
        seen=seen,
        wanted=wanted,
        next_step=f"correct replication.groups[].options in the plan, or options.sites.{site}",
    )
