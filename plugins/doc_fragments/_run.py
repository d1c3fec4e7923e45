# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run_id:
    description:
      - The run this belongs to, as returned by M(ocpvirt.dr.run).
      - The module refuses to work when another run or a later attempt holds the plan's lock.
    type: str
    required: true
"""
