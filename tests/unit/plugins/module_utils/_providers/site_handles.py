# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites of a plan as a provider gets them, over API servers in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle


class Reachable(Protocol):
    site: str
    reachable: bool


AnApi = TypeVar("AnApi", bound=Reachable)


def check_reachable(api: Reachable) -> None:
    if not api.reachable:
        raise Unreachable("connect", site=api.site, seen="timed out")


def site_handles(
    plan: Plan, apis: Mapping[str, AnApi], check: Callable[[AnApi], None] = check_reachable, **more: Any
) -> dict[str, SiteHandle]:
    """check: raises what a site says that cannot be opened now."""

    def opened(api: AnApi) -> AnApi:
        check(api)
        return api

    return {site: SiteHandle(site, plan, partial(opened, api), **more) for site, api in apis.items()}  # type: ignore[arg-type]
