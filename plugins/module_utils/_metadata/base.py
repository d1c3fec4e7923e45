# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a metadata source: where a plan's manifests come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from .._cluster.api import Api
from .._errors import Unsupported
from .._model.capture import Capture, CaptureInfo


class MetadataSource(ABC):
    """Captures a plan's manifests at one site and gives them back at the other. Sites are given as connections.

    title: what keeps the captures, in words. needs: products that both sites must have for it.
    announces: whether a site knows captures of the other only after a while.
    restores: whether `restore` is ours to call; else somebody else brings manifests, and they are only verified.
    makes_volumes: whether claims and volumes are made from a capture; else they are brought too.
    holds_content: whether a capture holds all objects whole.
    brought_by, bring_it: who brings, and what a person does so that they come; in words.
    """

    title: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    announces: ClassVar[bool] = False
    restores: ClassVar[bool] = True
    makes_volumes: ClassVar[bool] = True
    holds_content: ClassVar[bool] = True
    brought_by: ClassVar[str] = ""
    bring_it: ClassVar[str] = ""

    @abstractmethod
    def label(self, name: str) -> str:
        """What a person looks for to find that capture."""

    @abstractmethod
    def capture(self, api: Api, timeout: float) -> str:
        """Take a capture and wait for its end; its name."""

    @abstractmethod
    def mark_incomplete(self, api: Api, name: str, reason: str) -> None:
        """So that no later run chooses this capture silently."""

    def announce(self, here: Api, there: Api, name: str) -> str:
        """Make a capture of one site known at the other without waiting for it; empty, or why that cannot be done."""
        return ""

    def schedule(self, api: Api, check_mode: bool) -> str:
        """Have captures taken as the plan's schedule says; what was done for it, empty when nothing had to be."""
        return ""

    def unschedule(self, api: Api, check_mode: bool) -> tuple[str, str]:
        """End what `schedule` began, and touch no capture. What was done, and what stays and why; empty for nothing."""
        return "", ""

    def prune(self) -> None:
        """Remove captures that are older than the plan keeps them, where nothing else does."""
        return

    def remove(self, here: Api, there: Api, name: str) -> None:
        """Delete a capture that the first site knows, for good and at both sites."""
        raise Unsupported(
            "delete the capture",
            site=here.site,
            on=self.label(name),
            seen=f"{self.title} keeps it",
            next_step="delete it there, or leave unprotect_captures out",
        )

    @abstractmethod
    def catalog(self, api: Api) -> list[CaptureInfo]:
        """Captures known at the site, newest first; `complete` as recorded there, the content is not read."""

    def await_catalog_sync(self, api: Api, last_seen: datetime | None, timeout: float) -> bool:
        """Wait until the site knows what the other wrote until its last sign of life; whether it does."""
        return True

    @abstractmethod
    def manifests(self, api: Api, name: str) -> Capture:
        """The content of a capture; TerminalState when that is damaged for good."""

    def left_out(self, api: Api, capture: Capture, exclude: Sequence[str]) -> list[str]:
        """What `restore` would not bring to this site, and why; empty where only the source's own result tells."""
        return []

    @abstractmethod
    def restore(
        self,
        api: Api,
        name: str,
        run_id: str,
        exclude: Sequence[str],
        timeout: float,
        update: bool,
        verify_lock: Callable[[], None],
    ) -> dict[str, int]:
        """Create everything of a capture but the excluded resources (`plural.group`); counts of items and warnings.

        update: objects that exist are brought to what the capture says; else they stay as they are.
        verify_lock: called before every batch of objects that are written from here; raises when they must not be.
        """
