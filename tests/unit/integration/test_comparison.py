# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of two sites finds what differs, and takes for intended only what a row says."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.comparison import (
    ABSENT,
    Difference,
    Intended,
    differences,
    unintended,
)

KEY = "Service/payroll/web"
SERVICE = {
    "metadata": {"name": "web", "uid": "1", "labels": {"app": "web"}},
    "spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "https", "port": 443}]},
}
UID = Intended("*", ("metadata", "uid"), "every API server gives its own")


def changed(*path, value):
    item = copy.deepcopy(SERVICE)
    inner = item
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return item


def test_equal_sites_differ_nowhere():
    assert differences({KEY: SERVICE}, {KEY: copy.deepcopy(SERVICE)}) == []


@pytest.mark.parametrize(
    ("path", "value", "seen"),
    [
        (("metadata", "labels", "app"), "api", (("metadata", "labels", "app"), "web", "api")),
        (("metadata", "labels", "tier"), "db", (("metadata", "labels", "tier"), ABSENT, "db")),
        (("metadata", "annotations"), {"note": "x"}, (("metadata", "annotations", "note"), ABSENT, "x")),
        (("metadata", "annotations"), {}, (("metadata", "annotations"), ABSENT, {})),
        (("metadata", "labels"), None, (("metadata", "labels"), {"app": "web"}, None)),
        (("spec", "ports", 0, "port"), 80, (("spec", "ports", "0", "port"), 443, 80)),
        (("spec", "ports", 0, "port"), "443", (("spec", "ports", "0", "port"), 443, "443")),
        (("spec", "ports"), [], (("spec", "ports"), [{"name": "https", "port": 443}], [])),
    ],
)
def test_a_change_is_found_where_it_is(path, value, seen):
    assert differences({KEY: SERVICE}, {KEY: changed(*path, value=value)}) == [Difference(KEY, *seen)]


def test_true_is_not_one():
    east, west = changed("spec", "on", value=True), changed("spec", "on", value=1)
    assert differences({KEY: east}, {KEY: west}) == [Difference(KEY, ("spec", "on"), True, 1)]


@pytest.mark.parametrize(("east", "west"), [({KEY: SERVICE}, {}), ({}, {KEY: SERVICE})])
def test_an_object_that_one_site_lacks_is_found(east, west):
    assert [(item.key, item.path) for item in differences(east, west)] == [(KEY, ())]


def test_a_row_covers_what_is_below_its_path():
    found = differences({KEY: SERVICE}, {KEY: changed("spec", "ports", 0, "port", value=80)})
    assert unintended(found, [Intended("Service/*", ("spec", "ports"), "as the test wants it")]) == []


@pytest.mark.parametrize(
    "row",
    [
        Intended("Secret/*", ("metadata", "labels"), "of another kind"),
        Intended("Service/*", ("metadata", "annotations"), "beside it"),
        Intended("Service/*", ("metadata", "labels", "app", "more"), "below it"),
        Intended("Service/*", (), "the object's presence"),
        Intended("Service/*", ("metadata", "labels"), "with other values", lambda _east, west: west == "db"),
    ],
    ids=lambda row: row.why,
)
def test_a_row_for_something_else_covers_nothing(row):
    found = differences({KEY: SERVICE}, {KEY: changed("metadata", "labels", "app", value="api")})
    problems = unintended(found, [row])
    assert problems[0] == f"{KEY} metadata.labels.app: 'web' at east, 'api' at west"
    assert problems[1].startswith("nothing differs at")


def test_a_row_inside_an_object_does_not_excuse_its_absence():
    assert len(unintended(differences({KEY: SERVICE}, {}), [UID])) == 2


def test_a_row_for_an_objects_presence_covers_its_absence():
    assert unintended(differences({KEY: SERVICE}, {}), [Intended("Service/*/web", (), "it stays at home")]) == []


def test_a_row_that_nothing_needs_is_a_problem():
    assert unintended([], [UID]) == ["nothing differs at * metadata.uid: every API server gives its own"]
