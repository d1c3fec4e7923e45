# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks over several keys of a plan. What is INVALID was reported where it was read; the checks look past it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .plan_problem import Path, quoted, suggest
from .plan_schema import Reading

# the wave that takes what no other selects, where a plan does not list one
REST = "rest"

_REACHED_BY = ("kubeconfig", "kubeconfig_env", "context", "host")


def check_site(site: dict[str, Any], at: Path, reading: Reading) -> None:
    """A site says how it is reached, once, with whole pairs of credentials."""
    if not any(key in site for key in _REACHED_BY):
        reading.problem(at, f"does not say how the site is reached: give one of {', '.join(_REACHED_BY)}")
    for key in ("kubeconfig", "api_key", "password"):
        forms = [form for form in (key, f"{key}_env", f"{key}_file") if form in site]
        if len(forms) > 1:
            reading.problem((*at, forms[1]), f"means the same as {forms[0]}, which is given as well")
    has_password = "password_env" in site or "password_file" in site
    if has_password != ("username" in site):
        missing = "username" if has_password else "password_env"
        reading.problem((*at, missing), "is required: a user name and a password belong together")
    if has_password and "host" not in site:
        reading.problem((*at, "host"), "is required to log in with a user name and a password")
    for key, other in (("client_cert", "client_key"), ("client_key", "client_cert")):
        if key in site and other not in site:
            reading.problem((*at, other), f"is required beside {key}")


def check_sites(sites: dict[str, Any], at: Path, reading: Reading) -> None:
    if len(reading.sites) != 2:
        named = f": {', '.join(reading.sites)}" if reading.sites else ""
        reading.problem(at, f"a plan has exactly two sites, got {len(reading.sites)}{named}")
    reached = [
        {key: value for key, value in site.items() if key != "max_starting"}
        for site in sites.values()
        if isinstance(site, dict)
    ]
    if len(reached) == 2 and reached[0] == reached[1] and reached[0]:
        reading.problem(at, "both sites are reached in the same way: they would be one cluster")


def check_namespaces(plan: dict[str, Any], at: Path, reading: Reading) -> None:
    """What the tools themselves live in is never moved with a plan."""
    protected = _items(_mapping(plan.get("protect")).get("namespaces"))
    for section, what in (("run_store", "the run store"), ("metadata", "Velero")):
        namespace = _mapping(plan.get(section)).get("namespace")
        if isinstance(namespace, str) and namespace in protected:
            where = (*at, "protect", "namespaces", protected.index(namespace))
            reading.problem(where, f"{quoted(namespace)} is where {what} lives ({section}.namespace)")


def check_waves(waves: list[Any], at: Path, reading: Reading) -> None:
    """Only the last wave takes the rest; `after` names other waves and never goes round in a circle."""
    known = [_mapping(wave).get("name") for wave in waves]
    names = [name for name in known if isinstance(name, str)]
    for index, wave in enumerate(waves[:-1]):
        if isinstance(wave, dict) and "selector" not in wave:
            reading.problem((*at, index, "selector"), "is required: only the last wave may take all the rest")
    rest = known[-1] if waves and "selector" not in _mapping(waves[-1]) else None
    for index, wave in enumerate(waves):
        for position, name in enumerate(_items(_mapping(wave).get("after"))):
            where = (*at, index, "after", position)
            if isinstance(name, str) and name not in names:
                reading.problem(where, f"unknown wave {quoted(name)}{suggest(name, names)}", names)
            elif isinstance(name, str) and name == rest and index != len(waves) - 1:
                reading.problem(where, f"the wave {name} takes all the rest and runs last: no wave can follow it")
    if rest is None and REST in names:
        message = f"{quoted(REST)} is the wave that takes what no other selects: leave its selector out or rename it"
        reading.problem((*at, known.index(REST), "name"), message)
    cycle = find_cycle({name: _after(wave) for name, wave in zip(known, waves, strict=True) if isinstance(name, str)})
    if cycle:
        reading.problem(at, f"the waves wait for each other in a cycle: {' -> '.join(cycle)}")


def check_machine_set(machine_set: dict[str, Any], at: Path, reading: Reading) -> None:
    normal, disaster = machine_set.get("normal"), machine_set.get("disaster")
    if isinstance(normal, int) and isinstance(disaster, int) and disaster < normal:
        reading.problem((*at, "disaster"), f"got {disaster}, which is below normal ({normal})")


def find_cycle(after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One cycle of the graph, its first name repeated at the end; empty without a cycle."""
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        pending: list[Iterator[str]] = [iter((start,))]
        while pending:
            name = next(pending[-1], None)
            if name is None:
                pending.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                return [*path[path.index(name) :], name]
            elif name in after and name not in done:
                path.append(name)
                pending.append(iter(after[name]))
    return []


def _after(wave: Any) -> tuple[str, ...]:
    return tuple(name for name in _items(_mapping(wave).get("after")) if isinstance(name, str))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
