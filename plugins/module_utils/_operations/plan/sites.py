# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a plan's sites, and what a site answers: unreachable, failed and absent are different answers (P4)."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..._cluster.api import Api
from ..._cluster.client import connect
from ..._cluster.clock import Clock, Deadline
from ..._cluster.oauth import LOGIN_TIMEOUT
from ..._errors import DrError, Unreachable
from ..._model.plan import Plan
from .plan_source import resolve_auth

# a site that may be dead must not hold anything up
PROBE_TIMEOUT = 8.0
# of one that is declared lost nobody expects more than a look
DECLARED_TIMEOUT = 4.0
# and if it did not answer when the run began, only briefly
LOST_TIMEOUT = 1.5


@dataclass(frozen=True)
class Reach:
    """state: reachable, unreachable (nobody answered) or failed (it answered with an error).

    api: None unless reachable.
    """

    site: str
    state: str
    message: str = ""
    version: str = ""
    api: Api | None = None


def open_site(plan: Plan, name: str, timeout: float = LOGIN_TIMEOUT) -> Api:
    """A connection to a site of the plan. timeout: seconds of a login by user name and password."""
    site = plan.site(name)
    return connect(name, resolve_auth(site, os.environ), timeout)


def reach(plan: Plan, name: str, timeout: float = PROBE_TIMEOUT, once: bool = False) -> Reach:
    """Ask a site's API server who it is. once: one that refuses is not waited for, as if it were being restarted."""
    try:
        deadline = Deadline(Clock(), timeout)
        api = open_site(plan, name, timeout)
        version = api.raw("/version", timeout=deadline.left, once=once)
        # /version is public; this one shows that the credentials work
        api.raw("/api/v1/namespaces?limit=1", timeout=max(1.0, deadline.left))
    except Unreachable as error:
        return Reach(name, "unreachable", str(error))
    except DrError as error:
        return Reach(name, "failed", str(error))
    return Reach(name, "reachable", version=version["gitVersion"], api=api)
