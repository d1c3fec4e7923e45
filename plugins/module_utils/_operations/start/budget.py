# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's start budget, shared by concurrent runs of different plans: one ConfigMap, a claim of each plan in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as await_futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..._cluster.api import Api, Object, may_pass
from ..._cluster.beside import beside
from ..._cluster.kinds import CONFIG_MAP
from ..._cluster.run_store import RunStore
from ..._errors import Conflict, DrError, Unreachable
from ..._model.names import SITE_NAMESPACE
from ..._model.plan import Plan
from ..._planning.start.budget import Claim, Decision, Silence, decide_claim, site_budget
from ..run.session import Session

NAME = "start-budget"
TOPIC = "start-budget"
# seconds between two looks at the claims of others, and so between two writes
LOOK_EVERY = 2.0
RENEW_EVERY = 10.0
# so long a start stands still for an answer; one that takes longer is waited for beside it
STANDS_STILL = 0.5
# a run that is alive asks for nothing without having renewed its claim within less than this
SILENCE = 60


@dataclass(frozen=True)
class _Seen:
    """asked, answered: when the claims were read. kept: what a round before saw of them."""

    found: Object | None
    asked: float
    answered: float
    kept: Any


@dataclass(frozen=True)
class _Look:
    """answer: what is seen of the claims; then, with what was decided on it, that this is written.

    at: when that began.
    """

    answer: Future[Any]
    at: float
    decision: Decision | None = None
    note: str = ""


