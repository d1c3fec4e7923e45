# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's record as one document, whole: what the JSON file holds, and what the page is drawn from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._model.run import Run
from .recovery import START, START_AT_SOURCE, away_since, last_start, recovered, recovery_time
from .summary import seconds_between, summary

# what a rehearsal has shown
REHEARSED = "rehearsal"
# of the record, beside its head
TOPICS = ("capture", "fence", "volumes", REHEARSED, START, START_AT_SOURCE)
# copies that are listed
OLDEST = 20
# of the document's shape
FORMAT = 1


def document_of(run: Run, record: Mapping[str, Any], losses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """record: by topic what the run recorded, None where it did not. losses: per group that the run promoted."""
    capture = record.get("capture") or {}
    at, start = last_start(run, record)
    since, what = away_since(run)
    vms = recovered(run, start, capture)
    curve = start.get("curve", {})
    fence = record.get("fence") or {}
    return {
        "format": FORMAT,
        "plan": run.plan,
        **summary(run),
        "seconds": seconds_between(run.started, run.ended),
        "fingerprint": run.fingerprint,
        "approved": run.approved,
        "declared_lost": run.declared_lost,
        "waived_fencing": run.waived_fencing,
        "source_state": run.source_state,
        "source_last_seen": run.source_last_seen,
        "capture": {"name": capture.get("name"), "created": capture.get("created")},
        "losses": list(losses),
        "rto": {"since": since, "since_what": what, **recovery_time(vms)},
        "vms": vms,
        "start": {
            "site": at,
            "cap": curve.get("cap"),
            "curve": [
                {"at": point[0], "in_flight": int(point[1]), "limit": int(point[2])}
                for point in curve.get("points", ())
            ],
        },
        "findings": list(_findings(run)),
        "decisions": list(_decisions(run)),
        "volumes": list(record.get("volumes") or ()),
        "fencing": {"proofs": fence.get("proofs", []), "refusals": fence.get("refusals", [])},
        "hooks": [*summary(run)["hooks"], *_hooks(start)],
        "rehearsal": _rehearsal(record.get(REHEARSED)),
    }


def _hooks(start: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for wave, reason in sorted(start.get("hooks", {}).items()):
        state = "passed" if reason is None else "failed"
        yield {"name": f"wave {wave}", "state": state, "started": None, "seconds": None, "error": reason or ""}


def _rehearsal(shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """Its verdict, and the oldest copies that it ran on; empty for other runs."""
    if not shown or "verdict" not in shown:
        return {}
    copies = sorted(shown.get("taken", {}).items(), key=lambda copy: (copy[1] or "", copy[0]))
    listed = [{"group": group, "taken": taken} for group, taken in copies[:OLDEST]]
    point = shown.get("recovery_point") or {}
    return {"verdict": shown["verdict"], "reasons": shown["reasons"], "recovery_point": point, "copies": listed}


def _findings(run: Run) -> Iterator[dict[str, Any]]:
    for step in summary(run)["steps"]:
        for finding in step["summary"].get("findings") or ():
            yield {"step": step["name"], **finding}


def _decisions(run: Run) -> Iterator[dict[str, str]]:
    for step in summary(run)["steps"]:
        told = step["summary"]
        for decision in (*(told.get("decisions") or ()), *(told.get("drift") or ())):
            yield {"step": step["name"], "decision": str(decision)}
