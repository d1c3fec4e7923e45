# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a document to the plan, or to the rules alone, that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .duration import parse_duration
from .plan import Group, Metadata, Plan, Retries, Site, Snapshots, Startup, VolumeRule, Wave
from .plan_checks import REST
from .plan_fields import DOCUMENT, RULES
from .plan_problem import PlanInvalid
from .plan_schema import Reading
from .plan_throttle_fields import PARTS
from .readiness import readiness_of
from .selector import LabelSelector
from .step_hook import StepHook


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """The plan that the document describes. PlanInvalid names every problem of it."""
    sites = document.get("sites") if isinstance(document, Mapping) else None
    reading = Reading(name for name in sites if isinstance(name, str)) if isinstance(sites, Mapping) else Reading()
    found = DOCUMENT.read(document, (), reading)
    if reading.problems:
        name = document.get("name") if isinstance(document, Mapping) else None
        raise PlanInvalid(reading.problems, on=name if isinstance(name, str) and name.isprintable() else None)
    found["startup"]["waves"] = _in_order(found["startup"].get("waves", []))
    found["replication"].setdefault("groups", [{"name": found["name"], "selector": {}}])
    return _plan(found)


def parse_rules(document: Any) -> tuple[VolumeRule, ...]:
    """The rules that stand in a plan as `volumes.rules`, without the plan: the sites are those that they set."""
    at = ("volumes", "rules")
    sets = [rule.get("set") for rule in document if isinstance(rule, Mapping)] if isinstance(document, list) else []
    sites = list(dict.fromkeys(site for per_site in sets if isinstance(per_site, Mapping) for site in per_site))
    reading = Reading(name for name in sites if isinstance(name, str))
    found = RULES.read(document, at, reading)
    if not reading.problems and len(sites) != 2:
        reading.problem(at, f"sets {len(sites)} sites: {', '.join(sites) or 'none'}; wanted the same two in every rule")
    if reading.problems:
        raise PlanInvalid(reading.problems)
    return _rules(found)


def _rules(found: list[dict[str, Any]]) -> tuple[VolumeRule, ...]:
    return tuple(VolumeRule(index, rule["match"], rule["set"]) for index, rule in enumerate(found))


def _plan(found: dict[str, Any]) -> Plan:
    replication, metadata, startup = found["replication"], found["metadata"], found["startup"]
    return Plan(
        name=found["name"],
        home=found["home"],
        sites={name: _site(name, site) for name, site in found["sites"].items()},
        namespaces=tuple(found["protect"]["namespaces"]),
        selector=LabelSelector.of_document(found["protect"]["selector"]),
        provider=replication.get("provider"),
        max_lag=_duration(replication.get("max_lag")),
        groups=tuple(_group(group, replication) for group in replication["groups"]),
        rules=_rules(found["volumes"]["rules"]),
        attachments=tuple(found.get("network", {}).get("attachments", ())),
        metadata=Metadata(
            source=metadata["source"],
            schedule=metadata.get("schedule"),
            keep=_duration(metadata.get("keep")),
            max_age=_duration(metadata.get("max_age")),
            prestage=metadata["prestage"],
            namespace=metadata["namespace"],
            storage_location=metadata.get("storage_location"),
            oadp=metadata.get("oadp"),
            export=metadata.get("export"),
            gitops=metadata.get("gitops"),
        ),
        snapshots=_snapshots(found.get("snapshots")),
        startup=Startup(
            waves=tuple(_wave(wave) for wave in startup["waves"]),
            max_starting=startup["max_starting"],
            readiness=readiness_of(startup["readiness"]),
            on_failure=startup["on_failure"],
            priority=startup["priority"],
            caps={PARTS[key]: limit for key, limit in startup["caps"].items()},
            retries=Retries(startup["retries"]["attempts"], parse_duration(startup["retries"]["backoff"])),
        ),
        hooks=tuple(_hook(moment, hook) for moment, hooks in found["hooks"].items() for hook in hooks),
        store_namespace=found["run_store"]["namespace"],
        document=found,
    )


def _site(name: str, found: Mapping[str, Any]) -> Site:
    auth = {key: value for key, value in found.items() if key != "max_starting"}
    return Site(name, auth, found.get("max_starting"))


def _hook(moment: str, found: Mapping[str, Any]) -> StepHook:
    timeout = parse_duration(found["timeout"])
    return StepHook(moment, found["tasks"], timeout, found["on_failure"], found["always"])


def _snapshots(found: Mapping[str, Any] | None) -> Snapshots | None:
    return None if found is None else Snapshots(found["keep"], found["storage_classes"])


def _group(found: Mapping[str, Any], replication: Mapping[str, Any]) -> Group:
    provider = found.get("provider", replication.get("provider"))
    inherits = provider == replication.get("provider")
    return Group(
        name=found["name"],
        selector=LabelSelector.of_document(found["selector"]),
        provider=provider,
        options=_joined(replication.get("options", {}) if inherits else {}, found.get("options", {})),
        max_lag=_duration(found.get("max_lag", replication.get("max_lag"))),
    )


def _joined(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The group's options over the plan's, site by site."""
    joined = {**common, **own}
    if "sites" in joined:
        of_plan, of_group = common.get("sites", {}), own.get("sites", {})
        joined["sites"] = {
            site: {**of_plan.get(site, {}), **of_group.get(site, {})} for site in {**of_plan, **of_group}
        }
    return joined


def _wave(found: Mapping[str, Any]) -> Wave:
    selector = LabelSelector.of_document(found["selector"]) if "selector" in found else None
    return Wave(
        name=found["name"],
        selector=selector,
        after=tuple(found.get("after", ())),
        delay=_duration(found.get("delay")) or timedelta(0),
        gate=found.get("gate", False),
        on_failure=found.get("on_failure"),
        readiness=found.get("readiness", {}),
    )


def _in_order(waves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As listed, except that a wave comes after those it names; at the end one that takes the rest."""
    left = list(waves)
    ordered: list[dict[str, Any]] = []
    while left:
        begun = {wave["name"] for wave in ordered}
        ordered.append(left.pop(next(i for i, wave in enumerate(left) if begun.issuperset(wave.get("after", ())))))
    if not ordered or "selector" in ordered[-1]:
        ordered.append({"name": REST})
    return ordered


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else parse_duration(text)
