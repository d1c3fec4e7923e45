# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's functions that copy an export for a rehearsal, and remove the copy."""

from __future__ import annotations

CLONE = r"""
of_clone=.ocpvirt-dr-clone

find_clone() {  # NAME; sets copy and listed
  load
  case $1 in '' | *[!a-z0-9-]*) fail Invalid "$1 is no name of a clone" ;; esac
  copy=$path.$1 listed=$exports_dir/ocpvirt-dr-$name.$1.exports
  for there in "$copy" "$copy.new"; do
    [ ! -e "$there" ] || [ -f "$there/$of_clone" ] || fail Exists "$there is there, and is no clone of export $name"
  done
}

copy_content() {  # as it is between two transfers
  in_place
  lock_transfer 300
  load
  [ "$open" = no ] || fail NotSynced 'a transfer to this side has not completed'
  rm -rf "$copy.new"
  { mkdir "$copy.new" && printf '%s' "$last_sync" >"$copy.new/$of_clone" &&
    cp -a --reflink=auto "$path/." "$copy.new/" && rm -f "$copy.new/$marker" && mv "$copy.new" "$copy"; } ||
    fail Failed "cannot copy $path to $copy"
}

clone() {  # NAME: a writable copy, exported beside the original; one that is there stays
  find_clone "$1"
  [ -e "$copy" ] || copy_content
  path=$copy exported=$name
  name=$name.$1
  publish rw
  name=$exported
  printf '{"path":"%s","taken":"%s"}\n' "$(quoted "$copy")" "$(quoted "$(cat "$copy/$of_clone")")"
}

unclone() {  # NAME
  find_clone "$1"
  [ -e "$copy" ] || [ -e "$copy.new" ] || [ -e "$listed" ] || { echo '{"changed":false}' && return; }
  for client in $clients; do
    # of one that was never exported it says so, and that is right
    exportfs -u "$client:$copy" >/dev/null 2>&1
  done
  rm -rf "$listed" "$copy" "$copy.new" || fail Failed "cannot remove $copy"
  echo '{"changed":true}'
}

"""
