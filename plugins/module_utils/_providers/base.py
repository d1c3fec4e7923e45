# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a replication product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .._errors import Unsupported
from .._model.group_status import GroupStatus, SyncProof
from .._model.plan import Group


@dataclass(frozen=True)
class Capabilities:
    """What a product can do; the capability table of the docs is made from these."""

    final_sync: bool = False
    force: bool = False
    pause: bool = False
    reports_lag: bool = False
    groups: bool = False
    clones: bool = False
    fencing: bool = False
    creates_remote_volumes: bool = False

    def as_dict(self) -> dict[str, bool]:
        return asdict(self)


@dataclass(frozen=True)
class FenceProof:
    """What keeps the lost site from writing to the volumes that are promoted, as read back from the product."""

    group: str
    evidence: str


class Provider(ABC):
    """Drives one product. Every verb is idempotent and waits for its success or a terminal failure.

    site and peer are names of the plan's sites. `forced` is never implied by a provider.
    """

    name: str
    capabilities: Capabilities

    @abstractmethod
    def observe(self, group: Group, site: str) -> GroupStatus:
        """Ask the product at one site. No answer is a status (`reachable=False`), not an error."""

    @abstractmethod
    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """Whether the PV's data is what this group replicates at that site (P1: a volume outside is a blocker)."""

    @abstractmethod
    def enable(self, group: Group, source: str, target: str) -> bool:
        """Make the group replicate from source to target; whether something had to be changed."""

    @abstractmethod
    def promote(self, group: Group, site: str, forced: bool) -> bool:
        """Make the site's copy writable; whether something had to be changed."""

    @abstractmethod
    def demote(self, group: Group, site: str) -> bool:
        """Make the site's copy read-only, at once."""

    @abstractmethod
    def resync(self, group: Group, site: str) -> bool:
        """Throw the site's copy away and take the peer's."""

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        """Send the rest from a demoted source and prove that both sides are equal."""
        raise self._unsupported("prove a final sync", group)

    def pause(self, group: Group, site: str) -> bool:
        raise self._unsupported("pause replication", group)

    def resume(self, group: Group, site: str) -> bool:
        raise self._unsupported("resume replication", group)

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        """Make the survivor's copy refuse everything from the lost site, and prove it."""
        raise self._unsupported(f"fence {lost}", group)

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        raise self._unsupported(f"unfence {lost}", group)

    def _unsupported(self, what: str, group: Group) -> Unsupported:
        return Unsupported(
            what,
            on=f"group {group.name}",
            seen=f"provider {self.name} cannot do this",
            next_step="docs/providers.md lists what each provider can do",
        )
