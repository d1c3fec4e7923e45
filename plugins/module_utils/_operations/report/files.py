# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as files: a page for people, and JSON with everything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..._errors import Refused
from ..._model.plan import Plan
from ..._planning.report.page import page
from .history import history_with
from .whole_run import whole_run


def write_report(plan: Plan, run_id: str | None, folder: str, check_mode: bool) -> dict[str, Any]:
    """Write both files anew where the record has changed since."""
    run = whole_run(plan, history_with(plan, run_id), run_id)
    contents = {"html": page(run), "json": json.dumps(run, indent=1, sort_keys=True) + "\n"}
    place = Path(folder).expanduser()
    files = {form: place / f"{_file_name(run['run_id'])}.{form}" for form in contents}
    try:
        stale = {form: file for form, file in files.items() if _differs(file, contents[form])}
        if stale and not check_mode:
            place.mkdir(parents=True, exist_ok=True)
            for form, file in stale.items():
                _write(file, contents[form])
    except OSError as error:
        raise Refused(
            "write the report",
            on=str(error.filename or place),
            seen=(error.strerror or str(error)).lower(),
            wanted="a folder that this user may write to",
            next_step="name another one: dr_reports=FOLDER",
        ) from error
    return {
        "changed": bool(stale),
        "run_id": run["run_id"],
        "state": run["state"],
        **{form: str(file) for form, file in files.items()},
        "msg": f"report of run {run['run_id']}, {run['state']}: {files['html']}",
    }


def _file_name(run_id: str) -> str:
    """An id comes from a cluster, where somebody may have edited it: it names no other folder."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", run_id).lstrip(".")


def _differs(file: Path, content: str) -> bool:
    return not file.exists() or file.read_text(encoding="utf-8") != content


def _write(file: Path, content: str) -> None:
    """Whole or not at all."""
    half = file.with_name(f".{file.name}.new")
    half.write_text(content, encoding="utf-8")
    half.replace(file)
