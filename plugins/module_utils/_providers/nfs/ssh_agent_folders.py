# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's functions that remove what it has written in a folder that the plan does not name any more."""

from __future__ import annotations

FOLDERS = r"""
at_disk() { (cd "${1%/*}" 2>/dev/null && echo "$(pwd -P)/${1##*/}"); }  # FILE, whatever its folder is called

change_folders() {  # EXPORTS_DIR CRON_DIR of the plan; notes what is to be removed elsewhere, before that is forgotten
  [ "${exports_dir:-$1}" = "$1" ] || outdated="$outdated $exports_dir/ocpvirt-dr-$name.exports"
  [ "${cron_dir:-$2}" = "$2" ] || outdated="$outdated $cron_dir/ocpvirt-dr-$name"
  # copies for rehearsals stay exported
  [ ! -d "${exports_dir:-$1}" ] || [ "$(at_disk "${exports_dir:-$1}/.")" = "$(at_disk "$1/.")" ] ||
    find "$exports_dir" -maxdepth 1 -name "ocpvirt-dr-$name.*.exports" -exec mv -t "$1" {} + ||
    fail Failed "cannot move exports from $exports_dir to $1"
  exports_dir=$1 cron_dir=$2
}

is_as_written() {  # FILE: by the agent
  case $(cat "$1") in
  *'
'*) return 1 ;;  # of several lines
  "$path "* | "* * * * * "*" sh $state_dir/agent $state_dir tick $name >"*) return 0 ;;
  *) return 1 ;; esac
}

drop_outdated() {  # [exports]; sets theirs, the files that somebody else has written
  theirs=
  exports_now=$(at_disk "$exports_dir/ocpvirt-dr-$name.exports") cron_now=$(at_disk "$cron_dir/ocpvirt-dr-$name")
  for file in $outdated; do
    case ${1:-}$file in exports*.exports) ;; exports*) continue ;; esac
    case $(at_disk "$file") in '' | "$exports_now" | "$cron_now") continue ;; esac
    [ -f "$file" ] || continue
    if is_as_written "$file"; then
      rm -f "$file" || fail Failed "cannot remove $file"
      changed=true
    else
      theirs="$theirs $file"
    fi
  done
}

forget_outdated() {
  [ -n "$outdated" ] || return 0
  drop_outdated
  [ -z "$theirs" ] || fail Exists "not as the agent has written it, and in no folder of the plan; remove it:$theirs"
  put outdated ''
}
"""
