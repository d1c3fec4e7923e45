# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of classes and handles IBM's driver would answer with FailedPrecondition, and csi-addons with force."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ibm.configuration import (
    SECRET,
    against_classes,
    against_handle,
    settings_of,
)

SECRETS = {f"{SECRET}name": "flash", f"{SECRET}namespace": "ibm"}
EAST, WEST = "SVC:12;600507640082000B08000000000004FF", "SVC:7;6005076810810123B8000000000001A2"


def settings(secrets: bool = True, **parameters: str) -> Any:
    return settings_of({"spec": {"parameters": {**(SECRETS if secrets else {}), **parameters}}})


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"system_id": "b"}, ""),
        ({"system_id": "b", "copy_type": "async"}, ""),
        ({"replication_policy": "p"}, ""),
        ({}, "neither system_id nor replication_policy"),
        ({"replication_policy": ""}, "an empty replication_policy"),
        ({"replication_policy": "p", "system_id": "b"}, "system_id beside replication_policy"),
        ({"system_id": "b", "copy_type": "metro"}, "copy_type metro"),
        ({"system_id": "b", "secrets": False}, f"no {SECRET}name"),
    ],
)
def test_a_class_that_the_driver_would_refuse_is_known_before(parameters: Any, wrong: str) -> None:
    found = settings(**parameters).wrong
    assert found.startswith(wrong) if wrong else found == ""


def test_a_class_without_parameters_is_wrong() -> None:
    assert settings_of({"spec": {"provisioner": "block.csi.ibm.com"}}).wrong


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ({"system_id": "b"}, {"system_id": "a"}, ""),
        ({"replication_policy": "p"}, {"replication_policy": "q"}, ""),
        ({"system_id": "b"}, {"replication_policy": "p"}, "a mirror at east, and a policy at west"),
        ({"system_id": "b"}, {"system_id": "a", "copy_type": "async"}, "copy_type sync at east, and async at west"),
        ({"system_id": "b"}, {"system_id": "b"}, "system_id b at both sites"),
        ({"system_id": "b"}, {}, "the class at west has neither"),
    ],
)
def test_classes_of_both_sites_have_to_mean_one_relationship(here: Any, there: Any, said: str) -> None:
    found = against_classes(settings(**here), settings(**there), "east", "west")
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(
    ("mode", "handle", "copy", "said"),
    [
        ("mirror", WEST, WEST, ""),
        # of a silent site nothing is known
        ("mirror", WEST, "", ""),
        ("mirror", "", WEST, "it has no spec.replicationHandle"),
        ("mirror", EAST, WEST, f"spec.replicationHandle is {EAST}, and the copy at the other site is {WEST}"),
        ("policy", "", WEST, ""),
        ("policy", WEST, WEST, "which the driver refuses beside replication_policy"),
    ],
)
def test_an_object_has_to_name_its_copy(mode: Any, handle: str, copy: str, said: str) -> None:
    found = against_handle(mode, {"spec": {"replicationHandle": handle}}, copy)
    assert said in found if said else found == ""


def test_an_object_that_is_to_be_made_needs_the_name_of_the_copy() -> None:
    assert against_handle("mirror", None, WEST) == ""
    assert against_handle("mirror", None, "") != ""