class SiteBudget:
    """A plan's part in it. limit: sites.X.max_starting; without one nothing is read or written.

    deadline: seconds after which the last of its VMs is ready or has failed; by default what the plan says of all.
    A site that hangs answers after its whole patience, and until then the start has its timeouts and what gets ready
    to see to. So it is read and written beside the start; what to write is decided in the start, on what it has in
    flight by then.
    """

    def __init__(
        self, session: Session, api: Api, limit: int | None, priority: int, deadline: float | None = None
    ) -> None:
        self._session = session
        self._api = api
        self._plan = session.plan.name
        self._budget = limit
        holder = f"{session.run.id}#{session.run.attempt}"
        said = stated(session.plan, limit or 0)
        expires = said.expires if deadline is None else SILENCE + int(deadline)
        self._claim = replace(said, priority=priority, holder=holder, expires=expires)
        self._limit = 0
        self._looked: float | None = None
        self._renewed: float | None = None
        self._silence = Silence()
        self._note = ""
        # under way
        self._look: _Look | None = None

    @property
    def note(self) -> str:
        """Why no more may be in flight, for the progress line; empty while the budget does not bind."""
        return f"the budget of {self._api.site}, which gives no answer" if self._look else self._note

    def update(self, in_flight: int, waiting: int, blind: bool = False) -> int:
        """How many this plan may have in flight now. waiting: how many more it would begin at once if it might.

        blind: the site gives no answer, so it is not asked. Until it can be, the last share holds; but not for longer
        than others take the plan's run for alive. The same while an answer is late; but what may be written already
        must be true of what there is: no more than that claims.
        """
        if self._budget is None:
            return sys.maxsize
        need = min(in_flight + waiting, self._claim.most)
        if self._looked is None and not need:
            return 0
        if self._look is None and (self._looked is None or self._now() - self._looked >= LOOK_EVERY):
            if blind:
                self._lose_sight()
            else:
                self._look = self._begin()
        while self._look is not None and self._look.answer.done():
            self._look = self._after(self._look, in_flight, need)
        if self._renewed is None or self._now() - self._renewed >= SILENCE:
            return 0
        return min(self._limit, self._written(self._look))

    def keep(self) -> None:
        """At the end of a round: the claim stays, and so does what this process saw of the others.

        Not while an answer is late, which the end of the process does not wait for either: a claim that it may still
        write is true of what there is, and the next round has to read it before it writes its own.
        """
        if self._look is not None or not self._silence.seen.keys() - {self._plan}:
            return
        try:
            self._session.put(TOPIC, {"attempt": self._session.run.attempt, "seen": self._silence.seen})
        except DrError as error:
            # the next round takes others for alive a little longer
            if not may_pass(error):
                raise

    @contextmanager
    def given_back_on_error(self, in_flight: Callable[[], int]) -> Iterator[None]:
        """A start that ends in an error keeps no more than what it has in flight, until that can't be any more."""
        try:
            yield
        except DrError as error:
            # who gives no answer is not waited for once more
            if not isinstance(error, Unreachable):
                with suppress(DrError):
                    self.release(in_flight())
            raise

    def release(self, in_flight: int = 0) -> None:
        """At the end of the start. What the plan says stays, for `check` of other plans.

        A site that gives no answer by now fails no start: the claim runs out by itself.
        """
        if self._budget is None:
            return
        try:
            if self._look is not None and self._look.decision is not None:
                # it would write its claim after this
                await_futures([self._look.answer])
            self._give_back(in_flight)
        except DrError as error:
            if not may_pass(error):
                raise

    def _give_back(self, in_flight: int) -> None:
        while True:
            found = self._api.find(CONFIG_MAP, NAME, SITE_NAMESPACE)
            mine = claims_of(found).get(self._plan)
            # an earlier attempt's too: the lock is ours
            if mine is None or not mine.active:
                return
            try:
                self._write(found, {self._plan: mine.with_only(in_flight)})
            except Conflict:
                continue
            return

    def _begin(self) -> _Look:
        self._looked = self._now()
        return self._ask(partial(self._read, remember=self._renewed is None), self._looked)

    def _after(self, look: _Look, in_flight: int, need: int) -> _Look | None:
        """What is still to do, once there is the answer. Raises what that is, unless it may pass."""
        try:
            answer = look.answer.result()
        except Conflict:
            # somebody else wrote
            return self._begin()
        except DrError as error:
            if not may_pass(error):
                raise
            # nobody knows whether it was written
            self._limit = min(self._limit, self._written(look))
            self._lose_sight()
            return None
        if look.decision is None:
            return self._decide(answer, in_flight, need)
        self._renewed = look.at
        self._take(look.decision, look.note)
        return None

    def _written(self, look: _Look | None) -> int:
        """What the claim may be by now, if it is being written."""
        return look.decision.claim.grant if look is not None and look.decision is not None else sys.maxsize

    def _ask(self, call: Callable[[], Any], at: float, decision: Decision | None = None, note: str = "") -> _Look:
        answer = beside(call, "budget")
        await_futures([answer], STANDS_STILL)
        return _Look(answer, at, decision, note)

    def _read(self, remember: bool) -> _Seen:
        kept = self._session.load(TOPIC) if remember else None
        asked = self._now()
        return _Seen(self._api.find(CONFIG_MAP, NAME, SITE_NAMESPACE), asked, self._now(), kept)

    def _lose_sight(self) -> None:
        # nor can others renew their claims
        self._silence.lost_sight()
        self._looked, self._note = self._now(), f"the budget of {self._api.site}, which cannot be asked"

    def _decide(self, seen: _Seen, in_flight: int, need: int) -> _Look | None:
        """What to write; none where what stands there is right."""
        self._remember(seen.kept)
        known = claims_of(seen.found)
        self._silence.observe(known, seen.asked, seen.answered)
        dropped = [plan for plan in self._silence.expired(known) if plan != self._plan]
        active = {plan: claim for plan, claim in known.items() if claim.active and plan not in dropped}
        before = known.get(self._plan)
        wanted = replace(self._claim, in_flight=in_flight, need=need)
        decision = decide_claim(self._plan, wanted, active)
        note, now = self._explained(active, wanted, decision.limit), self._now()
        due = self._renewed is None or now - self._renewed >= RENEW_EVERY
        if before is not None and not due and not self._differs(before, decision.claim, len(active) > 1):
            self._take(decision, note)
            return None
        claim = replace(decision.claim, renewed=before.renewed + 1 if before else 1)
        changes = {plan: known[plan].idle() for plan in dropped} | {self._plan: claim}
        return self._ask(partial(self._write, seen.found, changes), now, decision, note)

    def _take(self, decision: Decision, note: str) -> None:
        self._limit, self._note = decision.limit, note

    def _differs(self, before: Claim, claim: Claim, shared: bool) -> bool:
        """Whether the others have to know. in_flight goes along with the next write."""
        if (before.holder, before.grant) != (claim.holder, claim.grant):
            return True
        return shared and before.need != claim.need

    def _write(self, found: Object | None, claims: dict[str, Claim]) -> None:
        self._session.verify_lock()
        write_claims(self._api, found, claims)

    def _explained(self, active: dict[str, Claim], wanted: Claim, limit: int) -> str:
        if wanted.need <= limit:
            return ""
        total = site_budget([wanted, *active.values()])
        others = [f"{plan} {claim.grant}" for plan, claim in sorted(active.items()) if plan != self._plan]
        shared = f", shared with {', '.join(others[:3])}" if others else ""
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        return f"the budget of {self._api.site} ({limit} of {total}{shared}{more})"

    def _now(self) -> float:
        return self._session.clock.monotonic()

    def _remember(self, kept: Any) -> None:
        if kept and kept["attempt"] == self._session.run.attempt:
            self._silence.seen = {plan: (holder, number, age) for plan, (holder, number, age) in kept["seen"].items()}


def stated(plan: Plan, budget: int) -> Claim:
    """What the plan says, without a part of the budget."""
    startup = plan.startup
    return Claim(
        startup.priority, budget, startup.max_starting, SILENCE + int(startup.readiness.timeout.total_seconds())
    )


def write_claims(api: Api, found: Object | None, claims: Mapping[str, Claim]) -> None:
    """Beside those of others. Conflict, when the object is not any more as it was found."""
    data = {plan: json.dumps(claim.as_dict(), sort_keys=True) for plan, claim in claims.items()}
    if found is None:
        RunStore(api, SITE_NAMESPACE).prepare()
        api.create(CONFIG_MAP, {"metadata": {"name": NAME, "namespace": SITE_NAMESPACE}, "data": data})
        return
    version = {"resourceVersion": found["metadata"]["resourceVersion"]}
    api.patch(CONFIG_MAP, NAME, SITE_NAMESPACE, {"metadata": version, "data": data})


def claims_of(found: Object | None) -> dict[str, Claim]:
    """By plan; what somebody else wrote there is passed over."""
    claims = {}
    for plan, text in ((found or {}).get("data") or {}).items():
        try:
            claims[plan] = Claim.from_dict(json.loads(text))
        except (ValueError, AttributeError):
            continue
    return claims
