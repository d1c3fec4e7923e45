# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's functions that set an export up for its plan, and end its replication."""

from __future__ import annotations

SETUP = r"""
withdraw() {  # CLIENT...: of an earlier plan; what the kernel still exports to them, no demotion would reach
  for client in "$@"; do
    said=$(exportfs -u "$client:$path" 2>&1) || case $said in
    *'ould not find'*) ;;  # as after a reboot
    *) fail Failed "exportfs -u for $client: $said" ;; esac
  done
}

others_than() {  # CLIENTS CLIENTS: those of the second that are not of the first
  for client in $2; do
    case " $1 " in *" $client "*) ;; *) printf '%s ' "$client" ;; esac
  done
}

set_up() {  # ROLE PATH of a new export
  [ -d "$2" ] || fail Invalid "$2 is no directory on this server"
  content=$(find "$2" -mindepth 1 -maxdepth 1 ! -name "$marker" ! -name lost+found -print -quit)
  [ "$1" = primary ] || [ -z "$content" ] ||
    fail Exists "$2 is not empty, and the first transfer would delete what a secondary has: empty it first"
  for field in $FIELDS; do eval "$field="; done
  role=$1 path=$2 paused=no source=no open=no resyncing=no
  [ "$role" = secondary ] || epoch=1-$(random)
  : >"$path/$marker" || fail Failed "cannot write to $path"
}

create() {  # ROLE PATH CLIENTS EXPORT_OPTIONS PEER PEER_STATE_DIR PEER_SSH_OPTIONS INTERVAL EXPORTS_DIR CRON_DIR
  for program in rsync exportfs ssh flock timeout sha256sum awk; do
    command -v "$program" >/dev/null || fail Failed "$program is not installed on this server"
  done
  [ -d "${10}" ] || fail Failed "${10} is no directory on this server: cron is not installed"
  mkdir -p "$state_dir" "$9" || fail Failed "cannot make $state_dir and $9"
  lock_role "$ROLE_PATIENCE"
  lock_state
  if [ -f "$state" ]; then
    load
    [ "$path" = "$2" ] || fail Exists "export $name is set up with $path, not $2"
  else
    set_up "$1" "$2"
  fi
  gone=$(others_than "$3" "$clients")
  # with the new ones until they are withdrawn, so that no change of role in between leaves one out
  clients="$3${gone:+ ${gone% }}" export_options=$4 peer=$5 peer_state_dir=$6 peer_ssh_options=$7 interval_asked=$8
  change_folders "$9" "${10}"
  interval=$(((interval_asked + 59) / 60 * 60))  # cron's minutes
  replace "$state_dir/agent" <<END
$agent
END
  save
  exec 8>&-
  mode=ro
  [ "$role" != primary ] || mode=rw
  publish $mode
  if [ -n "$gone" ]; then
    # shellcheck disable=SC2086 # words
    withdraw $gone
    put clients "$3"
    publish $mode
  fi
  replace "$cron_dir/ocpvirt-dr-$name" <<END
* * * * * root sh $state_dir/agent $state_dir tick $name >/dev/null 2>&1
END
  forget_outdated
  printf '{"changed":%s,"interval_seconds":%s}\n' "$changed" "$interval"
}

remove() {  # the end of replication: data stays, and the export as it is, since VMs may use it
  [ -f "$state" ] || { echo '{"changed":false}' && return; }
  load
  stop_incoming
  drop_outdated
  rm -f "$cron_dir/ocpvirt-dr-$name" "$path/$marker" "$state" "$state.lock" "$busy" "$state_dir/$name.role" \
    "$state_dir/$name.files" "$state_dir/$name.digest" || fail Failed "cannot remove $state"
  echo '{"changed":true}'
}
"""
