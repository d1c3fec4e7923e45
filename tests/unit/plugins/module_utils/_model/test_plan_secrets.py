# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets have no place in a plan; their names have."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.broken_plan import (
    Document,
    Keys,
    problems_of,
    put,
)


@pytest.mark.parametrize(
    ("keys", "value", "remedy"),
    [
        (("sites", "west", "password"), "s3cret", "use a kubeconfig, password_env: VARIABLE or password_file: PATH"),
        (("sites", "west", "api_key"), "s3cret", "use a kubeconfig, api_key_env: VARIABLE or api_key_file: PATH"),
        (("sites", "west", "kubeconfig"), {"token": "s3cret"}, "got a mapping, wanted the path of a kubeconfig file"),
        (("sites", "west", "proxy"), "http://me:s3cret@proxy:3128", "has a password in its URL"),
        (("sites", "west", "proxy_headers"), {"basic_auth": "u:s3cret"}, "use basic_auth_env: VARIABLE"),
        (("sites", "west", "password_env"), "s3cret pass!", "not the name of an environment variable"),
        (("sites", "west", "host"), "s3cret", "not a URL such as"),
        (("sites", "west"), "s3cret", "got a text, wanted a mapping with keys of kubeconfig"),
        (("replication", "groups", 1, "options"), {"array": {"password": "s3cret"}}, "password_env: VARIABLE"),
        (("replication", "options"), {"sites": {"west": {"apiToken": "s3cret"}}}, "apiToken_env: VARIABLE"),
        (("replication", "options"), {"url": "https://me:s3cret@array"}, "has a password in its URL"),
        (("traffic", 0, "options"), {"key_secret": "s3cret"}, "key_secret_env: VARIABLE or key_secret_file: PATH"),
    ],
)
def test_p10_a_secret_in_a_plan_is_refused_with_the_remedy_and_not_repeated(
    document: Document, keys: Keys, value: object, remedy: str
) -> None:
    found = [str(problem) for problem in problems_of(put(document, keys, value))]
    assert [text for text in found if remedy in text], found
    assert "s3cret" not in "\n".join(found)


def test_names_of_secrets_are_accepted_in_options(document: Document) -> None:
    options = {
        "credentials": {"secret_name": "array", "namespace": "storage"},
        "password_env": "ARRAY",
        "token": {"from": "x"},
    }
    document["replication"]["groups"][1]["options"] = options
    assert parse_plan(document).groups[1].options == options
