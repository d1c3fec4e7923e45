# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where captures are kept; every problem with its path, and no secret in any."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid

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
        ({"source": "helm"}, "metadata.source: got the text"),
        ({"source": "gitops", "keep": "14d"}, "metadata.keep: is for captures"),
        (
            {"source": "gitops", "storage_location": "default"},
            "metadata.storage_location: is Velero's, and the source is gitops",
        ),
        ({"gitops": {}}, "metadata.gitops: is for source: gitops, and the source is oadp"),
        (
            {"source": "gitops", "gitops": {"applications": {"east": []}}},
            "metadata.gitops.applications.west: is required: the plan must serve every direction",
        ),
        (
            {"source": "gitops", "gitops": {"applications": {"east": ["payroll"], "west": []}}},
            "metadata.gitops.applications.east[0]: got the text",
        ),
        ({"source": "gitops", "prestage": True}, "metadata.prestage: is for captures that we restore"),
        ({"source": "vendor", "prestage": True}, "metadata.prestage: is for captures that we restore"),
        ({"source": "vendor", "keep": "14d"}, "metadata.keep: is for captures"),
        (
            {"source": "vendor", "schedule": "@daily"},
            "metadata.schedule: is Velero's, and the source is vendor; run protect by a schedule of your own",
        ),
        (
            {"source": "vendor", "export": {"directory": "/x"}},
            "metadata.export: is for source: export, and the source is vendor",
        ),
        (
            {"source": "export", "export": {"directory": "/x"}, "oadp": {"bucket": "disaster", "region": "us-east-1"}},
            "metadata.oadp: is for source: oadp, and the source is export",
        ),
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


def test_what_oadp_is_configured_with_needs_bucket_and_region(document: dict[str, Any]) -> None:
    plan = parse_plan({**document, "metadata": {"oadp": {"bucket": "disaster", "region": "us-east-1"}}})
    assert plan.metadata.oadp == {
        "name": "ocpvirt-dr",
        "bucket": "disaster",
        "region": "us-east-1",
        "checksums": True,
        "credential": {"name": "cloud-credentials", "key": "cloud"},
    }
    assert parse_plan(plan.document).metadata == plan.metadata
    assert parse_plan(document).metadata.oadp is None


@pytest.mark.parametrize(
    ("oadp", "problem"),
    [
        ({"region": "us-east-1"}, "metadata.oadp.bucket: is required"),
        ({"bucket": "disaster"}, "metadata.oadp.region: is required"),
        ({"s3_url": "s3.example.org"}, "metadata.oadp.s3_url: got the text"),
        ({"prefix": "/x"}, "metadata.oadp.prefix: got the text"),
        ({"credential": {"name": "Store"}}, "metadata.oadp.credential.name: got the text"),
        ({"credential": {"key": "a b"}}, "metadata.oadp.credential.key: got the text"),
        ({"credential": "cloud"}, "metadata.oadp.credential: got a text, wanted a mapping"),
        ({"checksums": "no"}, "metadata.oadp.checksums: got the text"),
        ({"plugins": ["csi"]}, "metadata.oadp.plugins: unknown key"),
    ],
)
def test_a_problem_of_oadp_has_its_path(document: dict[str, Any], oadp: Any, problem: str) -> None:
    found = problems(document, {"oadp": oadp})
    assert [text for text in found if text.startswith(problem)], found


@pytest.mark.parametrize("key", ["access_key", "secret_key", "access_key_id", "secret_access_key"])
def test_a_key_of_the_object_store_is_refused_and_not_shown(document: dict[str, Any], key: str) -> None:
    found = problems(document, {"oadp": {"bucket": "disaster", "region": "us-east-1", key: "s3cret"}})
    (problem,) = found
    assert problem.startswith(f"metadata.oadp.{key}: a plan refers to secrets")
    assert "s3cret" not in problem


COMMIT = {"checkout": "/srv/payroll", "path": {"east": "east/volumes", "west": "west/volumes"}}


def test_volumes_go_to_main_of_origin_unless_the_plan_says_otherwise(document: dict[str, Any]) -> None:
    gitops = {"volumes": {"commit": COMMIT}}
    plan = parse_plan({**document, "metadata": {"source": "gitops", "gitops": gitops}})
    assert plan.metadata.gitops
    assert plan.metadata.gitops["volumes"]["commit"] == {
        **COMMIT,
        "branch": "main",
        "remote": "origin",
        "push": True,
        "author": "ocpvirt.dr <ocpvirt-dr@localhost>",
    }
    assert parse_plan(plan.document).metadata == plan.metadata


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"checkout": "payroll"}, "checkout: got the text"),
        ({"path": {"east": "east"}}, "path.west: is required: the plan must serve every direction"),
        ({"path": {"east": "../up", "west": "w"}}, "path.east: got the text"),
        ({"path": {"east": "/up", "west": "w"}}, "path.east: got the text"),
        ({"path": {"east": "e/-x", "west": "w"}}, "path.east: got the text"),
        ({"path": {"east": "e", "west": "e"}}, "path.east: lies in the folder of west"),
        ({"path": {"east": "e", "west": "e/west"}}, "path.west: lies in the folder of east"),
        ({"branch": "--force"}, "branch: got the text"),
        ({"branch": "a..b"}, "branch: got the text"),
        ({"branch": "main.lock"}, "branch: got the text"),
        ({"remote": "https://git.example.org/x"}, "remote: got the text"),
        ({"push": "yes"}, "push: got the text"),
        ({"author": "robot"}, "author: got the text"),
        ({"token": "s3cret"}, "token: a plan holds no way to a remote"),
        ({"url": "https://me:s3cret@git.example.org"}, "url: a plan holds no way to a remote"),
    ],
)
def test_where_volumes_are_committed_is_checked(document: dict[str, Any], changes: Any, problem: str) -> None:
    gitops = {"volumes": {"commit": {**COMMIT, **changes}}}
    found = problems(document, {"source": "gitops", "gitops": gitops})
    assert [text for text in found if text.startswith(f"metadata.gitops.volumes.commit.{problem}")], found
    assert "s3cret" not in " ".join(found)


def test_branches_may_have_slashes_and_folders_dots(document: dict[str, Any]) -> None:
    commit = {**COMMIT, "branch": "dr/payroll-1.2", "path": {"east": "e.1/v", "west": "w.1/v"}}
    assert parse_plan({**document, "metadata": {"source": "gitops", "gitops": {"volumes": {"commit": commit}}}})


def test_what_syncs_from_git_is_named_for_both_sites(document: dict[str, Any]) -> None:
    applications = {"east": ["openshift-gitops/payroll"], "west": ["openshift-gitops/payroll", "argocd/payroll-db"]}
    plan = parse_plan({**document, "metadata": {"source": "gitops", "gitops": {"applications": applications}}})
    assert plan.metadata.gitops == {"applications": applications, "run_strategy_ignored": False}
    assert parse_plan(plan.document).metadata == plan.metadata
