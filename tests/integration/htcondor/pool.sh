#!/usr/bin/env bash
# pool.sh: a real, throw-away HTCondor personal pool on a Debian 12+ machine, for tests.
#
# HTCondor is not packaged in bookworm, so a small trixie tree is made: its packages are fetched
# with the host's apt (its own lists and status: the host's are not touched) and unpacked, no
# maintainer script is run. The pool runs in its own PID, mount, network, IPC and UTS namespaces:
# it has a private loopback only (nothing leaves the machine, port 9618 cannot clash), its mounts
# vanish with it, and stopping it is killing one process (its PID 1).
#
# As root: daemons are root and condor, jobs run as the submitting user, as on a real pool.
# As another user (where the kernel lets users make user namespaces): a "personal HTCondor", all
# as that user. It differs: see the notes on privilege in live.md.
#
#   pool.sh [-d DIR] [-s STATE] VERB [ARGS]
#
#   install            make DIR/root (idempotent; about 10 s, 63 MB fetched, 0.25 GB). Needs a Debian mirror.
#   start              start the pool and wait until it answers (idempotent)
#   stop [-g|-f]       stop it: fast shutdown, then kill its PID 1 if that takes over HTC_STOP_S. Jobs that ran are
#                      still "running" in the queue: after a start they are retried when their lease ends (30 s here).
#                      -g: gracefully, running jobs are evicted first and start at once after a start. -f: kill at once
#   exec CMD...        run CMD in the pool as the submitting user, in the caller's directory if the pool has it
#   exec -r CMD...     the same as root (condor_off, condor_qedit of others' jobs, looking at the spool)
#   status             exit 0 if the pool runs and answers, 1 if not
#   reset              stop and wipe the pool's state (queue, logs, spool, history)
#   run CMD...         start, exec CMD..., stop; exit with CMD's status
#   logs               the paths of the daemons' logs on the host
#   destroy            stop, and remove STATE (and DIR/root with -a)
#
#   possible           exit 0 if a pool can be had here, else say in one sentence why not
#
#   -d DIR    the installation        (default $HTC_DIR, else ${XDG_CACHE_HOME:-$HOME/.cache}/cairn/htcondor-pool: every
#             checkout of a user shares it, a fresh one has nothing to fetch)
#   -s STATE  one pool's state        (default $HTC_STATE, else DIR/state); several pools can share one DIR
#
# Environment:
#   HTC_BIND       host folders seen in the pool at the same path, ':'-separated. STATE/share always is, and is /share
#                  too. A job (not condor_submit) has a /tmp and /var/tmp of its own, as HTCondor does by default:
#                  what a job must see outside its sandbox is best reached as /share (exec called in STATE/share
#                  starts in /share, so a job's initial directory is there).
#   HTC_CPUS       cores the startd advertises (default: nproc; may be more than there are)
#   HTC_MEMORY     MB the startd advertises (default: what it detects)
#   HTC_USER, HTC_UID, HTC_GID   the submitting user in the pool (default htc, 4242, 4242)
#   HTC_CONFIG     a file of further HTCondor configuration, read last
#   HTC_SUITE, HTC_MIRROR        default trixie, and the mirror that this machine's apt uses
#   HTC_EXTRA      further Debian packages for the tree (e.g. "gcc libc6-dev"), unpacked with the others
#   HTC_ENV        NAME=VALUE words, set for exec's command (the rest of the caller's environment is not passed)
#   HTC_QUIET      any value: no progress messages
#   HTC_START_S, HTC_STOP_S      how long start and stop wait (default 180, 5)
set -euo pipefail

SELF=$(readlink -f "$0")
NAME=pool.sh QUIET=${HTC_QUIET:-}
# shellcheck source=tests/integration/namespace.sh
. "$(dirname "$SELF")/../namespace.sh"

RECIPE=5                          # raise it when what `install` makes changes
DIR=${HTC_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cairn/htcondor-pool}
STATE=${HTC_STATE:-}
while getopts d:s:h o; do
  case $o in
    d) DIR=$OPTARG ;;
    s) STATE=$OPTARG ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; [ "$o" = h ] && exit 0; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no verb (-h for help)"
