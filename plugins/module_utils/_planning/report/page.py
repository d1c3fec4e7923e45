# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's report as one page that needs nothing else: no script, no font, no picture from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .curve import curve_picture
from .facts import facts
from .style import STYLE
from .tables import decisions, failures, findings, hooks, losses, steps, vms
from .text import text
from .timeline import steps_picture, vms_picture


def page(run: Mapping[str, Any]) -> str:
    """run: the document of a run, whole."""
    title = text(f"{run['plan']}: {run['operation']} to {run['target']}")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{title}</title><style>{STYLE}</style></head><body>",
        f'<h1>{title} <span class="state {_kind(run["state"])}">{text(run["state"])}</span></h1>',
        *facts(run),
        *_sections(run),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _sections(run: Mapping[str, Any]) -> Iterator[str]:
    for title, body in (
        ("What was lost", losses(run)),
        ("What failed", failures(run)),
        ("Steps", [steps_picture(run)]),
        ("In flight", [curve_picture(run["start"])]),
        ("Virtual machines and workloads", [vms_picture(run), *vms(run)]),
        ("Findings", findings(run)),
        ("Hooks", hooks(run)),
        ("Decisions", decisions(run)),
        ("What each step recorded", steps(run)),
    ):
        shown = [part for part in body if part]
        if shown:
            yield f"<h2>{title}</h2>"
            yield from shown


def _kind(state: str) -> str:
    return state if state in ("done", "failed", "waiting", "running", "rolled_back") else "unknown"
