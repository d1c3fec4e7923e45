# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real API server answers where the installed definition is of another version than what is written."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import urllib3
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.objects import volume_replication
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.shared_reads import SharedReads
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.sure_writes import create_surely, patch_surely
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer

NAME, SPACE = "of-another-version", "payroll"
INVENTED = {"spec": {"invented": "yes"}}


@pytest.fixture
def api(server: ApiServer) -> Iterator[Api]:
    found = Api("east", server.url, urllib3.PoolManager(ca_certs=str(server.authority)), server.headers)
    try:
        yield found
    finally:
        found.delete(VOLUME_REPLICATION, NAME, SPACE)


def body() -> dict[str, Any]:
    return volume_replication("payroll", "payroll", SPACE, NAME, "flash", "primary", auto_resync=False)


def test_a_field_that_it_lacks_is_refused_and_nothing_is_made(api: Api) -> None:
    wanted = copy.deepcopy(body())
    wanted["spec"] |= INVENTED["spec"]
    with pytest.raises(Failed, match=r'unknown field "spec.invented".*update the product there'):
        create_surely(api, VOLUME_REPLICATION, wanted)
    assert api.find(VOLUME_REPLICATION, NAME, SPACE) is None


def test_a_field_that_it_lacks_is_refused_and_nothing_is_changed(api: Api) -> None:
    made = create_surely(api, VOLUME_REPLICATION, body())
    with pytest.raises(Failed, match=r'unknown field "spec.invented".*update the product there'):
        patch_surely(
            api, VOLUME_REPLICATION, NAME, SPACE, {"spec": {**INVENTED["spec"], "replicationState": "secondary"}}
        )
    assert api.get(VOLUME_REPLICATION, NAME, SPACE)["metadata"]["generation"] == made["metadata"]["generation"]


def test_otherwise_it_would_be_dropped_without_a_word(api: Api) -> None:
    create_surely(api, VOLUME_REPLICATION, body())
    assert "invented" not in api.patch(VOLUME_REPLICATION, NAME, SPACE, INVENTED)["spec"]


def test_what_is_there_as_it_was_to_be_made_is_taken(api: Api) -> None:
    made = create_surely(api, VOLUME_REPLICATION, body())
    assert create_surely(api, VOLUME_REPLICATION, body())["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_version_that_is_not_served_is_named(api: Api) -> None:
    reads: SharedReads[Any] = SharedReads(list, "install it")
    with pytest.raises(Unsupported, match=r"does not serve replication.storage.openshift.io/v9"):
        reads.read(api, replace(VOLUME_REPLICATION, version="v9"), SPACE)
