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
from ..._cluster.clock import Deadline
from ..._errors import DrError, Unreachable
from ..._model.plan import Plan, Site
from .plan_source import resolve_auth

# a site that may be dead must not hold anything up
PROBE_TIMEOUT = 8.0
# a site that was declared lost and did not answer when the run began is asked again only briefly
LOST_TIMEOUT = 2.0


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


def open_site(plan: Plan, name: str) -> Api:
    """A connection to a site of the plan."""
    site = plan.site(name)
    return connect(name, resolve_auth(site, os.environ))


def open_other(name: str, auth: Mapping[str, Any]) -> Api:
    """A connection to a cluster that is no site of the plan, by the same authentication options."""
    return connect(name, resolve_auth(Site(name, auth), os.environ))


def reach(plan: Plan, name: str, timeout: float = PROBE_TIMEOUT) -> Reach:
    """Ask a site's API server who it is."""
    try:
        api = open_site(plan, name)
        deadline = Deadline(api.clock, timeout)
        version = api.raw("/version", timeout=timeout)
        # /version is public; this one shows that the credentials work
        api.raw("/api/v1/namespaces?limit=1", timeout=max(1.0, deadline.left))
    except Unreachable as error:
        return Reach(name, "unreachable", str(error))
    except DrError as error:
        return Reach(name, "failed", str(error))
    return Reach(name, "reachable", version=version["gitVersion"], api=api)
