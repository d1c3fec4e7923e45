# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that VolSync replicates, as they hold at one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

COPY_METHODS = ("Snapshot", "Clone", "Direct")
SERVICE_TYPES = ("LoadBalancer", "ClusterIP")
# texts, with their defaults
TEXTS = {"schedule": "*/5 * * * *", "snapshot_class": "", "mover_service_account": ""}
KNOWN = {*TEXTS, "secret", "copy_method", "service_type", "service_annotations", "timeout"}
DEFAULT_TIMEOUT = 600.0


@dataclass(frozen=True)
class VolsyncOptions:
    """key_secret: name of a Secret in the claims' namespace, which we never read. timeout: seconds of a wait."""

    key_secret: str
    schedule: str
    snapshot_class: str
    mover_service_account: str
    copy_method: str = "Snapshot"
    service_type: str = "LoadBalancer"
    service_annotations: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0


def options_of(group: Group, site: str) -> VolsyncOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    texts = {name: found.get(name, default) for name, default in TEXTS.items()}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise wrong(group, site, f"{name} is no text", f"{name}: a text")
    if not texts["schedule"]:
        raise wrong(group, site, "schedule is empty", "a cron schedule, as */5 * * * *")
    annotations = found.get("service_annotations", {})
    if not isinstance(annotations, Mapping) or not all(isinstance(value, str) for value in annotations.values()):
        raise wrong(group, site, "service_annotations is no mapping of texts", "service_annotations: {NAME: text}")
    return VolsyncOptions(
        key_secret=_secret(group, site, found.get("secret")),
        **texts,
        copy_method=_choice(group, site, "copy_method", COPY_METHODS),
        service_type=_choice(group, site, "service_type", SERVICE_TYPES),
        service_annotations=annotations,
        timeout=seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT),
    )


def _secret(group: Group, site: str, given: Any) -> str:
    name = given.get("name") if isinstance(given, Mapping) and set(given) == {"name"} else None
    if not isinstance(name, str) or not name:
        wanted = (
            "secret: {name: NAME} of a Secret with psk.txt, the same at both sites, in each namespace of the claims"
        )
        raise wrong(group, site, "no reference to the movers' key", wanted)
    return name


def _choice(group: Group, site: str, name: str, allowed: tuple[str, ...]) -> str:
    given = group.options_at(site).get(name, allowed[0])
    if given not in allowed:
        raise wrong(group, site, f"{name}: {given}", f"one of: {', '.join(allowed)}")
    return str(given)
