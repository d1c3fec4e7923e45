# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a report; what is long is cut, and says so. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .recovery import FAILED
from .text import clock, duration, text

MOST_ROWS = 100
LONGEST_CELL = 2_000


def losses(run: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            loss["group"],
            "nothing" if loss["nothing"] else duration(loss["seconds"]),
            clock(loss["last_sync"]),
            loss["message"],
        ]
        for loss in run["losses"]
    ]
    return _table(["group", "lost", "last sync", ""], rows, "groups")


def failures(run: Mapping[str, Any]) -> list[str]:
    steps_failed = [
        [step["name"], step["summary"].get("error", "")] for step in run["steps"] if step["state"] == FAILED
    ]
    vms_failed = [[vm["name"], vm["reason"]] for vm in run["vms"] if vm["state"] == FAILED]
    return _table(["what", "why"], [*steps_failed, *vms_failed], "failures")


def vms(run: Mapping[str, Any]) -> list[str]:
    """Those that were away longest come first, as they do in the document."""
    rows = [
        [
            vm["name"],
            vm["state"],
            clock(vm.get("asked")) if "asked" in vm else "",
            duration(vm["boot_seconds"]) if "boot_seconds" in vm else "",
            duration(vm["rto_seconds"]) if "rto_seconds" in vm else "",
        ]
        for vm in run["vms"]
        if vm["state"] != FAILED
    ]
    return _table(["name", "state", "asked", "asked to ready", "away (RTO)"], rows, "VMs and workloads")


def findings(run: Mapping[str, Any]) -> list[str]:
    rows = [
        [finding["severity"], finding["code"], finding["on"], finding["message"], finding["remedy"]]
        for finding in run["findings"]
    ]
    return _table(["severity", "finding", "on", "seen", "remedy"], rows, "findings")


def hooks(run: Mapping[str, Any]) -> list[str]:
    rows = [
        [hook["name"], hook["state"], "" if hook["seconds"] is None else duration(hook["seconds"]), hook["error"]]
        for hook in run["hooks"]
    ]
    return _table(["hook", "state", "took", "error"], rows, "hooks")


def decisions(run: Mapping[str, Any]) -> list[str]:
    rules = Counter(str(volume.get("rule")) for volume in run["volumes"])
    volumes = [["volumes", f"{count} volumes as {rule} says"] for rule, count in sorted(rules.items())]
    proofs = [["fence", proof] for proof in run["fencing"]["proofs"]]
    refusals = [["fence", f"not proven: {refusal}"] for refusal in run["fencing"]["refusals"]]
    told = [[item["step"], item["decision"]] for item in run["decisions"]]
    return _table(["step", "decision"], [*volumes, *proofs, *refusals, *told], "decisions")


def steps(run: Mapping[str, Any]) -> Iterator[str]:
    for step in run["steps"]:
        if step["summary"]:
            told = json.dumps(step["summary"], indent=1, sort_keys=True, ensure_ascii=False)
            lines = "\n".join(text(line) for line in _cut(told, 4 * LONGEST_CELL).splitlines())
            yield f"<details><summary>{text(step['name'])}</summary><pre>{lines}</pre></details>"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]], what: str) -> list[str]:
    if not rows:
        return []
    parts = ["<table>", _row("th", header), *(_row("td", row) for row in rows[:MOST_ROWS]), "</table>"]
    if len(rows) > MOST_ROWS:
        parts.append(f'<p class="note">{MOST_ROWS} of {len(rows)} {what}; all of them are in the JSON file.</p>')
    return parts


def _row(tag: str, cells: Iterable[Any]) -> str:
    shown = "".join(f"<{tag}>{text(_cut(str(cell)))}</{tag}>" for cell in cells)
    return f"<tr>{shown}</tr>"


def _cut(told: str, longest: int = LONGEST_CELL) -> str:
    return told if len(told) <= longest else f"{told[: longest - 1]}…"
