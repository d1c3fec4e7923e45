# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of a request tells, and never tells."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NODE, PVC, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    TOKEN,
    answer,
    api_of,
    error_of,
    refusal,
    refused_connection,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from urllib3.exceptions import ConnectTimeoutError


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


@pytest.mark.parametrize(
    ("message", "next_step"),
    [
        (
            'persistentvolumeclaims "db-0" is forbidden: exceeded quota: storage, requested: requests.storage=10Gi,'
            " used: requests.storage=95Gi, limited: requests.storage=100Gi",
            "raise that ResourceQuota, or free what it counts, then start again",
        ),
        (
            'persistentvolumeclaims "db-0" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but'
            " request is 10Gi",
            "change the LimitRange of the namespace, then start again",
        ),
        (
            'persistentvolumeclaims "db-0" is forbidden: unable to create new content in namespace payroll because it'
            " is being terminated",
            "the namespace is being deleted: wait until it is gone, then start again",
        ),
    ],
    ids=["quota exceeded", "limit range", "namespace terminating"],
)
def test_p10_what_is_forbidden_for_another_cause_than_a_missing_right_says_its_cause(
    time: SimulatedTime, message: str, next_step: str
) -> None:
    error = error_of(lambda: api_of(time, refusal(403, message))[0].create(PVC, {"metadata": {"name": "db-0"}}))
    assert (type(error), error.status, error.seen, error.next_step) == (Failed, 403, message, next_step)


def test_a_denial_by_an_admission_policy_is_a_refusal_and_no_missing_right(time: SimulatedTime) -> None:
    message = "ValidatingAdmissionPolicy 'dr-latch-payroll' with binding 'dr-latch-payroll' denied request: latch"
    error = error_of(lambda: api_of(time, refusal(403, message))[0].create(VM, {"metadata": {"name": "db-0"}}))
    assert (type(error), error.seen, error.next_step) == (Refused, message, None)


@pytest.mark.parametrize(
    ("status", "before"),
    [
        (400, 'VolumeReplication in version "v1alpha1" cannot be handled as a VolumeReplication'),
        (422, f' "" is invalid: patch: Invalid value: "{{{"the whole object" * 200}}}"'),
    ],
    ids=["create", "patch"],
)
def test_p10_a_field_that_the_installed_definition_lacks_is_named_with_what_to_do(
    time: SimulatedTime, status: int, before: str
) -> None:
    why = 'strict decoding error: unknown field "spec.replicationHandle"'
    api, _pool = api_of(time, refusal(status, f"{before}: {why}"))
    error = error_of(lambda: api.create(PVC, {"metadata": {}}, strict=True))
    assert error.seen == why
    assert "update the product there, or correct the plan" in str(error.next_step)


def test_p10_an_error_names_the_request_the_object_and_the_site(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(404, 'virtualmachines "db-0" not found'))
    assert str(error_of(lambda: api.get(VM, "db-0", "payroll"))) == (
        "GET /apis/kubevirt.io/v1/namespaces/payroll/virtualmachines/db-0 on VirtualMachine/payroll/db-0 at site west;"
        ' seen: virtualmachines "db-0" not found; HTTP status 404'
    )


@pytest.mark.parametrize(
    "given",
    [
        refused_connection(),
        ConnectTimeoutError(None, "timed out"),
        refusal(401, "Unauthorized"),
        refusal(403, "forbidden"),
        refusal(503, "unavailable"),
        answer(502, b"<html>bad gateway</html>"),
        answer(200, b"<html>log in here</html>"),
    ],
    ids=["refused", "timeout", "401", "403", "503", "html", "login page"],
)
def test_p10_credentials_are_in_no_error(time: SimulatedTime, given: Any) -> None:
    error = error_of(lambda: api_of(time, given)[0].get(NODE, "worker-0"))
    assert TOKEN not in f"{error} {error.facts()} {error.__cause__!r}"


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}\r\nX-Other: 1", f"{TOKEN}\N{RIGHTWARDS ARROW}"], ids=ascii)
def test_p10_a_token_that_is_no_header_is_refused_without_showing_it(time: SimulatedTime, token: str) -> None:
    """The HTTP client would show it in its error."""
    headers = {"authorization": f"Bearer {token}"}
    pool = urllib3.PoolManager()
    error = error_of(lambda: Api("west", "http://127.0.0.1:1", pool, headers, time.clock()).raw("/version", timeout=1))
    assert isinstance(error, Refused)
    assert TOKEN not in f"{error} {error.facts()} {error.__cause__!r}"


def test_p10_an_answer_that_is_no_json_is_shown_shortened(time: SimulatedTime) -> None:
    error = error_of(lambda: api_of(time, answer(502, b"<html>" + b"x" * 5000))[0].get(NODE, "worker-0"))
    assert error.seen.startswith("<html>xxx")
    assert len(error.seen) == 300


def test_a_page_of_a_proxy_is_no_answer_of_the_api(time: SimulatedTime) -> None:
    error = error_of(lambda: api_of(time, answer(200, b"<html>log in here</html>"))[0].get(NODE, "worker-0"))
    assert "<html>log in here</html>" in error.seen
