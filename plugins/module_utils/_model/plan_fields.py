# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan document: its sections and keys, what each may hold, and what holds where a key is absent."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from .plan_checks import (
    check_machine_set,
    check_namespaces,
    check_rule,
    check_rules,
    check_site,
    check_sites,
    check_waves,
)
from .plan_cron import check_cron
from .plan_problem import Path
from .plan_schema import (
    Choice,
    Duration,
    Field,
    Flag,
    FreeForm,
    Items,
    Keys,
    Names,
    OneOrMore,
    PerSite,
    Reading,
    SiteName,
    Text,
    Whole,
)
from .plan_volume_fields import field_path
from .selector import SELECTOR

STEPS = (
    "begin",
    "capture",
    "quiesce",
    "sync",
    "fence",
    "promote",
    "volumes",
    "metadata",
    "start",
    "verify",
    "traffic",
    "end",
)

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")


def _matching(pattern: re.Pattern[str], otherwise: str) -> Callable[[str], str]:
    def rule(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(otherwise)
        return text

    return rule


def _regular_expression(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


def _field_name(text: str) -> str:
    field_path(text)
    return text


class Options:
    """What a provider understands; `sites` in it holds what differs between the sites."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping) or "sites" not in value:
            return _MAPPING.read(value, at, reading)
        common = _MAPPING.read({key: item for key, item in value.items() if key != "sites"}, at, reading)
        return {**common, "sites": PerSite(_MAPPING).read(value["sites"], (*at, "sites"), reading)}


class FieldValue:
    """What a rule writes into a PV's field."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return Whole(0, 2**31 - 1).read(value, at, reading)
        if isinstance(value, (list, tuple)):
            return Items(Text()).read(value, at, reading)
        if at[-1] == "nodeAffinity":
            return _MAPPING.read(value, at, reading)
        if isinstance(value, str):
            return Text().read(value, at, reading)
        return reading.wrong_type(at, value, "a text, a whole number, true, false or a list of texts")


class HookFile:
    """A task file, alone or with the time it may take."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, (str, Mapping)):
            return reading.wrong_type(at, value, "the path of a task file, or a mapping of tasks and timeout")
        return _HOOK.read({"tasks": value} if isinstance(value, str) else value, at, reading)


_NEVER = "a plan refers to secrets and never holds them: use"

_label = _matching(_LABEL, "not a name of lower-case letters, digits and '-', at most 63, alphanumeric at both ends")
_NAME = Text(_label, "a name")
_OBJECT_NAME = Text(_matching(_SUBDOMAIN, "not the name of an object in Kubernetes"), "the name of an object")
_IDENTIFIER = Text(_matching(_PROVIDER, "not a name of lower-case letters, digits and '_'"), "the name of a provider")
_REGEX = Text(_regular_expression, "a regular expression")
_CRON = Text(check_cron, "a cron schedule in quotes")
_MAPPING = FreeForm()
_HOOK = Keys({"tasks": Field(Text(wanted="the path of a task file"), required=True), "timeout": Field(Duration())})

# Values of a site's keys are never shown: a secret may have been written where its name belongs.
_REFERENCE_ENV = Text(_matching(_VARIABLE, "not the name of an environment variable"), "a variable's name", quiet=True)
_REFERENCE_FILE = Text(wanted="the path of a file", quiet=True)
_SERVER_URL = Text(_matching(_URL, "not a URL such as https://api.east.example.org:6443"), "a URL", quiet=True)
_WORD = Text(quiet=True)

_SITE = Keys(
    {
        "kubeconfig": Field(Text(wanted="the path of a kubeconfig file", quiet=True)),
        "kubeconfig_env": Field(_REFERENCE_ENV),
        "context": Field(_WORD),
        "host": Field(
            Text(_matching(_URL, "not a URL such as https://api.east.example.org:6443"), "a URL", quiet=True)
        ),
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

_RULE = Keys(
    {
        "match": Field(
            Keys(
                {
                    "name": Field(_REGEX),
                    "namespace": Field(OneOrMore(_NAME)),
                    "storage_class": Field(OneOrMore(Text())),
                    "nfs": Field(Keys({"server": Field(OneOrMore(Text())), "path": Field(_REGEX)})),
                    "csi": Field(
                        Keys(
                            {
                                "driver": Field(OneOrMore(Text())),
                                "volumeHandle": Field(_REGEX),
                                "volumeAttributes": Field(Names(OneOrMore(Text()), str, "a volume attribute")),
                                "fsType": Field(OneOrMore(Text())),
                            }
                        )
                    ),
                }
            ),
            required=True,
        ),
        "set": Field(PerSite(Names(FieldValue(), _field_name, "a PV field"), complete=True), required=True),
    },
    check=check_rule,
)

_WAVE = Keys({"name": Field(_NAME, required=True), "selector": Field(SELECTOR), "after": Field(Items(_NAME))})

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
            Keys({"rules": Field(Items(_RULE, check=check_rules), required=True)}),
            default={"rules": []},
        ),
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
                }
            ),
            default={},
        ),
        "startup": Field(
            Keys(
                {
                    "waves": Field(Items(_WAVE, minimum=1, unique="name", check=check_waves)),
                    "max_starting": Field(Whole(1), default=20),
                    "readiness": Field(
                        Keys(
                            {
                                "agent": Field(Flag(), default=True),
                                "timeout": Field(Duration(), default="5m"),
                            }
                        ),
                        default={},
                    ),
                    "on_failure": Field(Choice("continue", "stop"), default="continue"),
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
        "hooks": Field(
            Keys({f"{when}_{step}": Field(Items(HookFile())) for step in STEPS for when in ("before", "after")})
        ),
        "run_store": Field(Keys({"namespace": Field(_NAME, default="ocpvirt-dr")}), default={}),
    },
    check=check_namespaces,
)
