# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Dell CSM Replication replicates, as they hold at one site."""

from __future__ import annotations

from .._errors import Refused
from .._model.duration import parse_duration
from .._model.plan import Group

# the monitor of the sidecar looks once a minute, and an action waits for the array
DEFAULT_TIMEOUT = 600.0
KNOWN = {"timeout"}


def timeout_of(group: Group, site: str) -> float:
    """Seconds of a wait."""
    found = group.options_at(site)
    if unknown := sorted(set(found) - KNOWN):
        raise _wrong(group, site, f"unknown: {', '.join(unknown)}", f"only {', '.join(sorted(KNOWN))}")
    if "timeout" not in found:
        return DEFAULT_TIMEOUT
    try:
        return parse_duration(found["timeout"]).total_seconds()
    except ValueError as error:
        raise _wrong(group, site, f"timeout: {found['timeout']}", str(error)) from error


def _wrong(group: Group, site: str, seen: str, wanted: str) -> Refused:
    return Refused(
        "read the group's options",
        on=f"group {group.name}",
        site=site,
        seen=seen,
        wanted=wanted,
        next_step=f"correct replication.groups[].options in the plan, or options.sites.{site}",
    )
