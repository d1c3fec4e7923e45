# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a plan's sites, and what a site answers: unreachable, failed and absent are different answers (P4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api
from ..._cluster.client import connect
from ..._cluster.clock import Clock, Deadline
from ..._cluster.oauth import LOGIN_TIMEOUT
from ..._cluster.patience import patiently
from ..._errors import DrError, Unreachable
from ..._model.plan import Plan, Site
from .plan_source import resolve_auth

# a site that may be dead must not hold anything up
PROBE_TIMEOUT = 8.0
# one that is declared lost has so long in all to prove the opposite: with a login, its API server and its storage
DECLARED_TIMEOUT = 6.0
# and if it did not answer when the run began, it is asked again only briefly
LOST_TIMEOUT = 1.5
# of several front ends one may be dead, and refuse what the next one takes
REFUSAL_TIMEOUT = 1.0


@dataclass(frozen=True)
class Reach:
    """state: reachable, unreachable (nobody answered) or failed (it answered with an error).

    api: None unless reachable. refuses: who failed is up and shows us nothing, as to a token that has expired; what is
    left there may be running (P1).
    """

    site: str
    state: str
    message: str = ""
    version: str = ""
    api: Api | None = None
    refuses: bool = False


def open_site(plan: Plan, name: str, timeout: float = LOGIN_TIMEOUT) -> Api:
    """A connection to a site of the plan. timeout: seconds of a login by user name and password."""
    site = plan.site(name)
    return connect(name, resolve_auth(site, os.environ), timeout)


def open_other(name: str, auth: Mapping[str, Any]) -> Api:
    """A connection to a cluster that is no site of the plan, by the same authentication options."""
    return connect(name, resolve_auth(Site(name, auth), os.environ))


def reach(plan: Plan, name: str, timeout: float = PROBE_TIMEOUT, once: bool = False) -> Reach:
    """Ask a site's API server who it is.

    once: of a site that is given up, which has all in all no more than the timeout, and which is not waited for when it
    refuses, as if it were being restarted.
    """
    try:
        deadline = Deadline(Clock(), timeout)
        api = open_site(plan, name, timeout if once else LOGIN_TIMEOUT)
        _hear(api, deadline if once else Deadline(api.clock, timeout), once)
        # who has answered lives, and may take its time
        version = api.raw("/version", timeout=timeout)
    except Unreachable as error:
        return Reach(name, "unreachable", str(error))
    except DrError as error:
        return Reach(name, "failed", str(error), refuses=error.status is not None and not tells_nothing(error))
    return Reach(name, "reachable", version=version["gitVersion"], api=api)


def tells_nothing(error: DrError) -> bool:
    """Of what is left at the site; so it is never proof that nothing is.

    Whether anybody answers there at all is another question: `Reach` takes a broken server for one that does (P4), so
    that it is asked again by every step.
    """
    return isinstance(error, Unreachable) or (error.status or 0) >= 500


def _hear(api: Api, deadline: Deadline, once: bool) -> None:
    """/version is public, and says nothing of what is behind the server; this one shows that the credentials work."""

    def ask(_left: float) -> None:
        api.raw("/api/v1/namespaces?limit=1", timeout=deadline.left, once=once)

    patiently(api.clock, REFUSAL_TIMEOUT if once else 0.0, ask, lambda error: isinstance(error, Unreachable))
