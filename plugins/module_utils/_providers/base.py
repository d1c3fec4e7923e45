# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a replication product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from .._errors import Unsupported
from .._model.group_status import GroupStatus, SyncProof
from .._model.plan import Group
from .custom_resource import CustomResource
from .site_handle import SiteHandle

# many groups at once, but not a burst on a storage controller
WORKERS = 16

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Capabilities:
    """What a product can do; the capability table of the docs is made from these.

    atomic_switch: it cannot demote and promote apart. `demote` of the source is then its planned switch as a whole, the
    source's last data included: either the target is primary after it, or the source still is.
    """

    final_sync: bool = False
    force: bool = False
    pause: bool = False
    reports_lag: bool = False
    groups: bool = False
    clones: bool = False
    fencing: bool = False
    creates_remote_volumes: bool = False
    atomic_switch: bool = False

    def as_dict(self) -> dict[str, bool]:
        return asdict(self)


@dataclass(frozen=True)
class FenceProof:
    """What keeps the lost site from writing to the volumes that are promoted, as read back from the product."""

    group: str
    evidence: str


@dataclass(frozen=True)
class Clones:
    """Writable copies of a secondary's volumes, which its replication knows nothing of.

    sources: name of a PV to what of its spec names the copy. taken: of which moment the data is, where the product
    says so.
    """

    sources: Mapping[str, Mapping[str, Any]]
    taken: datetime | None = None


