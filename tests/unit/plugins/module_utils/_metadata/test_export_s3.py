# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export in S3, against a server on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    DrError,
    Failed,
    NotFound,
    Refused,
    Unreachable,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import export_s3
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export import ExportSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_s3 import S3Store
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    Site,
    east,
    export_plan,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.s3_double import S3Double, serving

KEY = "payroll/blobs/ab/abc.json.gz"
SECRETS = {"access_key": "AKIAEXAMPLE", "secret_key": "wJalrXUtnFEMI"}


@pytest.fixture
def server() -> Iterator[S3Double]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_s3, "RETRIES", 1)


def store_at(endpoint: str, **options: Any) -> S3Store:
    return S3Store({"endpoint": endpoint, "bucket": "captures", "region": "us-east-1", **SECRETS, **options})


def failure(store: S3Store) -> DrError:
    """Of a read, without any secret in it."""
    with pytest.raises(DrError) as raised:
        store.get(KEY)
    assert not [secret for secret in SECRETS.values() if secret in f"{raised.value}{raised.value.facts()}"]
    return raised.value


def test_what_is_put_is_read_listed_and_deleted_below_the_prefix(server: S3Double) -> None:
    store = store_at(server.url, prefix="dr/team-a")
    store.put(KEY, b"1")
    assert server.contents == {f"dr/team-a/{KEY}": b"1"}
    assert (store.get(KEY), dict(store.list("payroll/"))) == (b"1", {KEY: datetime(2026, 3, 1, 12, tzinfo=UTC)})
    store.delete(KEY)
    assert store.list("payroll/") == {}


def test_a_long_list_is_read_to_its_end(server: S3Double) -> None:
    store = store_at(server.url)
    for number in range(5):
        store.put(f"payroll/blobs/{number}", b"")
    store.put("web/blobs/0", b"")
    assert sorted(store.list("payroll/")) == [f"payroll/blobs/{number}" for number in range(5)]


def test_a_whole_capture_goes_through_it(server: S3Double) -> None:
    exported = ExportSource(export_plan(keep="14d"), store_at(server.url, prefix="x"))
    name = exported.capture(east(), 60)
    exported.prune()
    assert [info.name for info in exported.catalog(Site("west"))] == [name]
    assert len(exported.manifests(Site("west"), name).objects) == 9


def test_an_absent_object_is_not_found(server: S3Double) -> None:
    error = failure(store_at(server.url))
    assert (type(error), error.status) == (NotFound, 404)


@pytest.mark.parametrize(
    ("status", "code", "next_step"),
    [
        (403, "InvalidAccessKeyId", "the access key is unknown there"),
        (403, "SignatureDoesNotMatch", "the secret key is wrong"),
        (403, "RequestTimeTooSkewed", "set the controller's by NTP"),
        (403, "AccessDenied", "docs/metadata.md"),
        (404, "NoSuchBucket", "create the bucket"),
    ],
)
def test_a_refusal_says_what_to_correct(server: S3Double, status: int, code: str, next_step: str) -> None:
    server.failures = [(status, code)] * 2
    error = failure(store_at(server.url))
    assert (type(error), error.status, error.seen) == (Failed, status, code)
    assert next_step in str(error)


def test_a_busy_store_is_asked_again(server: S3Double) -> None:
    store = store_at(server.url)
    store.put(KEY, b"1")
    server.failures = [(503, "SlowDown")]
    assert store.get(KEY) == b"1"


def test_a_store_that_stays_busy_is_an_error_with_its_answer(server: S3Double) -> None:
    server.failures = [(503, "SlowDown")] * 2
    error = failure(store_at(server.url))
    assert (type(error), error.status, error.seen) == (Failed, 503, "SlowDown")


def test_p4_a_store_that_does_not_answer_is_given_up(server: S3Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_s3, "READ_TIMEOUT", 0.2)
    server.answering.clear()
    error = failure(store_at(server.url))
    assert isinstance(error, Unreachable)
    assert "ReadTimeoutError" in str(error)
    assert len(server.requests) == 2


def test_p4_a_refused_connection_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    error = failure(store_at(endpoint))
    assert isinstance(error, Unreachable)
    assert "NewConnectionError" in str(error)
    assert endpoint in str(error)


def test_a_connection_that_breaks_within_an_object_gives_no_half_object(server: S3Double) -> None:
    store = store_at(server.url)
    store.put(KEY, b"whole")
    server.cut_after = 2
    assert isinstance(failure(store), Unreachable)


def test_what_answers_and_is_no_s3_is_said(server: S3Double) -> None:
    server.failures = [(404, "")]
    error = failure(store_at(server.url))
    assert isinstance(error, Failed)
    assert "not S3's" in str(error)


def test_a_server_without_tls_is_not_taken_for_unreachable(server: S3Double) -> None:
    error = failure(store_at(server.url.replace("http:", "https:")))
    assert isinstance(error, Failed)
    assert "metadata.export.s3.ca_file" in str(error)


def test_a_certificate_authority_that_is_not_there_is_named(server: S3Double) -> None:
    error = failure(store_at(server.url.replace("http:", "https:"), ca_file="/nowhere/ca.pem"))
    assert isinstance(error, Refused)
    assert "/nowhere/ca.pem" in str(error)


def test_without_minio_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_s3, "MISSING", ImportError("No module named 'minio'"))
    error = failure(store_at("https://s3.example.org"))
    assert isinstance(error, Unsupported)
    assert "install minio" in str(error)
