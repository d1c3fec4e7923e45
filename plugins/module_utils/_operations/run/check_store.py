# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run store of a check-mode run: files of this user; no cluster is written (P9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .progress import own_progress_directory


class CheckStore:
    """The same calls as the run store at a site."""

    def head(self, run_id: str) -> dict[str, Any] | None:
        return self.load(run_id, "head")

    def put_head(self, run_id: str, plan: str, head: dict[str, Any]) -> None:
        self.put(run_id, plan, "head", head)

    def put(self, run_id: str, _plan: str, topic: str, document: Any) -> None:
        path = self._path(run_id, topic)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")

    def load(self, run_id: str, topic: str) -> Any | None:
        path = self._path(run_id, topic)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def _path(self, run_id: str, topic: str) -> Path:
        return own_progress_directory() / f"{run_id}.check" / f"{topic}.json"
