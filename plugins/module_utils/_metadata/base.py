# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a metadata source: where a plan's manifests come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .._cluster.api import Api
from .._model.capture import Capture, CaptureInfo


class MetadataSource(ABC):
    """Captures a plan's manifests at one site and gives them back at the other. Sites are given as connections."""

    @abstractmethod
    def capture(self, api: Api, timeout: float) -> str:
        """Take a capture and wait for its end; its name."""

    def announce(self, here: Api, there: Api, name: str) -> str:
        """Make a capture of one site known at the other without waiting for it; empty, or why that cannot be done."""
        return ""

    @abstractmethod
    def catalog(self, api: Api) -> list[CaptureInfo]:
        """Captures known at the site, newest first; `complete` as recorded there, the content is not read."""

    @abstractmethod
    def manifests(self, api: Api, name: str) -> Capture:
        """The content of a capture."""

    @abstractmethod
    def restore(
        self, api: Api, name: str, run_id: str, exclude: Sequence[str], timeout: float, update: bool
    ) -> dict[str, int]:
        """Create everything of a capture but the excluded resources (`plural.group`); counts of items and warnings.

        update: objects that exist are brought to what the capture says; else they stay as they are.
        """