class Provider(ABC):
    """Drives one product. Every verb is idempotent and waits for its success or a terminal failure.

    sites: what a provider may touch, by the names of the plan's sites. A provider keeps nothing between calls:
    what it knows it reads from the product. `forced` is never implied by a provider: a product that forces by itself is
    guarded by observing its peer first.
    """

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    # its fence is around addresses, with no word of who needs it: letting a site in for one plan lets it in for all
    shares_fences: ClassVar[bool] = False
    # of the product, for the conformance test: all that the provider reads or writes
    resources: ClassVar[tuple[CustomResource, ...]] = ()

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self.sites = sites

    @classmethod
    @abstractmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        """Why this product replicates the group, as the site shows it; empty when it does not."""

    @abstractmethod
    def observe(self, group: Group, site: str) -> GroupStatus:
        """Ask the product at one site. No answer is a status (`reachable=False`), not an error."""

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """Ask for many groups, in their order; for products that answer for all of them at once."""
        return at_once(lambda group: self.observe(group, site), groups)

    def observe_roles(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """The same for who decides by roles: without further questions that only prove where demoted data is."""
        return self.observe_all(groups, site)

    @abstractmethod
    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """Whether the PV's data is what this group replicates at that site (P1: a volume outside is a blocker)."""

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        """What at that site keeps a copy alive by its claim (namespace, name), in words; empty where nothing does."""
        return ""

    def clone_remedy(self, pv: Mapping[str, Any]) -> str:
        """What lets a volume be replicated that the storage cloned from another; empty where it always can be."""
        return ""

    def reading_remedy(self, group: Group, site: str) -> str:
        """What keeps a planned move from reading all data of both sites, which takes its time with all VMs off; empty
        where it reads none."""
        return ""

    @abstractmethod
    def enable(self, group: Group, source: str, target: str) -> bool:
        """Make the group replicate from source to target; whether something had to be changed."""

    @abstractmethod
    def enabled(self, group: Group, site: str) -> bool:
        """Whether there is something at a site for `disable` to take back."""

    @abstractmethod
    def disable(self, group: Group, site: str) -> bool:
        """Take back at a site what `enable` made, and no data; whether something had to be changed."""

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:  # noqa: B027
        """End the replication of these claims, by namespace/name, as they are about to be deleted at the site that is
        primary. Nothing where deleting a volume ends it by itself."""

    @abstractmethod
    def promote(self, group: Group, site: str, forced: bool) -> bool:
        """Make the site's copy writable; whether something had to be changed.

        With `atomic_switch` a planned one ends what `demote` left open, as the replication back to the old source; it
        is refused while that switch has not ended.
        """

    @abstractmethod
    def demote(self, group: Group, site: str) -> bool:
        """Make the site's copy read-only, at once; False when it is already.

        With `atomic_switch` the copy's peer is primary afterwards. Where it was before, after a forced promotion,
        nothing is done and the answer is False: only `resync` gives this copy up.
        """

    def rule_out(self, group: Group, site: str) -> None:  # noqa: B027
        """Before the peer is promoted by force although this site answers: a planned promotion of its copy that was
        asked for before now is refused from here on, and where one has been done this is refused. Nothing where the
        product has no verb for it."""

    def has_switched(self, group: Group, source: str, target: str) -> bool:
        """With `atomic_switch`: whether it has been switched from source to target. Where it has, and the target does
        not show it yet, this waits until it does."""
        return self.observe(group, target).role == "primary"

    @abstractmethod
    def resync(self, group: Group, site: str) -> bool:
        """Throw the site's copy away and take the peer's; False when it follows its peer already."""

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:  # noqa: B027
        """Refuse a planned move that `final_sync` could not prove, or the switch not begin, before anything is stopped
        for it. Nothing where the statuses of both sites show it."""

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """Refuse a failover that this product has no verb for, or whose promotion would be refused here, before
        anything is stopped for it. What only the other site knows is not asked: it may be lost."""
        if not self.capabilities.force:
            raise self._unsupported(f"promote {site} by force", groups[0])

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        """Send the rest from a demoted source and prove that both sides are equal.

        With `atomic_switch`: prove that the switch which made the target primary has taken everything along.
        """
        raise self._unsupported("prove a final sync", group)

    # the same for many groups, with their answers in their order: for products that take all of them at once

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        return at_once(lambda group: self.promote(group, site, forced), groups)

    def end_forced_all(self, groups: Sequence[Group], site: str) -> None:  # noqa: B027
        """Of groups that are primary: what an earlier attempt at a forced promotion, which was killed, has left to do.
        Nothing where what is primary can be written to."""

    def demote_all(self, groups: Sequence[Group], site: str) -> list[bool]:
        return at_once(lambda group: self.demote(group, site), groups)

    def drain_all(self, groups: Sequence[Group], source: str) -> None:  # noqa: B027
        """Before the planned demotion of the source, with all VMs off: wait until the peer has taken what a demotion
        could keep from it. Nothing where `final_sync` sends the rest from a demoted source."""

    def final_sync_all(self, groups: Sequence[Group], source: str, target: str) -> list[SyncProof]:
        return at_once(lambda group: self.final_sync(group, source, target), groups)

    def pause(self, group: Group, site: str) -> bool:
        raise self._unsupported("pause replication", group)

    def resume(self, group: Group, site: str) -> bool:
        raise self._unsupported("resume replication", group)

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        """Make the survivor's copy refuse everything from the lost site, and prove it."""
        raise self._unsupported(f"fence {lost}", group)

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        raise self._unsupported(f"unfence {lost}", group)

    def clone(self, group: Group, site: str, name: str, volumes: Sequence[Mapping[str, Any]]) -> Clones:
        """Copy what the site holds of a group under a name, once; the copies of an earlier call stay as they are.

        volumes: PVs of the group, as a move would create them there.
        """
        raise self._unsupported("copy a secondary for a rehearsal", group)

    def unclone(self, group: Group, site: str, name: str) -> bool:
        """Remove the copies of that name with their data, and nothing else; False where there are none."""
        raise self._unsupported("remove copies of a secondary", group)

    def _unsupported(self, what: str, group: Group) -> Unsupported:
        return Unsupported(
            what,
            on=f"group {group.name}",
            seen=f"provider {self.name} cannot do this",
            next_step="docs/providers.md lists what each provider can do",
        )


def at_once(verb: Callable[[Item], Done], items: Iterable[Item], workers: int = WORKERS) -> list[Done]:
    """The answers, in the order of the items."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(verb, items))
