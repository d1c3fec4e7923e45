# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Decides as the real run would and writes nothing.
    support: full
  diff_mode:
    description: Returns the decisions as a difference.
    support: none
  action_group:
    description: Use C(group/ocpvirt.dr.all) in C(module_defaults) to set options once for all modules.
    support: full
    membership: [ocpvirt.dr.all]
"""
