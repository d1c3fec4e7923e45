# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a group that NFS servers replicate: a wrong one is refused by name, with what is allowed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.options import interval_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

API = {"server": "192.0.2.10", "path": "/exports/payroll", "control": "http://192.0.2.10:8049", "peer": "192.0.2.11:1"}
SSH = {"server": "192.0.2.10", "path": "/exports/payroll", "ssh": "root@east", "peer": "root@192.0.2.10"}
PV = {"metadata": {"name": "pv"}, "spec": {"nfs": {"server": "192.0.2.10", "path": "/exports/payroll/db"}}}


def group_of(east: dict[str, Any], **common: Any) -> Group:
    return Group("payroll", LabelSelector(), options={**common, "sites": {"east": east, "west": east}})


def without(option: str) -> Group:
    return group_of({key: value for key, value in API.items() if key != option})


@pytest.fixture
def nfs() -> NfsProvider:
    return NfsProvider({name: SiteHandle(name, plan_of(), MemoryApi) for name in ("east", "west")})


@pytest.mark.parametrize("option", ["server", "path"])
def test_p10_an_export_without_its_place_is_refused_by_name(nfs: NfsProvider, option: str) -> None:
    with pytest.raises(Refused, match=f"no {option}") as refused:
        nfs.covers(without(option), "east", PV)
    assert refused.value.site == "east"


def test_p10_a_site_without_its_peer_is_refused_before_anything_is_made(nfs: NfsProvider) -> None:
    with pytest.raises(Refused, match="no peer"):
        nfs.enable(without("peer"), "east", "west")


@pytest.mark.parametrize("site", [API, SSH], ids=["api", "ssh"])
def test_p10_an_unknown_option_is_refused_with_those_that_there_are(site: dict[str, Any]) -> None:
    for group in (group_of({**site, "exprot": "x"}), group_of(site, exprot="x")):
        with pytest.raises(Refused, match="unknown: exprot") as refused:
            control_for("east", group)
        assert {"export", "interval"} <= set(re.findall(r"\w+", refused.value.wanted or ""))


def test_p10_an_option_of_ssh_does_nothing_for_an_api_and_is_refused() -> None:
    with pytest.raises(Refused, match="unknown: clients"):
        control_for("east", group_of({**API, "clients": "*"}))


@pytest.mark.parametrize("control", [5, "192.0.2.10:8049", "", None])
def test_p10_an_address_of_an_api_that_is_none_is_refused(control: Any) -> None:
    with pytest.raises(Refused, match="control"):
        control_for("east", group_of({**API, "control": control}))


@pytest.mark.parametrize(("interval", "seconds"), [(5, 5), ("90s", 90), ("5m", 300)])
def test_an_interval_is_seconds_or_a_duration(interval: Any, seconds: int) -> None:
    assert interval_of(group_of(API, interval=interval), "east") == seconds


@pytest.mark.parametrize("interval", ["often", "5", 0, True, None, [5]])
def test_p10_an_interval_that_is_none_is_refused(nfs: NfsProvider, interval: Any) -> None:
    with pytest.raises(Refused, match="interval"):
        nfs.enable(group_of(API, interval=interval), "east", "west")


def test_p10_a_wrong_option_is_a_status_of_each_of_a_servers_groups(nfs: NfsProvider) -> None:
    groups = [group_of({**API, "control": 5}), group_of({**API, "control": 5})]
    seen = nfs.observe_all(groups, "east")
    assert [(status.health, "control: 5" in status.message) for status in seen] == [("error", True)] * 2


def test_p10_an_interval_of_one_site_is_refused_as_both_have_the_same() -> None:
    with pytest.raises(Refused, match="interval"):
        control_for("east", group_of({**API, "interval": 5}))
