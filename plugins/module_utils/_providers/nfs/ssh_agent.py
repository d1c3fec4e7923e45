# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an NFS server runs for one export: a POSIX shell script. It is text here because data files don't travel."""

from __future__ import annotations

from .ssh_agent_clone import CLONE
from .ssh_agent_folders import FOLDERS
from .ssh_agent_role import ROLE
from .ssh_agent_setup import SETUP
from .ssh_agent_transfer import TRANSFER

# STATE_DIR VERB EXPORT [ARGUMENT...]; answers one line of JSON. Fed by ssh, it finds its text in the variable `agent`.
AGENT = (
    r"""#!/bin/sh
# One export of an NFS server and its copy at the peer; made by the Ansible collection ocpvirt.dr.
# shellcheck disable=SC2034,SC2154 # fields of the state, and what the peer says, are set by name
set -uf
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin  # where exportfs lies
export LC_ALL PATH
umask 077

state_dir=$1 verb=$2 name=$3
shift 3
state=$state_dir/$name.state
busy=$state_dir/$name.transfer
marker=.ocpvirt-dr

PEER_PATIENCE=4       # a status must answer although the peer is dead
TRANSFER_PATIENCE=10  # how long a change of role lets an incoming transfer end by itself
ROLE_PATIENCE=30      # a change of role may wait for two of these, and for exportfs
GRANT_PATIENCE=1      # an answer that comes too late is taken for none: the peer waits 4 s, ssh's greeting in them
DIGEST_PATIENCE=86400
FIELDS="path exports_dir cron_dir outdated clients export_options peer peer_state_dir peer_ssh_options interval \
interval_asked role epoch paused source synced snapshot open resyncing diverged last_sync recovery_point problem"
SHOWN="name path clients export_options exports_dir cron_dir peer_state_dir peer_ssh_options \
role peer interval interval_asked epoch paused source synced resyncing diverged last_sync \
recovery_point problem published changing mounted age there_role there_epoch reason message"
# modify-window: without it a disk that was written again in the second of its last transfer looks unchanged
RSYNC="-aHAXSs --numeric-ids --delete-delay --delay-updates --modify-window=-1 --timeout=60 --exclude=/$marker \
--exclude=/lost+found"

quoted() {
  case $1 in
  *[!A-Za-z0-9_.:/@\ -]*) printf '%s' "$1" | tr '\000-\037\177' '[ *]' | cut -c 1-600 | sed 's/[\\"]/\\&/g' ;;
  *) printf '%s' "$1" ;; esac
}

fail() {  # REASON MESSAGE
  printf '{"error":{"reason":"%s","message":"%s"}}\n' "$1" "$(quoted "$2")"
  exit 1
}

# reason and message out of another agent's refusal
read_refusal() {  # TEXT
  case $1 in
  *'"reason":"'*'"message":"'*)
    reason=${1#*'"reason":"'} reason=${reason%%'"'*}
    message=${1#*'"message":"'} message=$(printf '%s' "${message%'"}}'*}" | sed 's/\\\(.\)/\1/g') ;;
  *) reason=Failed message=$(printf '%s' "$1" | tail -n 1) ;; esac
}

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
seconds_since() { echo $(($(date +%s) - $(date -d "$1" +%s))); }
random() { od -An -N8 -tx1 /dev/urandom | tr -d ' \n'; }

load() {
  [ -f "$state" ] || fail NotFound "export $name is not set up on this server"
  for field in $FIELDS; do eval "$field="; done
  while IFS= read -r line; do
    field=${line%%=*}
    case " $FIELDS " in *" $field "*) eval "$field=\${line#*=}" ;; esac
  done <"$state"
}

changed=false
replace() {  # FILE: by stdin, at once; `changed` says whether it was another
  fresh=${1%/*}/.${1##*/}.new
  { cat >"$fresh" && sync "$fresh"; } || fail Failed "cannot write $1"
  if cmp -s "$fresh" "$1"; then rm -f "$fresh" && return; fi
  { mv -f "$fresh" "$1" && sync "${1%/*}"; } || fail Failed "cannot write $1"  # with its name
  changed=true
}

save() {
  text=$(for field in $FIELDS; do eval "printf '%s=%s\n' \"\$field\" \"\$$field\""; done)
  replace "$state" <<END
$text
END
}

lock_state() { { exec 8>>"$state.lock" && flock -w 10 8; } || fail Busy "the state of $name is being changed"; }
set_fields() {  # FIELD VALUE...; the state is locked, and loaded since
  while [ $# -gt 1 ]; do eval "$1=\$2" && shift 2; done
  save
  exec 8>&-
}
put() {  # FIELD VALUE...
  lock_state
  load
  set_fields "$@"
}

# Who changes or grants a role is alone with it: another one would publish between this one's publish and its note.
lock_role() {  # SECONDS [-s]: shared by those who only ask
  # shellcheck disable=SC2086 # nothing, or an option
  { exec 7>>"$state_dir/$name.role" && flock ${2:-} -w "$1" 7; } ||
    fail Busy "the role of export $name is being changed"
}
load_alone() {  # SECONDS [-s]; the first time because without a state there is nothing to lock
  load
  lock_role "$@"
  load
}

lock_transfer() {  # SECONDS; inherited by rsync, so it lasts until its last process is gone
  exec 9>>"$busy"
  flock -w "$1" 9 || fail Busy "a transfer of export $name is running"
  : >"$busy"
}

stop_incoming() {  # then holds the lock: nothing comes in any more
  exec 9>>"$busy"
  if ! flock -w "$TRANSFER_PATIENCE" 9; then
    receiver=$(cat "$busy")
    [ -z "$receiver" ] || kill "$receiver"
    flock -w "$TRANSFER_PATIENCE" 9 || fail Busy "a transfer of export $name does not end"
  fi
  : >"$busy"
}

# The file system of an export may not be mounted: an empty directory would empty the other side too.
in_place() { [ -f "$path/$marker" ] || fail Failed "$path has no file $marker: its file system is not mounted"; }

publish() {  # ro|rw: for the next boot, then now
  line=$path
  for client in $clients; do line="$line $client($1,$export_options)"; done
  replace "$exports_dir/ocpvirt-dr-$name.exports" <<END
$line
END
  drop_outdated exports
  for client in $clients; do
    said=$(exportfs -o "$1,$export_options" "$client:$path" 2>&1) || fail Failed "exportfs $1 for $client: $said"
  done
}

peer_ssh() { echo "ssh -o BatchMode=yes -o ConnectTimeout=3 -o ServerAliveInterval=5 $peer_ssh_options"; }

ask_peer() {  # SECONDS VERB ARGUMENT...; sets answer, or reason and message
  patience=$1 asked=$2
  shift 2
  # shellcheck disable=SC2046,SC2029 # words without blanks or quotes: the control has checked them
  answer=$(timeout "$patience" $(peer_ssh) "$peer" \
    "sh $peer_state_dir/agent $peer_state_dir $asked $name $*" </dev/null 2>&1)
  case $? in
  0) return 0 ;;
  124) reason=PeerUnreachable message="$peer did not answer within $patience s" ;;
  255) reason=PeerUnreachable message="$peer: $(printf '%s' "$answer" | tail -n 1)" ;;
  *) read_refusal "$answer" && message="at $peer: $message" ;; esac
  return 1
}

see_peer() {  # sets there_role and so on
  ask_peer "$PEER_PATIENCE" hello || return 1
  for field in path role epoch paused mounted now; do
    eval "there_$field=\$(printf '%s\n' \"\$answer\" | sed -n \"s/^\$field=//p\" | tail -n 1)"
  done
}

look_at_role() {  # what exportfs was asked for last, and whether another verb is about to change it
  published=ro changing=no
  # shellcheck disable=SC2086 # words
  lines=$(sed -n "\\:^$path :p" "$exports_dir/ocpvirt-dr-$name.exports" $outdated 2>/dev/null)
  case $lines in *'(rw,'*) published=rw ;; esac
  [ ! -e "$state_dir/$name.role" ] || flock -sn "$state_dir/$name.role" true || changing=yes
}

look_at_mount() { if [ -f "$path/$marker" ]; then mounted=yes; else mounted=no; fi; }
hello() {
  load
  look_at_mount
  echo "now=$(now)"
  for field in path role epoch paused mounted; do eval "printf '%s=%s\n' \"\$field\" \"\$$field\""; done
}

# The side with the older epoch needs the resync; both, where both were promoted by force.
has_diverged() {
  [ -n "$epoch" ] && [ -n "$there_epoch" ] && [ "$epoch" != "$there_epoch" ] &&
    [ "${epoch%%-*}" -le "${there_epoch%%-*}" ]
}

status() {  # facts; what they mean is for the control to say
  load
  there_role='' there_epoch='' reason='' message='' age=''
  if see_peer && has_diverged; then diverged="this side is in epoch $epoch, $peer in $there_epoch"; fi
  look_at_mount
  look_at_role
  [ -z "$last_sync" ] || age=$(seconds_since "$last_sync")
  comma='{'
  for field in $SHOWN; do
    eval "value=\$$field"
    printf '%s"%s":"%s"' "$comma" "$field" "$(quoted "$value")"
    comma=,
  done
  echo '}'
}

"""
    + FOLDERS
    + SETUP
    + TRANSFER
    + CLONE
    + ROLE
    + r"""
pause() {
  put paused yes
  [ "$role" = primary ] || stop_incoming
  echo '{"changed":true}'
}

case $verb in
status | hello | create | receive | received | push | tick | digest | grant | promote | rule_out | demote | resync | \
  pause | remove | clone | unclone)
  "$verb" "$@" ;;
sync) final_sync ;;
resume) put paused no && echo '{"changed":true}' ;;
*) fail Invalid "no verb $verb" ;; esac
"""
)
