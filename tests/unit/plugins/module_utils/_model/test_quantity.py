# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.quantity import parse_quantity, same_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("10Gi", 10 * 2**30),
        ("1.5Gi", 3 * 2**29),
        ("500M", 500_000_000),
        ("2k", 2000),
        ("10737418240", 2**30 * 10),
        ("1e3", 1000),
        ("1E", 10**18),
        ("2E2", 200),
        ("1500m", 1.5),
    ],
)
def test_an_amount_is_read_as_kubernetes_reads_it(text: str, amount: float) -> None:
    assert parse_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "10 Gi", "-1", "10gi", "1e999", "ten"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        parse_quantity(text)


@pytest.mark.parametrize(("one", "other"), [("1Gi", "1024Mi"), ("1Gi", 1073741824), ("1e3", "1k")])
def test_two_spellings_of_one_amount_are_the_same(one: object, other: object) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize(("one", "other"), [("1Gi", "1G"), ("1Gi", None), (None, None)])
def test_other_amounts_and_what_is_none_are_not(one: object, other: object) -> None:
    assert not same_quantity(one, other)
