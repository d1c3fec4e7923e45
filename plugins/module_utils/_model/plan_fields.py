# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan document: its sections and keys, what each may hold, and what holds where a key is absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .names import SITE_NAMESPACE
from .plan_checks import (
    check_machine_set,
    check_namespaces,
    check_site,
    check_sites,
    check_waves,
)
from .plan_collections import Field, Items, Keys, Names, PerSite
from .plan_cron import check_cron
from .plan_custom_fields import check_described
from .plan_free_form import FreeForm
from .plan_hook_fields import STEP_HOOKS
from .plan_metadata_fields import GITOPS, check_metadata, export_of, oadp_of
from .plan_network_fields import NETWORK, check_attachments
from .plan_problem import Path
from .plan_readiness_fields import PLAN_READINESS, WAVE_READINESS
from .plan_schema import Choice, Duration, Flag, Reading, SiteName, Text, Whole, matching
from .plan_snapshot_fields import snapshots_of
from .plan_throttle_fields import CAPS, RETRIES
from .plan_volume_rules import rules_of
from .selector import SELECTOR

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")


class Options:
    """What a provider understands; `sites` in it holds what differs between the sites."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping) or "sites" not in value:
            return _MAPPING.read(value, at, reading)
        common = _MAPPING.read({key: item for key, item in value.items() if key != "sites"}, at, reading)
        return {**common, "sites": PerSite(_MAPPING).read(value["sites"], (*at, "sites"), reading)}


def _check_document(plan: dict[str, Any], at: Path, reading: Reading) -> None:
    check_namespaces(plan, at, reading)
    check_attachments(plan, at, reading)
    check_described(plan, at, reading)


_NEVER = "a plan refers to secrets and never holds them: use"

_label = matching(_LABEL, "not a name of lower-case letters, digits and '-', at most 63, alphanumeric at both ends")
_NAME = Text(_label, "a name")
_subdomain = matching(_SUBDOMAIN, "not the name of an object in Kubernetes")
_OBJECT_NAME = Text(_subdomain, "the name of an object")
_IDENTIFIER = Text(matching(_PROVIDER, "not a name of lower-case letters, digits and '_'"), "the name of a provider")
_CRON = Text(check_cron, "a cron schedule in quotes")
RULES = rules_of(_NAME)
_MAPPING = FreeForm()

# Values of a site's keys are never shown: a secret may have been written where its name belongs.
_REFERENCE_ENV = Text(matching(_VARIABLE, "not the name of an environment variable"), "a variable's name", quiet=True)
_REFERENCE_FILE = Text(wanted="the path of a file", quiet=True)
_WORD = Text(quiet=True)

_SITE = Keys(
    {
        "kubeconfig": Field(Text(wanted="the path of a kubeconfig file", quiet=True)),
        "kubeconfig_env": Field(_REFERENCE_ENV),
        "context": Field(_WORD),
        "host": Field(Text(matching(_URL, "not a URL such as https://api.east.example.org:6443"), "a URL", quiet=True)),
        "api_key_env": Field(_REFERENCE_ENV),
        "api_key_file": Field(_REFERENCE_FILE),
        "username": Field(_WORD),
        "password_env": Field(_REFERENCE_ENV),
        "password_file": Field(_REFERENCE_FILE),
        "validate_certs": Field(Flag()),
        "ca_cert": Field(_REFERENCE_FILE),
        "client_cert": Field(_REFERENCE_FILE),
        "client_key": Field(_REFERENCE_FILE),
        "proxy": Field(_WORD),
        "no_proxy": Field(_WORD),
        "proxy_headers": Field(
            Keys(
                {
                    "user_agent": Field(_WORD),
                    "basic_auth_env": Field(_REFERENCE_ENV),
                    "basic_auth_file": Field(_REFERENCE_FILE),
                    "proxy_basic_auth_env": Field(_REFERENCE_ENV),
                    "proxy_basic_auth_file": Field(_REFERENCE_FILE),
                },
                forbidden={
                    name: f"{_NEVER} {name}_env: VARIABLE or {name}_file: PATH"
                    for name in ("basic_auth", "proxy_basic_auth")
                },
            )
        ),
        "persist_config": Field(Flag()),
        "impersonate_user": Field(_WORD),
        "impersonate_groups": Field(Items(_WORD)),
        "max_starting": Field(Whole(1)),
    },
    aliases={
        "verify_ssl": "validate_certs",
        "ssl_ca_cert": "ca_cert",
        "cert_file": "client_cert",
        "key_file": "client_key",
    },
    forbidden={
        name: f"{_NEVER} a kubeconfig, {name}_env: VARIABLE or {name}_file: PATH" for name in ("api_key", "password")
    },
    check=check_site,
)

_GROUP = Keys(
    {
        "name": Field(_NAME, required=True),
        "selector": Field(SELECTOR, required=True),
        "provider": Field(_IDENTIFIER),
        "max_lag": Field(Duration()),
        "options": Field(Options()),
    }
)

_ON_FAILURE = Choice("continue", "stop_wave", "stop")
_WAVE = Keys(
    {
        "name": Field(_NAME, required=True),
        "selector": Field(SELECTOR),
        "after": Field(Items(_NAME)),
        "delay": Field(Duration()),
        "gate": Field(Flag()),
        "on_failure": Field(_ON_FAILURE),
        "readiness": Field(WAVE_READINESS),
    }
)

DOCUMENT = Keys(
    {
        "name": Field(_NAME, required=True),
        "home": Field(SiteName(), required=True),
        "sites": Field(Names(_SITE, _label, "a site's name", check=check_sites), required=True),
        "protect": Field(
            Keys(
                {
                    "namespaces": Field(Items(_NAME, minimum=1), required=True),
                    "selector": Field(SELECTOR, required=True),
                }
            ),
            required=True,
        ),
        "replication": Field(
            Keys(
                {
                    "provider": Field(_IDENTIFIER),
                    "max_lag": Field(Duration()),
                    "options": Field(Options()),
                    "groups": Field(Items(_GROUP, minimum=1, unique="name")),
                }
            ),
            default={},
        ),
        "volumes": Field(
            Keys({"rules": Field(RULES, required=True)}),
            default={"rules": []},
        ),
        "network": Field(NETWORK),
        "metadata": Field(
            Keys(
                {
                    "source": Field(Choice("oadp", "export", "gitops", "vendor"), default="oadp"),
                    "schedule": Field(_CRON),
                    "keep": Field(Duration()),
                    "max_age": Field(Duration()),
                    "prestage": Field(Flag(), default=False),
                    "namespace": Field(_NAME, default="openshift-adp"),
                    "storage_location": Field(_OBJECT_NAME),
                    "oadp": Field(oadp_of(_OBJECT_NAME)),
                    "export": Field(export_of(_REFERENCE_ENV, _REFERENCE_FILE)),
                    "gitops": Field(GITOPS),
                },
                check=check_metadata,
            ),
            default={},
        ),
        "snapshots": Field(snapshots_of(_OBJECT_NAME, _subdomain)),
        "startup": Field(
            Keys(
                {
                    "waves": Field(Items(_WAVE, minimum=1, unique="name", check=check_waves)),
                    "max_starting": Field(Whole(1), default=20),
                    "caps": Field(CAPS, default={}),
                    "retries": Field(RETRIES, default={}),
                    "priority": Field(Whole(1, 5), default=3),
                    "readiness": Field(PLAN_READINESS, default={}),
                    "on_failure": Field(_ON_FAILURE, default="continue"),
                }
            ),
            default={},
        ),
        "capacity": Field(
            Keys(
                {
                    "machine_sets": Field(
                        PerSite(
                            Items(
                                Keys(
                                    {
                                        "name": Field(_OBJECT_NAME, required=True),
                                        "normal": Field(Whole(0), required=True),
                                        "disaster": Field(Whole(1), required=True),
                                    },
                                    check=check_machine_set,
                                ),
                                unique="name",
                            )
                        ),
                        required=True,
                    )
                }
            )
        ),
        "traffic": Field(Items(Keys({"provider": Field(_IDENTIFIER, required=True), "options": Field(Options())}))),
        "hooks": Field(STEP_HOOKS, default={}),
        "run_store": Field(Keys({"namespace": Field(_NAME, default=SITE_NAMESPACE)}), default={}),
    },
    check=_check_document,
)
