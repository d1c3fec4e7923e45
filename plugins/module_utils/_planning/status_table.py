# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's status as lines for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .rehearsal.history import tested

REASONS = 10


def status_table(status: Mapping[str, Any]) -> list[str]:
    """What is dangerous first, then sites, groups, captures and runs."""
    lines = [f"FENCE DEBT  {debt}" for debt in status["fence_debts"]]
    lines += _two_primaries(status) + _runs_at_both(status["sites"])
    if not status["lives_at"]:
        lines.append("ROLES ARE UNCLEAR  nobody can tell where the plan lives: see the groups below")
    lines += [
        f"plan {status['plan']} lives at {status['lives_at'] or 'nobody knows where'}, phase {status['phase']}",
        "",
    ]
    lines += _columns(
        ["site", "state", "version", "VMs", "running", "missing"], [_site(*item) for item in status["sites"].items()]
    )
    lines += ["", *_columns(["group", "site", "role", "health", "lag"], [_group(group) for group in status["groups"]])]
    lines += _reasons(status["groups"])
    captures = [
        [site, capture["name"], capture["phase"], "complete" if capture["complete"] else "incomplete"]
        for site, known in status["captures"].items()
        for capture in known
    ]
    lines += ["", *_columns(["known at", "capture", "phase", "content"], captures)]
    lines += _stage(status.get("stage") or {})
    lines += _last_test(status.get("last_test") or {})
    lines += [
        "",
        *_columns(["run", "state", "started", "took", "lost", "away"], [_run(run) for run in status["runs"]]),
    ]
    lines += [f"locked at {site} by {holder}" for site, holder in status["lock"].items()]
    return lines


def _two_primaries(status: Mapping[str, Any]) -> list[str]:
    primaries: dict[str, list[str]] = {}
    for group in status["groups"]:
        if group["role"] == "primary":
            primaries.setdefault(group["group"], []).append(group["site"])
    kept = status["lives_at"]
    remedy = f"reprotect keeps what {kept} has" if kept else "find out which one is wanted before anything is run"
    return [
        f"TWO PRIMARIES  group {name} at {' and '.join(sites)}: what is written at both differs from then on; {remedy}"
        for name, sites in primaries.items()
        if len(sites) > 1
    ]


def _runs_at_both(sites: Mapping[str, Any]) -> list[str]:
    running = {name: report["vms"]["running"] for name, report in sites.items() if report["vms"]["running"]}
    if len(running) < 2:
        return []
    counts = ", ".join(f"{count} at {name}" for name, count in running.items())
    return [f"VMS RUN AT BOTH SITES  {counts}: users may reach either, and its data"]


def _site(name: str, report: Mapping[str, Any]) -> list[str]:
    absent = [api for api, present in report["apis"].items() if not present]
    counts = [str(report["vms"][key]) if report["state"] == "reachable" else "?" for key in ("total", "running")]
    return [name, report["state"], report["version"] or "?", *counts, ", ".join(absent) or "-"]


def _group(group: Mapping[str, Any]) -> list[str]:
    lag = group["lag_seconds"]
    return [group["group"], group["site"], group["role"], group["health"], "?" if lag is None else f"{lag:.0f} s"]


def _reasons(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why groups are not healthy, in words of their product; a site that fails says the same of all of them."""
    named: dict[tuple[str, str, str], list[str]] = {}
    for group in groups:
        if group["health"] != "healthy" and group["message"]:
            named.setdefault((group["site"], group["health"], group["message"]), []).append(group["group"])
    lines = [
        f"why {names[0]} {f'and {len(names) - 1} more are' if len(names) > 1 else 'is'} {health} at {site}: {message}"
        for (site, health, message), names in named.items()
    ]
    more = [f"and {len(lines) - REASONS} more reasons: see the groups' messages in the result"]
    return lines[:REASONS] + (more if len(lines) > REASONS else [])


def _run(run: Mapping[str, Any]) -> list[str]:
    measured = ("-" if run[key] is None else f"{run[key]:.0f} s" for key in ("seconds", "lost_seconds", "rto_seconds"))
    return [run["run_id"], run["state"], run["started"], *measured]


def _stage(stage: Mapping[str, Any]) -> list[str]:
    if not stage:
        return []
    if not stage["capture"]:
        return ["", f"NO STAGE at {stage['site']}, and the plan wants one: run prestage"]
    shown = f"stage at {stage['site']} holds {stage['capture']}, {stage['age_seconds']} s old"
    return ["", f"{shown}, refreshed {stage['refreshed']}"]


def _last_test(test: Mapping[str, Any]) -> list[str]:
    if not test:
        return []
    stands = "" if test["cleaned"] else ", and stands there"
    return ["", f"last tested {test['days']} days ago at {test['site']}: {tested(test)}{stands} ({test['run_id']})"]


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
