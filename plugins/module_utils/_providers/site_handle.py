# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as a provider sees it: its API server, the programs that reach its storage, the plan's volumes there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from .._cluster.api import Api
from .._cluster.clock import Clock, Deadline
from .._cluster.kinds import PV, PVC
from .._errors import Unreachable, Unsupported
from .._model.names import protected_label
from .._model.plan import Group, Plan
from .._model.selector import LabelSelector
from .command import Answer, Runner, run_command
from .foretelling import WouldChange, foretelling


@dataclass(frozen=True)
class ClaimedVolume:
    """A protected claim, and the volume that it is bound to (None when it is not bound)."""

    pvc: dict[str, Any]
    pv: dict[str, Any] | None

    @property
    def claim(self) -> str:
        return f"{self.pvc['metadata']['namespace']}/{self.pvc['metadata']['name']}"

    @property
    def labels(self) -> dict[str, str]:
        return self.pvc["metadata"].get("labels") or {}


class Volumes:
    """Volumes among which groups find theirs: where each of a thousand has one, trying all for each is a million."""

    def __init__(self, volumes: Sequence[ClaimedVolume] = ()) -> None:
        self._all = volumes
        self._labelled: dict[tuple[str, str], list[ClaimedVolume]] = {}
        for item in volumes:
            for label in item.labels.items():
                self._labelled.setdefault(label, []).append(item)

    def selected(self, selector: LabelSelector) -> list[ClaimedVolume]:
        """In their order."""
        labelled = (self._labelled.get(label, []) for label in selector.match_labels.items())
        return [item for item in min(labelled, key=len, default=self._all) if selector.matches(item.labels)]


# of a storage whose API server has used up the time
LOOK_TIMEOUT = 1.0
# seconds that something may go on for although this process ended
Outlasting = Callable[[int], AbstractContextManager[Any]]
# options with references to secrets, to the same with the secrets
Reveal = Callable[[Mapping[str, Any]], dict[str, Any]]
# a cluster that is no site of the plan: its name in messages, and authentication options as a site's
Connect = Callable[[str, Mapping[str, Any]], Api]


class Tell(Protocol):
    """Says how far something long is."""

    def __call__(self, stage: str, done: int, total: int, in_flight: int = 0, waiting_for: str = "") -> None:
        """To who watches the run."""


def tell_nobody(stage: str, done: int, total: int, in_flight: int = 0, waiting_for: str = "") -> None:
    """Where nobody watches."""


def connect_nowhere(name: str, _auth: Mapping[str, Any]) -> Api:
    raise Unsupported(f"connect to {name}", seen="only the plan's sites are reached from here")


class SiteHandle:
    """api: opened at first use; raises what connecting raises. run: see `run_command`.

    outlasting: keeps the plan's lock over what this process starts and may leave behind. tell: see `Tell`.
    foretells: nothing is changed there; a verb that is about to ends with WouldChange.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        open_api: Callable[[], Api],
        run: Runner = run_command,
        reveal: Reveal = dict,
        outlasting: Outlasting = nullcontext,
        connect: Connect = connect_nowhere,
        tell: Tell = tell_nobody,
        foretells: bool = False,
    ) -> None:
        self.name = name
        self.plan = plan
        self.reveal = reveal
        self.outlasting = outlasting
        self.tell = tell
        self._hurried: Deadline | None = None
        self._longest_wait: float | None = None
        self._run = run
        self.foretells = foretells
        self._connect = connect
        self._open_api = open_api
        self._expected = Volumes()
        self._foreseen: frozenset[str] = frozenset()

    @cached_property
    def api(self) -> Api:
        return self._bounded(self._told(self._open_api()))

    def connect(self, name: str, auth: Mapping[str, Any]) -> Api:
        """See `Connect`."""
        return self._told(self._connect(name, auth))

    def changing(self) -> None:
        """Called before anything is changed by another way than `api`."""
        if self.foretells:
            raise WouldChange

    @property
    def patience(self) -> float | None:
        """Seconds left to a site that may be dead, and never less than a look takes; None: as many as usual."""
        if self._hurried is None:
            return None
        return max(min(LOOK_TIMEOUT, self._hurried.seconds), self._hurried.left)

    def hurry(self, seconds: float) -> None:
        """From now on it has to answer within the seconds."""
        self._hurried = Deadline(Clock(), seconds)

    @property
    def longest_wait(self) -> float | None:
        """See `wait_at_most`; for what is not waited for by the clock of `api`. None: as long as usual."""
        return self._longest_wait

    def wait_at_most(self, seconds: float) -> None:
        """From now on no wait for what its products do takes longer; what they were asked for stands."""
        self._longest_wait = seconds
        if "api" in self.__dict__:
            self._bounded(self.api)

    def run(self, words: Sequence[str], seconds: float, stdin: bytes = b"") -> Answer:
        """Run a program that reaches the site's storage."""
        patience = self.patience
        return self._run(words, seconds if patience is None else min(seconds, patience), stdin)

    def _told(self, api: Api) -> Api:
        return foretelling(api) if self.foretells else api

    def _bounded(self, api: Api) -> Api:
        if self._longest_wait is not None:
            api.clock = replace(api.clock, longest_wait=self._longest_wait)
        return api

    def open_by(self, open_api: Callable[[], Api]) -> None:
        """From now on `api` is opened so."""
        self._open_api = open_api

    def silence(self, why: str) -> None:
        """From now on `api` is refused at once."""

        def refuse() -> Api:
            raise Unreachable("connect to the API server", site=self.name, seen=why)

        self.open_by(refuse)

    def volumes(self, group: Group) -> list[ClaimedVolume]:
        """The group's claims that `protect` has labelled here, as they were when the plan's were first listed."""
        label = protected_label(self.plan.name)
        return [
            item for item in self.candidates(group) if item.labels.get(label) == "true" or item.claim in self._foreseen
        ]

    def foresee(self, claims: Iterable[str]) -> None:
        """Claims here, as namespace/name, that are taken for labelled: check mode labels none."""
        self._foreseen = frozenset(claims)

    def expect(self, volumes: Sequence[ClaimedVolume]) -> None:
        """Volumes that a run is going to make here."""
        self._expected = Volumes(volumes)

    def expected(self, group: Group) -> list[ClaimedVolume]:
        return self._expected.selected(group.selector)

    def candidates(self, group: Group) -> list[ClaimedVolume]:
        """All claims that the group's selector matches; some may be of VMs that the plan does not select."""
        return self._volumes.selected(group.selector)

    @cached_property
    def _volumes(self) -> Volumes:
        claims = [pvc for namespace in self.plan.namespaces for pvc in self.api.list(PVC, namespace)]
        volumes = {pv["metadata"]["name"]: pv for pv in self.api.list(PV)} if claims else {}
        return Volumes([ClaimedVolume(pvc, volumes.get(pvc["spec"].get("volumeName", ""))) for pvc in claims])