VERB=$1; shift
case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
STATE=${STATE:-$DIR/state}
case $STATE in /*) ;; *) STATE=$PWD/$STATE ;; esac

ROOT=$DIR/root
PIDFILE=$STATE/init.pid
SUITE=${HTC_SUITE:-trixie}
MIRROR=${HTC_MIRROR:-$(host_mirror)}
U=${HTC_USER:-htc}; U_UID=${HTC_UID:-4242}; U_GID=${HTC_GID:-4242}
START_S=${HTC_START_S:-180}; STOP_S=${HTC_STOP_S:-5}
CPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

ME=$(id -u)                       # 0: the pool has users; else everything in it is the submitting user

# ---------------------------------------------------------------- install
MADE="recipe $RECIPE $SUITE unpack ${HTC_EXTRA:-}"
is_installed() { [ -f "$DIR/installed" ] && [ "$(head -1 "$DIR/installed")" = "$MADE" ] && [ -x "$ROOT/usr/sbin/condor_master" ]; }
unpack() {                        # TREE
  local tree=$1
  # shellcheck disable=SC2086
  debian_tree "$tree" "$SUITE" "$MIRROR" minicondor procps findutils tar gzip ${HTC_EXTRA:-} || return 1
  echo 'condor:x:100:101:HTCondor Daemons:/var/lib/condor:/usr/sbin/nologin' >> "$tree/etc/passwd"
  echo 'condor:x:101:' >> "$tree/etc/group"
  mkdir -p "$tree"/{pool,share} "$tree/home/$U" "$tree/var/lib/condor"
}
do_install() {
  lock "$DIR/.lock"
  if is_installed; then note "already installed in $DIR"; return 0; fi
  if init_pid >/dev/null; then die "a pool is running on an old $ROOT: stop it first"; fi
  local t0=$SECONDS tree=$DIR/root.new log=$DIR/install.log
  has_tools apt-get dpkg-deb unshare nsenter flock setsid
  rm -rf --one-file-system "$ROOT" "$tree" "$DIR/apt" "$DIR/installed"; mkdir -p "$tree"; chmod 755 "$tree"; : > "$log"
  note "making $ROOT from $MIRROR $SUITE (log: $log)"
  unpack "$tree" >> "$log" 2>&1 || { tail -5 "$log" >&2; die "could not fetch or unpack (log: $log)"; }
  # the pool keeps its state outside the tree, in STATE, which is mounted at /pool
  [ -x "$tree/usr/sbin/condor_master" ] || die "no condor_master in $tree (log: $log)"
  [ -d "$tree/etc/condor/config.d" ] || die "no /etc/condor/config.d in $tree"
  mv "$tree" "$ROOT"
  { echo "$MADE"; grep -E '^(condor|minicondor|libc6)_' "$ROOT/packages"; } > "$DIR/installed.new"
  mv "$DIR/installed.new" "$DIR/installed"
  note "installed $(sed -n 2p "$DIR/installed") in $DIR in $((SECONDS - t0)) s ($(du -sm "$ROOT" | cut -f1) MB)"
}

# Says why no pool can be had, and fails; what is installed already needs no mirror.
do_possible() {
  local ns=()
  has_tools unshare nsenter setpriv flock setsid
  [ "$ME" = 0 ] || ns=(-U -r)
  unshare "${ns[@]}" -m -p -n -u -i -f --propagation private true 2>/dev/null || die "the kernel makes no namespaces for uid $ME"
  is_installed && return 0
  has_tools apt-get dpkg-deb
  [ -r $KEYRING ] || die "the package debian-archive-keyring is not installed"
  [ -n "$MIRROR" ] || die "apt knows no Debian mirror (set HTC_MIRROR)"
}

# ---------------------------------------------------------------- start
write_config() {
  local personal=
  mkdir -p "$STATE/config.d" "$STATE/local"
  # not root: the daemons are the submitting user, so that user is who they are allowed to be
  [ "$ME" = 0 ] || personal="ALLOW_DAEMON = $U@\$(UID_DOMAIN)
ALLOW_NEGOTIATOR = $U@\$(UID_DOMAIN)
ALLOW_ADMINISTRATOR = $U@\$(UID_DOMAIN)"
  # minicondor's own settings first (roles, loopback, security), then ours
  cp "$ROOT/etc/condor/config.d/"00-* "$STATE/config.d/"
  cat > "$STATE/config.d/50-pool" <<EOF
LOCAL_DIR = /pool/local
RUN = \$(LOCAL_DIR)/run
LOG = \$(LOCAL_DIR)/log
LOCK = \$(LOCAL_DIR)/lock
SPOOL = \$(LOCAL_DIR)/spool
EXECUTE = \$(LOCAL_DIR)/execute
CRED_STORE_DIR = \$(LOCAL_DIR)/cred_dir
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
CONDOR_HOST = 127.0.0.1
UID_DOMAIN = pool.test
FILESYSTEM_DOMAIN = pool.test
DEFAULT_DOMAIN_NAME = pool.test
CONDOR_ADMIN = root
${personal}
# fast: every wait that is made for pools of thousands is cut to about a second
NEGOTIATOR_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
NEGOTIATOR_MIN_INTERVAL = 1
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
UPDATE_INTERVAL = 2
UPDATE_OFFSET = 0
STARTER_UPDATE_INTERVAL = 2
STARTER_INITIAL_UPDATE_INTERVAL = 1
SHADOW_QUEUE_UPDATE_INTERVAL = 2
PERIODIC_EXPR_INTERVAL = 2
MAX_PERIODIC_EXPR_INTERVAL = 5
POLLING_INTERVAL = 1
MASTER_BACKOFF_CONSTANT = 1
MASTER_BACKOFF_CEILING = 5
RUNBENCHMARKS = 0
JOB_START_COUNT = 100
JOB_START_DELAY = 0
CONDOR_FSYNC = False
ENABLE_USERLOG_FSYNC = False
# run every job at once whatever the machine's load, and never preempt
START = True
SUSPEND = False
PREEMPT = False
KILL = False
# a job whose pool was killed is run again after this (s), not after 40 minutes
JOB_DEFAULT_LEASE_DURATION = 30
# a starter that waits for a lost shadow holds its slot this long (s), not 10 minutes
MachineMaxVacateTime = 5
WANT_SUSPEND = False
NUM_CPUS = ${HTC_CPUS:-$(nproc)}
${HTC_MEMORY:+MEMORY = $HTC_MEMORY}
EOF
  rm -f "$STATE/config.d/90-user"
  [ -z "${HTC_CONFIG:-}" ] || cp "$HTC_CONFIG" "$STATE/config.d/90-user"
}

# Not root: in our user namespace we are uid 0, to mount; HTCondor must not take us for root, so one more maps us to U_UID.
as_user() { [ "$HTC_HOST_UID" = 0 ] || echo "unshare -U --map-user=$U_UID --map-group=$U_GID --"; }

# The pool's PID 1, in its namespaces: mounts, loopback, condor_master, then wait for a signal.
do_init() {                       # HOSTPID STAMP FOLDER...
  local hostpid=$1 stamp=$2 f master stopping=; shift 2
  set +e
  mount_basics
  mount --rbind "$STATE" "$ROOT/pool" || die "init: no state"
  mount --bind "$STATE/config.d" "$ROOT/etc/condor/config.d" || die "init: no configuration"
  for f in passwd group hosts hostname; do
    [ -e "$ROOT/etc/$f" ] || : > "$ROOT/etc/$f"
    mount --bind "$STATE/etc/$f" "$ROOT/etc/$f" || die "init: no $f"
  done
  mount_folders "$STATE/share:/share" "$@"
  hostname pool
  enter_tree
  PATH=$CPATH; hash -r
  ifconfig lo 127.0.0.1 up || die "init: no loopback"
  trap '[ -z "$master" ] || kill -QUIT "$master" 2>/dev/null; stopping=y' TERM INT
  trap '[ -z "$master" ] || kill -TERM "$master" 2>/dev/null; stopping=y' USR1
  trap : HUP
  # shellcheck disable=SC2046
  $(as_user) env -i PATH=$CPATH HOME=/root LC_ALL=C.UTF-8 /usr/sbin/condor_master -f < /dev/null &
  master=$!
  say_started /pool/init.pid "$hostpid" "$stamp"
  while kill -0 "$master" 2>/dev/null; do wait "$master"; done
  echo "$(date '+%F %T') init: condor_master ended${stopping:+, as asked}" >&2
}

in_pool() {                       # in_pool USER CWD CMD...
  local user=$1 cwd=$2 p; shift 2
  p=$(init_pid) || die "the pool is not running (pool.sh start)"
  local id=(setpriv --reuid "$U_UID" --regid "$U_GID" --clear-groups) home=/home/$U ns=()
  case $cwd/ in "$STATE/share/"*) cwd=/share${cwd#"$STATE/share"} ;; esac
  if [ "$ME" != 0 ]; then
    user=$U; ns=(-U --preserve-credentials); HTC_HOST_UID=$ME
    # shellcheck disable=SC2207
    id=($(as_user))
  elif [ "$user" = root ]; then
    id=(setpriv --reuid 0 --regid 0 --clear-groups); home=/root
  fi
  # nsenter joins the namespaces, and with the mount namespace its root. The command keeps stdin and stdout.
  # shellcheck disable=SC2016,SC2086
  exec nsenter -t "$p" "${ns[@]}" -m -p -n -u -i -- "${id[@]}" \
    env -i PATH=$CPATH HOME="$home" USER="$user" LOGNAME="$user" LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" ${HTC_ENV:-} \
    sh -c 'cd "$1" 2>/dev/null || cd "$HOME" 2>/dev/null || cd /; shift; exec "$@"' sh "$cwd" "$@"
}
answers() {
  # shellcheck disable=SC2016
  ( in_pool root / sh -c '
      [ -n "$(condor_status -af Name 2>/dev/null)" ] && [ -n "$(condor_status -schedd -af Name 2>/dev/null)" ] &&
      [ -n "$(condor_status -negotiator -af Name 2>/dev/null)" ] && condor_q -totals >/dev/null 2>&1' ) 2>/dev/null
}
do_start() {
  [ -f "$DIR/installed" ] || die "not installed in $DIR (pool.sh -d $DIR install)"
  mkdir -p "$STATE"
  lock "$STATE/.lock" 120
  if init_pid >/dev/null; then
    if answers; then note "already running"; return 0; fi
  else
    local binds
    mkdir -p "$STATE/share" "$STATE/etc"; chmod 1777 "$STATE/share"
    binds=$(folders_of HTC_BIND)
    mapfile -t binds <<< "$STATE/share${binds:+$'\n'$binds}"
    rm -f "$PIDFILE"
    write_config
    local L=$STATE/local
    # the tree's passwd and group with the submitting user added
    grep -v "^$U:" "$ROOT/etc/passwd" > "$STATE/etc/passwd"; echo "$U:x:$U_UID:$U_GID::/home/$U:/bin/bash" >> "$STATE/etc/passwd"
    grep -v "^$U:" "$ROOT/etc/group"  > "$STATE/etc/group";  echo "$U:x:$U_GID:" >> "$STATE/etc/group"
    printf "127.0.0.1 pool.test pool localhost\n" > "$STATE/etc/hosts"; echo pool > "$STATE/etc/hostname"
    mkdir -p "$ROOT/home/$U"
    local c; c=$(awk -F: '$1=="condor"{print $3":"$4}' "$STATE/etc/passwd")
    mkdir -p "$L"/{run,log,lock,spool,execute,cred_dir}
    rm -rf "$L"/lock/* "$L"/run/*
    chmod 755 "$STATE" "$L" "$L"/{run,log,lock,spool,execute}; chmod 700 "$L/cred_dir"
    if [ "$ME" = 0 ]; then
      chown "$c" "$L"/{run,log,lock,spool,execute}; chown 0:0 "$L/cred_dir"; chown "$U_UID:$U_GID" "$ROOT/home/$U"
    fi
    local ns=(); [ "$ME" = 0 ] || ns=(-U -r)
    export HTC_HOST_UID=$ME
    spawn_init "$STATE/init.log" "${ns[@]}" -- "${binds[@]}"
  fi
  await_answer "$START_S" "$STATE/local/log"
}

# ---------------------------------------------------------------- the rest
do_stop() {
  local p sig=TERM wait=$STOP_S end; p=$(init_pid) || { rm -f "$PIDFILE"; return 0; }
  [ "${1:-}" != -g ] || { sig=USR1; wait=$((STOP_S + 25)); }
  if [ "${1:-}" != -f ]; then
    kill -$sig "$p" 2>/dev/null || :
    end=$((SECONDS + wait))
    while init_pid >/dev/null && [ $SECONDS -lt $end ]; do sleep 0.05; done
  fi
  kill_init
}
case $VERB in
  install) do_install ;;
  start)   do_start ;;
  stop)    do_stop "$@" ;;
  exec)             if [ "${1:-}" = -r ]; then shift; in_pool root "$PWD" "$@"; else in_pool "$U" "$PWD" "$@"; fi ;;
  possible) do_possible ;;
  status)  init_pid >/dev/null && answers ;;
  reset)   do_stop; rm -rf --one-file-system "$STATE/local" "$STATE/init.log" ;;
  run)     do_start; rc=0; ( in_pool "$U" "$PWD" "$@" ) || rc=$?; do_stop; exit $rc ;;
  logs)    ls "$STATE"/local/log/*Log* "$STATE/init.log" 2>/dev/null ;;
  destroy) do_stop; rm -rf --one-file-system "$STATE"
           [ "${1:-}" != -a ] || rm -rf --one-file-system "$ROOT" "$DIR/installed" "$DIR/install.log" ;;
  __init)  read_own_stamp; do_init "$HOST_PID" "$HOST_STAMP" "$@" ;;
  *)       die "unknown verb: $VERB (-h for help)" ;;
esac
