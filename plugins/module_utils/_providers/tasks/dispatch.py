# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs that are task files: one dispatch, one contract, whoever wrote the files."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..._errors import DrError, Failed, Refused, TerminalState, Unreachable, Unsupported
from ..._model.group_status import GroupStatus, silent
from ..._model.plan import Group
from ..base import Provider
from ..site_handle import SiteHandle
from .options import TaskOptions
from .play import Outcome, Request, play

NO_ANSWER = re.compile(
    r"timed? ?out|connection (refused|error|aborted)|unreachable|no route|max retries|reset by peer"
    r"|not resolve|name resolution|name or service not known",
    re.I,
)
Read = TypeVar("Read")
Player = Callable[[Sequence[Request], Sequence[str]], list[Outcome]]


class TaskFileProvider(Provider):
    """Runs a task file for each verb. player: runs files; clock: for the waits after them."""

    def __init__(self, sites: Mapping[str, SiteHandle], player: Player = play, clock: Clock | None = None) -> None:
        super().__init__(sites)
        self._player = player
        self._clock = clock or Clock()

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        """Never: nothing in a cluster shows what lies behind task files."""
        return ""

    @abstractmethod
    def file_for(self, group: Group, site: str, verb: str) -> str:
        """The task file of a verb; empty where there is none."""

    @abstractmethod
    def status_of(self, group: Group, site: str, answer: Any) -> GroupStatus:
        """What a file for `observe` answered."""

    @abstractmethod
    def changed_by(self, group: Group, site: str, verb: str, answer: Any) -> bool:
        """What a file for another verb answered."""

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        return self.options(group, site).hold(pv)

    def options(self, group: Group, site: str) -> TaskOptions:
        return TaskOptions.read(group, site, self.sites[site].plan)

    def peer(self, site: str) -> str:
        return self.sites[site].plan.peer_of(site)

    def observe(self, group: Group, site: str) -> GroupStatus:
        return self.observe_all([group], site)[0]

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """All groups of a site in one play. Options that are wrong are what that group shows."""
        patience = self.sites[site].patience
        asked: dict[str, Request] = {}
        found: dict[str, GroupStatus] = {}
        vars_files: dict[str, None] = {}
        for group in groups:
            try:
                options = self.options(group, site)
                request = self._request(group, site, "observe", options.observe_timeout)
                asked[group.name] = request if patience is None else request.hurried_by(patience)
                vars_files |= dict.fromkeys(options.vars_files)
            except DrError as error:
                found[group.name] = _unknown(group, site, str(error))
        outcomes = dict(zip(asked, self._player(list(asked.values()), list(vars_files)), strict=True)) if asked else {}
        for group in groups:
            if group.name in outcomes:
                found[group.name] = self._seen(group, site, outcomes[group.name])
        return [found[group.name] for group in groups]

    def _seen(self, group: Group, site: str, outcome: Outcome) -> GroupStatus:
        if outcome.failed:
            no_answer = outcome.silent or NO_ANSWER.search(outcome.failed)
            return (silent if no_answer else _failed)(group.name, site, outcome.failed)
        try:
            return self.status_of(group, site, outcome.answer)
        except DrError as error:
            return _unknown(group, site, str(error))

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        return self.promote_all([group], site, forced)[0]

    def demote(self, group: Group, site: str) -> bool:
        return self.demote_all([group], site)[0]

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        changed = self.change_all(groups, site, "promote", forced)
        self._await_role(groups, site, "primary")
        return changed

    def demote_all(self, groups: Sequence[Group], site: str) -> list[bool]:
        changed = self.change_all(groups, site, "demote")
        self._await_role(groups, site, "secondary")
        return changed

    def resync(self, group: Group, site: str) -> bool:
        seen = self.observe(group, site)
        if (seen.role, seen.health, seen.direction) == ("secondary", "healthy", "incoming"):
            return False
        return self.change(group, site, "resync")

    def enable(self, group: Group, source: str, target: str) -> bool:
        """By the file where there is one; else what replicates already is only looked at."""
        if self.file_for(group, source, "enable"):
            return self.change(group, source, "enable")
        here, there = self.observe(group, source), self.observe(group, target)
        if here.role == "primary" and there.role == "secondary":
            return False
        raise Refused(
            "enable the replication",
            on=f"group {group.name}",
            seen=f"{here.role} at {source} ({here.message or here.health}), "
            f"{there.role} at {target} ({there.message or there.health})",
            wanted=f"primary at {source}, secondary at {target}",
            next_step="set the replication up at the storage: this provider does not do that",
        )

    def enabled(self, group: Group, site: str) -> bool:
        return bool(self.file_for(group, site, "disable")) and self.observe(group, site).present

    def disable(self, group: Group, site: str) -> bool:
        return self.change(group, site, "disable") if self.file_for(group, site, "disable") else False

    def change(self, group: Group, site: str, verb: str) -> bool:
        return self.change_all([group], site, verb)[0]

    def change_all(self, groups: Sequence[Group], site: str, verb: str, forced: bool = False) -> list[bool]:
        return self.run_all(
            groups, site, verb, lambda group, answer: self.changed_by(group, site, verb, answer), forced
        )

    def run_all(
        self,
        groups: Sequence[Group],
        site: str,
        verb: str,
        read: Callable[[Group, Any], Read],
        forced: bool = False,
    ) -> list[Read]:
        """Run a verb that changes something; all outcomes are read before the first failure is raised."""
        if not groups:
            return []
        requests = [self._request(group, site, verb, self.options(group, site).timeout, forced) for group in groups]
        longest = self.sites[site].longest_wait
        requests = requests if longest is None else [request.hurried_by(longest) for request in requests]
        self.sites[site].changing()
        vars_files = dict.fromkeys(file for group in groups for file in self.options(group, site).vars_files)
        with self.sites[site].outlasting(int(sum(request.seconds for request in requests))):
            outcomes = self._player(requests, list(vars_files))
        pairs = list(zip(groups, outcomes, strict=True))
        failures = [_failure(group, site, verb, outcome) for group, outcome in pairs if outcome.failed]
        if failures:
            raise failures[0]
        return [read(group, outcome.answer) for group, outcome in pairs]

    def check_demoted(self, groups: Sequence[Group], source: str) -> None:
        for status in self.observe_all(groups, source):
            if status.role != "secondary":
                raise Refused(
                    "prove the final sync",
                    site=source,
                    on=f"group {status.group}",
                    seen=f"role {status.role}: {status.message or status.health}",
                    wanted="secondary: demoted before its data is compared",
                    next_step="run the sync step from its beginning",
                )

    def _request(self, group: Group, site: str, verb: str, seconds: float, forced: bool = False) -> Request:
        file = self.file_for(group, site, verb)
        if not file:
            raise Unsupported(
                verb.replace("_", " "),
                site=site,
                on=f"group {group.name}",
                seen="there is no task file for it",
                next_step=f"docs/providers/{self.name}.md lists the files and what they do",
            )
        peer = self.peer(site)
        here, there = (self.sites[name].reveal(group.options_at(name)) for name in (site, peer))
        return Request(verb, group.name, site, peer, file, seconds, forced, here, there)

    def _await_role(self, groups: Sequence[Group], site: str, role: str) -> None:
        """A file may end before its product has: only what the product shows then counts."""

        def look() -> tuple[bool, str]:
            seen = self.observe_all(groups, site)
            for status in seen:
                if status.role != role and status.health in ("error", "diverged"):
                    raise TerminalState(
                        f"bring the group to {role}",
                        site=site,
                        on=f"group {status.group}",
                        seen=f"role {status.role}, {status.health}: {status.message}",
                        wanted=role,
                        next_step="look at the storage, then start again: what has been switched already stays",
                    )
            left = [status for status in seen if status.role != role]
            return not left, "; ".join(f"{item.group}: role {item.role}: {item.message}" for item in left[:3])

        if groups:
            longest = self.sites[site].longest_wait
            seconds = max(self.options(group, site).timeout for group in groups)
            seconds = seconds if longest is None else min(seconds, longest)
            on = ", ".join(group.name for group in groups[:3])
            wait_for(self._clock, seconds, look, f"bring groups to {role}", site, f"group {on}")


def _unknown(group: Group, site: str, message: str) -> GroupStatus:
    return GroupStatus(group.name, site, "unknown", "error", "none", message=message)


def _failed(group: str, site: str, message: str) -> GroupStatus:
    """It answered, with an error; the next look may go well."""
    return GroupStatus(group, site, "unknown", "unknown", "none", message=message)


def _failure(group: Group, site: str, verb: str, outcome: Outcome) -> DrError:
    kind = Unreachable if outcome.silent or NO_ANSWER.search(outcome.failed) else Failed
    return kind(
        f"run the task file for {verb}",
        site=site,
        on=f"group {group.name}",
        seen=outcome.failed,
        next_step="look at the storage and at the task file, then start again",
    )
