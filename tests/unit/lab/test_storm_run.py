# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a storm came to, and the plan that starts its fleet."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import power_record
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.start_history import History, Point
from ocpvirt_lab.storm_fleet import Fleet
from ocpvirt_lab.storm_plan import plan_document
from ocpvirt_lab.storm_run import told


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    file = tmp_path / "kubeconfig"
    cluster = {"server": "http://127.0.0.1:1"}
    file.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": {"token": "t"}}]}))
    return Fleet(SiteClient(file), "storm", count=3, critical=2)


def facts(site: str) -> dict[str, Any]:
    names = ("kubeconfig", "storage_url", "replication_peer", "nfs_server", "export_prefix")
    return {name: f"/{site}/{name}" for name in names} | {"storage_url": f"http://{site}:1"}


def test_times_count_from_the_first_request(fleet: Fleet) -> None:
    started = {f"storm/{name}": 10.0 for name in fleet.names}
    ready_at = dict(zip(started, (13.0, 15.0, 19.0), strict=True))
    history = History([Point(10.0, 1, 0, 1), Point(19.0, 0, 3, 3)], started, ready_at)
    storm = told("x", fleet, history, commanded=9.0, latency=[(9.5, 0.1), (11.0, 0.2)])
    assert (storm.lead, storm.first, storm.critical, storm.total) == (1.0, 3.0, 5.0, 9.0)
    assert (storm.curve, storm.latency) == ([(0.0, 1, 0), (9.0, 0, 3)], [(1.0, 0.2)])


def test_the_fleets_plan_is_a_valid_plan_whose_first_wave_is_critical(fleet: Fleet) -> None:
    plan = parse_plan(plan_document(fleet, {site: facts(site) for site in ("east", "west")}, cap=60))
    first = plan.startup.waves[0]
    assert first.selector is not None
    chosen = [vm["metadata"]["name"] for vm in fleet.manifests() if first.selector.matches(vm["metadata"]["labels"])]
    assert chosen == fleet.names[:2]


@pytest.mark.parametrize(("count", "critical"), [(1000, 50), (7, 3), (3, 3), (5, 1), (4, 0)])
def test_critical_vms_are_spread_over_the_fleet(fleet: Fleet, count: int, critical: int) -> None:
    """Started in the order of names, none of them is early by its name."""
    larger = replace(fleet, count=count, critical=critical)
    places = [larger.names.index(name) for name in larger.critical_names]
    assert len(set(places)) == critical
    assert all(count // critical <= later - place <= -(-count // critical) for place, later in pairwise(places))


def test_the_fleet_is_off_and_records_that_it_ran(fleet: Fleet) -> None:
    assert [vm["spec"]["runStrategy"] for vm in fleet.manifests()] == ["Halted"] * 3
    assert {power_record(vm).running for vm in fleet.manifests()} == {True}
