# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader wants to know of a run first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..rehearsal.point import in_words
from .recovery import FAILED, READY
from .text import clock, duration, text


def facts(run: Mapping[str, Any]) -> Iterator[str]:
    if run["fence_debt"]:
        yield f'<p class="danger">FENCE DEBT: {text(run["fence_debt"])}</p>'
    if run["unread"]:
        missing = "; ".join(f"{topic}: {why}" for topic, why in run["unread"].items())
        yield f'<p class="danger">Parts of the record could not be read: {text(missing)}</p>'
    yield "<dl>"
    for name, value in _lines(run):
        yield f"<dt>{name}</dt><dd>{text(value)}</dd>"
    yield "</dl>"


def _lines(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "run", f"{run['run_id']}, attempt {run['attempt']}, recorded at {run['recorded_at']}"
    if run["rehearsal"]:
        reasons = "; ".join(run["rehearsal"]["reasons"])
        tried = in_words(run["rehearsal"]["recovery_point"])
        yield "rehearsal", f"{run['rehearsal']['verdict']}{tried}" + (f": {reasons}" if reasons else "")
    yield "way", f"{run['source']} to {run['target']}"
    ended = clock(run["ended"]) if run["ended"] else "not ended"
    yield "time", f"{clock(run['started'])} to {ended}" + (f", {duration(run['seconds'])}" if run["ended"] else "")
    if run["losses"]:
        yield "lost (RPO)", _worst(run["losses"])
    yield "away (RTO)", _away(run["rto"])
    states = [vm["state"] for vm in run["vms"]]
    yield "started", f"{states.count(READY)} of {len(states)} measured, {states.count(FAILED)} failed"
    seen = f", last seen alive {clock(run['source_last_seen'])}" if run["source_last_seen"] else ""
    yield "source", f"{run['source']} was {run['source_state']} when the run began{seen}"
    for name, key in (
        ("approved", "approved"),
        ("declared lost", "declared_lost"),
        ("fencing waived", "waived_fencing"),
        ("recovery point", "recovery_point"),
    ):
        if run[key]:
            yield name, run[key]
    if run["capture"]["name"]:
        yield "capture", f"{run['capture']['name']}, of {clock(run['capture']['created'])}"


def _worst(losses: list[Mapping[str, Any]]) -> str:
    if all(loss["nothing"] for loss in losses):
        return "nothing, as proven"
    unknown = [loss["group"] for loss in losses if loss["seconds"] is None]
    if unknown:
        return f"not known for {', '.join(unknown[:5])}"
    worst = max(losses, key=lambda loss: loss["seconds"])
    return f"at most {duration(worst['seconds'])} (group {worst['group']})"


def _away(rto: Mapping[str, Any]) -> str:
    if "longest" not in rto:
        return "no start was measured"
    times = f"half within {duration(rto['median'])}, 9 of 10 within {duration(rto['p90'])}"
    return f"all that got ready did within {duration(rto['longest'])}, {times}, since {rto['since_what']}"
