# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a manifest is the same everywhere, and every reader of YAML reads the document that it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.canonical_yaml import canonical_yaml
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_a_document_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    assert yaml.safe_load(canonical_yaml(document)) == document


@pytest.mark.parametrize(
    "text", ["5e10", "0o14", "1_0", "y", "No", "on", "null", "~", "", "12:30", "- a", "# b", "x: y"]
)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    assert canonical_yaml({"key": text}) == f'key: "{text}"\n'


def test_the_order_of_keys_does_not_matter() -> None:
    document = {"spec": {"accessModes": ["ReadWriteOnce"], "nfs": {"path": "/dr/db-0"}}, "kind": "PersistentVolume"}
    turned = {"kind": "PersistentVolume", "spec": {"nfs": {"path": "/dr/db-0"}, "accessModes": ["ReadWriteOnce"]}}
    assert canonical_yaml(document) == canonical_yaml(turned)
    assert canonical_yaml(document).splitlines() == [
        "kind: PersistentVolume",
        "spec:",
        "  accessModes:",
        "    - ReadWriteOnce",
        "  nfs:",
        "    path: /dr/db-0",
    ]
