# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an export is kept; every problem with its path, and no secret in any."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan, PlanInvalid, parse_plan

S3 = {
    "endpoint": "https://s3.example.org:9000",
    "bucket": "disaster",
    "access_key_env": "ACCESS",
    "secret_key_file": "~/secret",
}


def plan_with(document: dict[str, Any], export: Any, **metadata: Any) -> Plan:
    return parse_plan({**document, "metadata": {"source": "export", "export": export, **metadata}})


def problems(document: dict[str, Any], metadata: Any) -> list[str]:
    with pytest.raises(PlanInvalid) as raised:
        parse_plan({**document, "metadata": metadata})
    return [str(problem) for problem in raised.value.problems]


def test_a_directory_is_enough(document: dict[str, Any]) -> None:
    assert plan_with(document, {"directory": "~/captures"}).metadata.export == {"directory": "~/captures"}


def test_s3_is_read_with_the_usual_region(document: dict[str, Any]) -> None:
    plan = plan_with(document, {"s3": S3}, keep="14d")
    assert plan.metadata.export == {"s3": {**S3, "region": "us-east-1"}}
    assert parse_plan(plan.document).metadata == plan.metadata


@pytest.mark.parametrize("endpoint", ["http://10.77.0.1:7070", "https://[fd00::1]:9000", "https://s3.example.org/"])
def test_endpoints(document: dict[str, Any], endpoint: str) -> None:
    assert plan_with(document, {"s3": {**S3, "endpoint": endpoint}})


@pytest.mark.parametrize(
    ("export", "problem"),
    [
        ({}, "metadata.export: captures are kept in one place: give directory or s3, got neither"),
        (
            {"directory": "/x", "s3": S3},
            "metadata.export: captures are kept in one place: give directory or s3, got both",
        ),
        ({"directory": "captures"}, "metadata.export.directory: got the text"),
        ({"directory": 1}, "metadata.export.directory: got the number 1"),
        ({"path": "/x"}, "metadata.export.path: unknown key; allowed: directory, s3"),
        ({"s3": {**S3, "bucket": "A b"}}, "metadata.export.s3.bucket: got the text"),
        ({"s3": {**S3, "endpoint": "s3.example.org"}}, "metadata.export.s3.endpoint: got the text"),
        ({"s3": {**S3, "endpoint": "https://s3.example.org/path"}}, "metadata.export.s3.endpoint: got the text"),
        ({"s3": {**S3, "prefix": "../other"}}, "metadata.export.s3.prefix: got the text"),
        ({"s3": {**S3, "prefix": "/a/"}}, "metadata.export.s3.prefix: got the text"),
        (
            {"s3": {key: value for key, value in S3.items() if not key.startswith("secret_key")}},
            "metadata.export.s3.secret_key_env: is required, or secret_key_file",
        ),
        (
            {"s3": {**S3, "access_key_file": "x"}},
            "metadata.export.s3.access_key_file: means the same as access_key_env, which is given as well",
        ),
        ({"s3": {"endpoint": S3["endpoint"]}}, "metadata.export.s3.bucket: is required"),
    ],
)
def test_a_problem_has_its_path(document: dict[str, Any], export: Any, problem: str) -> None:
    found = problems(document, {"source": "export", "export": export})
    assert [text for text in found if text.startswith(problem)], found


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"source": "export"}, "metadata.export: is required"),
        ({"export": {"directory": "/x"}}, "metadata.export: is for source: export, and the source is oadp"),
        (
            {"source": "export", "export": {"directory": "/x"}, "schedule": "@daily"},
            "metadata.schedule: is Velero's, and the source is export; run protect by a schedule of your own",
        ),
        (
            {"source": "export", "export": {"directory": "/x"}, "storage_location": "default"},
            "metadata.storage_location: is Velero's, and the source is export",
        ),
        ({"source": "gitops"}, "metadata.source: got the text"),
    ],
)
def test_what_belongs_to_one_source_is_not_given_for_another(
    document: dict[str, Any], metadata: Any, problem: str
) -> None:
    found = problems(document, metadata)
    assert [text for text in found if text.startswith(problem)], found


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret_key": "s3cret"},
        {"access_key": "s3cret"},
        {"secret_key_env": "s3cret value!"},
        {"endpoint": "https://me:s3cret@s3.example.org"},
    ],
)
def test_a_secret_in_the_plan_is_refused_and_not_shown(document: dict[str, Any], wrong: dict[str, str]) -> None:
    s3 = {key: value for key, value in S3.items() if key not in {"access_key_env", "secret_key_file"} & wrong.keys()}
    found = problems(document, {"source": "export", "export": {"s3": {**s3, **wrong}}})
    assert found
    assert "s3cret" not in " ".join(found)
