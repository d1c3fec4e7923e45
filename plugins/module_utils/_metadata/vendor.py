# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product that restores namespaces with their volumes by itself (maturity level 3)."""

from __future__ import annotations

from .record import RecordSource


class VendorSource(RecordSource):
    """Everything is the product's to bring, and ours to verify."""

    makes_volumes = False
    brought_by = "the product"
    bring_it = "let the product restore it, with its labels"
