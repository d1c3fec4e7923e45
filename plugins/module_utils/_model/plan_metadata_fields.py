# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where captures are kept, and what belongs to which metadata source."""

from __future__ import annotations

import re
from typing import Any

from .plan_collections import Field, Items, Keys, PerSite
from .plan_problem import Path
from .plan_schema import Flag, Node, Reading, Text, matching

_ENDPOINT = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?/?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_ABSOLUTE = re.compile(r"(?:/|~/).+")
_SECRET_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")
_APPLICATION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
# a name that begins with '-' would be an option of git, and one with '..' a range
_BRANCH = re.compile(
    r"(?!.*\.\.)(?!.*\.lock(?:/|$))[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*(?<!\.)"
)
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_AUTHOR = re.compile(r"[^<>\s][^<>]* <[^<>\s@]+@[^<>\s@]+>")
_SOURCES = ("oadp", "export", "gitops", "vendor")
_KEYS = ("access_key", "secret_key")

_URL = Text(matching(_ENDPOINT, "not a URL such as https://s3.example.org:9000"), "a URL")
_BUCKET_NAME = Text(matching(_BUCKET, "not the name of a bucket"), "the name of a bucket")
_PREFIX_TEXT = Text(matching(_PREFIX, "not names of letters, digits, '.', '_' and '-', separated by '/'"), "a prefix")
_IN_A_SECRET = "a plan refers to secrets and never holds them: create a Secret at both sites and name it in credential"
_REGION_NAME = Text(matching(_REGION, "not the name of a region"), "a region")
_DIRECTORY = Text(matching(_ABSOLUTE, "not an absolute path, nor one that begins with ~/"), "a path")


def _check_commit(commit: dict[str, Any], at: Path, reading: Reading) -> None:
    """What is for one site is never read by the other."""
    paths = commit.get("path")
    if not isinstance(paths, dict) or any(not isinstance(path, str) for path in paths.values()):
        return
    for site, path in paths.items():
        for other, outer in paths.items():
            if site != other and f"{path}/".startswith(f"{outer}/"):
                message = f"lies in the folder of {other}, which would get the volumes of {site} too"
                reading.problem((*at, "path", site), message)
                return


# where volumes go as commits
_COMMIT = Keys(
    {
        "checkout": Field(_DIRECTORY, required=True),
        "branch": Field(Text(matching(_BRANCH, "not the name of a branch"), "the name of a branch"), default="main"),
        "remote": Field(Text(matching(_REMOTE, "not the name of a remote"), "the name of a remote"), default="origin"),
        "path": Field(
            PerSite(
                Text(matching(_FOLDER, "not a folder in the checkout, such as west/volumes"), "a folder"), complete=True
            ),
            required=True,
        ),
        "push": Field(Flag(), default=True),
        "author": Field(
            Text(matching(_AUTHOR, "not NAME <MAIL@EXAMPLE.ORG>"), "an author"),
            default="ocpvirt.dr <ocpvirt-dr@localhost>",
        ),
    },
    forbidden=dict.fromkeys(
        ("url", "password", "token"),
        "a plan holds no way to a remote: clone it where the playbook runs, with a credential helper or a key of ssh",
    ),
    check=_check_commit,
)

# what is paused while a plan moves, and where volumes go that are not applied by us
GITOPS = Keys(
    {
        "applications": Field(
            PerSite(
                Items(
                    Text(matching(_APPLICATION, "not NAMESPACE/NAME of an Application of Argo CD"), "NAMESPACE/NAME")
                ),
                complete=True,
            )
        ),
        "run_strategy_ignored": Field(Flag(), default=False),
        "volumes": Field(Keys({"commit": Field(_COMMIT, required=True)})),
    }
)


def oadp_of(object_name: Node) -> Keys:
    """What `protect --tags oadp` configures. object_name: reads the name of an object."""
    credential = Keys(
        {
            "name": Field(object_name, default="cloud-credentials"),
            "key": Field(Text(matching(_SECRET_KEY, "not a key of a Secret"), "a key of a Secret"), default="cloud"),
        }
    )
    return Keys(
        {
            "name": Field(object_name, default="ocpvirt-dr"),
            "bucket": Field(_BUCKET_NAME, required=True),
            "prefix": Field(_PREFIX_TEXT),
            "region": Field(_REGION_NAME, required=True),
            "s3_url": Field(_URL),
            "public_url": Field(_URL),
            "ca_file": Field(Text(wanted="the path of a file")),
            "checksums": Field(Flag(), default=True),
            "credential": Field(credential, default={}),
        },
        forbidden=dict.fromkeys((*_KEYS, "access_key_id", "secret_access_key"), _IN_A_SECRET),
    )


def export_of(variable: Node, file: Node) -> Keys:
    """variable, file: nodes for references to a secret."""
    s3 = Keys(
        {
            "endpoint": Field(_URL, required=True),
            "bucket": Field(_BUCKET_NAME, required=True),
            "prefix": Field(_PREFIX_TEXT),
            "region": Field(_REGION_NAME, default="us-east-1"),
            **{f"{key}_env": Field(variable) for key in _KEYS},
            **{f"{key}_file": Field(file) for key in _KEYS},
            "ca_file": Field(Text(wanted="the path of a file")),
        },
        forbidden={
            key: f"a plan refers to secrets and never holds them: use {key}_env: VARIABLE or {key}_file: PATH"
            for key in _KEYS
        },
        check=_check_s3,
    )
    return Keys({"directory": Field(_DIRECTORY), "s3": Field(s3)}, check=_check_export)


def check_metadata(metadata: dict[str, Any], at: Path, reading: Reading) -> None:
    """What belongs to one source is not given for another."""
    source = metadata.get("source")
    if source == "export" and "export" not in metadata:
        reading.problem((*at, "export"), "is required: where captures are kept, as directory or s3")
    for section in ("export", "oadp", "gitops"):
        if section in metadata and source in _SOURCES and source != section:
            reading.problem((*at, section), f"is for source: {section}, and the source is {source}")
    for key, remedy in (("schedule", "; run protect by a schedule of your own"), ("storage_location", "")):
        if source in ("export", "gitops", "vendor") and key in metadata:
            reading.problem((*at, key), f"is Velero's, and the source is {source}{remedy}")
    if source in ("gitops", "vendor") and metadata.get("prestage"):
        reading.problem(
            (*at, "prestage"), f"is for captures that we restore; with source {source} somebody else brings all"
        )
    if source in ("gitops", "vendor") and "keep" in metadata:
        reading.problem((*at, "keep"), f"is for captures, and the source is {source}, which has records only")


def _check_export(export: dict[str, Any], at: Path, reading: Reading) -> None:
    if len(export) != 1:
        given = "both" if export else "neither"
        reading.problem(at, f"captures are kept in one place: give directory or s3, got {given}")


def _check_s3(s3: dict[str, Any], at: Path, reading: Reading) -> None:
    """Both keys, each in one form."""
    for key in _KEYS:
        forms = [form for form in (f"{key}_env", f"{key}_file") if form in s3]
        if not forms:
            reading.problem((*at, f"{key}_env"), f"is required, or {key}_file: where the key is")
        elif len(forms) > 1:
            reading.problem((*at, forms[1]), f"means the same as {forms[0]}, which is given as well")
