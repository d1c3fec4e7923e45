# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of NFS servers: one export per group, read-only at the secondary, replicated as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..._errors import DrError, NotFound, Refused, Unreachable
from ..._model.group_status import GroupStatus, SyncProof, silent, unknown
from ..._model.plan import Group
from ..base import Capabilities, Clones, FenceProof, Provider, at_once
from ..peer import split_brain
from ..site_handle import SiteHandle
from .control import NfsControl, control_for, export_of
from .directory import directory_of, in_export
from .http_api import all_exports
from .options import interval_of, options_of, word_of
from .remedies import with_remedy

# a server that takes snapshots; the ssh control says itself what its moment is
OF_SNAPSHOTS = "newest complete snapshot at the secondary"


class NfsProvider(Provider):
    """`options` of a group: `export` (default: the group's name), `interval` (a duration), and under `sites` per site:

    `server` and `path`: the export as PVs name it; `control`: URL of the server's replication API; `peer`: address
    at which the other site's server reaches this one.
    """

    name = "nfs"
    capabilities = Capabilities(
        final_sync=True, force=True, pause=True, reports_lag=True, groups=True, clones=True, fencing=True
    )

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        volumes = [item.pv for item in site.candidates(group) if item.pv]
        if not volumes or not all("nfs" in pv["spec"] for pv in volumes):
            return ""
        return f"its {len(volumes)} volumes are of type nfs"

    def observe(self, group: Group, site: str) -> GroupStatus:
        try:
            return _status(group, site, self._control(group, site).look())
        except DrError as error:
            return unknown(group.name, site, error)

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """Server by server: a replication API answers for all its exports; a silent server is asked once."""
        by_server: dict[str, list[Group]] = {}
        for group in groups:
            options = group.options_at(site)
            # behind one name several servers may have ports of their own
            server = options.get("control") or (options.get("ssh"), options.get("ssh_options"))
            by_server.setdefault(str(server), []).append(group)
        answers = at_once(lambda of_server: self._ask_server(of_server, site), by_server.values())
        found = {status.group: status for statuses in answers for status in statuses}
        return [found[group.name] for group in groups]

    def _ask_server(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        url = groups[0].options_at(site).get("control")
        if url is None or len(groups) == 1:
            first = self.observe(groups[0], site)
            if first.reachable:
                return [first, *super().observe_all(groups[1:], site)]
            return [first, *(silent(group.name, site, first.message) for group in groups[1:])]
        try:
            for group in groups:
                options_of(group, site)
            exports = all_exports(site, url, self.sites[site].patience)
        except DrError as error:
            return [unknown(group.name, site, error) for group in groups]
        return [_listed(group, site, exports) for group in groups]

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        directory = directory_of(pv)
        if directory is None or directory.server != word_of(group, site, "server"):
            return False
        return directory.below(word_of(group, site, "path")) is not None

    def enable(self, group: Group, source: str, target: str) -> bool:
        here, there = self._control(group, source), self._control(group, target)
        peers = {site: word_of(group, site, "peer") for site in (source, target)}
        interval = interval_of(group, source)
        changed = there.create("secondary", peers[source], interval)
        return here.create("primary", peers[target], interval) or changed

    def enabled(self, group: Group, site: str) -> bool:
        try:
            seen = self._control(group, site).status()
        except NotFound:
            return False
        return seen["role"] != "primary" or bool(seen["peer"])

    def disable(self, group: Group, site: str) -> bool:
        return self._control(group, site).remove()

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        return self.promote_all([group], site, forced)[0]

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        """One look at everything a server has, then one request per group."""
        looked = {status.group: status.raw for status in self.observe_all(groups, site)}
        asked = at_once(lambda group: looked[group.name] or self._control(group, site).status(), groups)
        todo = list(zip(groups, asked, strict=True))
        if forced:
            for group, seen in todo:
                _check_arrived(group, site, seen)
        else:
            self._check_one_primary([group for group, seen in todo if seen["role"] == "primary"], site)
        return at_once(lambda item: _promote(self._control(item[0], site), item[1], forced), todo)

    def end_forced_all(self, groups: Sequence[Group], site: str) -> None:
        """The pause that fenced them, which a promotion ends last of all."""
        at_once(lambda group: self._set_paused(group, site, False), groups)

    def _check_one_primary(self, primaries: Sequence[Group], site: str) -> None:
        """Of what is primary here already, the peer is not, where it answers."""
        for other in (name for name in self.sites if primaries and name != site):
            both = [status.group for status in self.observe_all(primaries, other) if status.role == "primary"]
            if both:
                on = both[0] if len(both) == 1 else f"{both[0]} and {len(both) - 1} more"
                raise split_brain(on, site, other, both)

    def rule_out(self, group: Group, site: str) -> None:
        try:
            self._control(group, site).rule_out()
        except NotFound:
            return
        except Unreachable as error:
            error.wanted = f"the word of {site}'s server that nobody promotes its copy meanwhile"
            error.next_step = f"nothing was promoted: bring {site}'s server back, then run the same command again"
            raise

    def demote(self, group: Group, site: str) -> bool:
        control = self._control(group, site)
        if control.status()["role"] == "secondary":
            return False
        control.demote()
        return True

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        control = self._control(group, source)
        role = control.status()["role"]
        if role != "secondary":
            raise Refused(
                "prove the final sync",
                site=source,
                on=f"group {group.name}",
                seen=f"role {role}",
                wanted="secondary: what is still writable proves nothing",
                next_step="demote it first",
            )
        answer = control.sync()
        return SyncProof(
            group.name,
            holds=bool(answer["digest_local"]) and answer["digest_local"] == answer["digest_peer"],
            compared=answer["compared"],
            source=answer["digest_local"],
            target=answer["digest_peer"],
            at=answer["at"],
            volumes=answer["files"],
            bytes=answer["bytes"],
        )

    def resync(self, group: Group, site: str) -> bool:
        control = self._control(group, site)
        seen = control.status()
        if seen["role"] == "secondary" and seen["health"] == "healthy" and seen["direction"] == "incoming":
            return False
        control.resync()
        return True

    def pause(self, group: Group, site: str) -> bool:
        return self._set_paused(group, site, True)

    def resume(self, group: Group, site: str) -> bool:
        return self._set_paused(group, site, False)

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        """The survivor's server stops taking replication in; its export was never reachable for the lost site's VMs."""
        control = self._control(group, survivor)
        if control.status()["role"] != "primary":
            self._set_paused(group, survivor, True)
        seen = control.status()
        if seen["role"] != "primary" and not seen["paused"]:
            raise Refused(
                f"fence {lost}",
                site=survivor,
                on=f"group {group.name}",
                seen=f"role {seen['role']}, still taking replication in",
                wanted="replication from the lost site refused",
                next_step="look at the NFS server's log, then start again",
            )
        how = "is primary" if seen["role"] == "primary" else "paused"
        return FenceProof(group.name, f"{survivor}'s server takes nothing in from {lost}: {how}, epoch {seen['epoch']}")

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        return self._set_paused(group, survivor, False)

    def clone(self, group: Group, site: str, name: str, volumes: Sequence[Mapping[str, Any]]) -> Clones:
        """A second export beside the group's; volumes lie in it as they do in the first."""
        root = word_of(group, site, "path")
        made = self._control(group, site).clone(name)
        sources = {
            pv["metadata"]["name"]: in_export(pv, made["path"], directory.below(root) or "")
            for pv in volumes
            if (directory := directory_of(pv))
        }
        return Clones(sources, datetime.fromisoformat(made["taken"]) if made.get("taken") else None)

    def unclone(self, group: Group, site: str, name: str) -> bool:
        return self._control(group, site).unclone(name)

    def _set_paused(self, group: Group, site: str, paused: bool) -> bool:
        control = self._control(group, site)
        if control.status()["paused"] == paused:
            return False
        control.set_paused(paused)
        return True

    def _control(self, group: Group, site: str) -> NfsControl:
        there = self.sites[site]
        return control_for(site, group, there.run, there.patience, there.foretells)


def _check_arrived(group: Group, site: str, seen: Mapping[str, Any]) -> None:
    """Before a forced promotion; a side that was demoted or diverged has data of its own."""
    incoming = (seen["role"], seen["direction"]) == ("secondary", "incoming")
    # a server with snapshots has the content of before until a resync has arrived; the agent of ssh looks itself
    if incoming and not seen.get("last_sync") and not seen.get("resyncing"):
        refused = Refused(
            "promote by force",
            site=site,
            on=f"group {group.name}",
            seen="no whole copy has ever arrived at this side",
        )
        raise with_remedy(refused, "promote", "NoCopy")


def _promote(control: NfsControl, seen: Mapping[str, Any], forced: bool) -> bool:
    """Make it writable. A primary takes nothing in by its role, so the pause that fenced it can end."""
    was_primary = seen["role"] == "primary"
    now = seen if was_primary else control.promote(forced)
    if now["paused"]:
        control.set_paused(False)
    return bool(now["paused"]) or not was_primary


def _status(group: Group, site: str, seen: Mapping[str, Any]) -> GroupStatus:
    demoted = seen["role"] == "secondary" and seen["direction"] == "none"
    synced = bool(seen.get("last_sync"))
    return GroupStatus(
        group.name,
        site,
        role=seen["role"],
        health=seen["health"],
        direction=seen["direction"],
        last_sync=datetime.fromisoformat(seen["last_sync"]) if synced else None,
        last_sync_source=seen.get("last_sync_source", OF_SNAPSHOTS) if synced else "",
        last_sync_by=seen.get("last_sync_by", "") if synced else "",
        sync_proof="the final sync of this epoch was compared" if demoted and seen.get("synced") else "",
        message=seen.get("error") or "",
        raw=dict(seen),
    )


def _listed(group: Group, site: str, exports: Mapping[str, dict[str, Any]]) -> GroupStatus:
    export = export_of(group, site)
    if export not in exports:
        message = f"export {export}: the server does not have it"
        return GroupStatus(group.name, site, "unknown", "error", "none", message=message)
    return _status(group, site, exports[export])
