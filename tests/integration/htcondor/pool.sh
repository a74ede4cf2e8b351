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
#   HTC_METHOD     unpack (default), or debootstrap (root only; runs maintainer scripts; about 40 s)
#   HTC_EXTRA      further Debian packages for the tree (e.g. "gcc libc6-dev"), unpacked with the others
#   HTC_ENV        NAME=VALUE words, set for exec's command (the rest of the caller's environment is not passed)
#   HTC_QUIET      any value: no progress messages
#   HTC_START_S, HTC_STOP_S      how long start and stop wait (default 60, 5)
set -euo pipefail

die()  { printf 'pool.sh: %s\n' "$*" >&2; exit 1; }
note() { [ -n "${HTC_QUIET:-}" ] || printf 'pool.sh: %s\n' "$*" >&2; }

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

SELF=$(readlink -f "$0")
ROOT=$DIR/root
PIDFILE=$STATE/init.pid
SUITE=${HTC_SUITE:-trixie}
# shellcheck disable=SC2016  # apt's own placeholder
MIRROR=${HTC_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 -E '/debian/?$' || true)}
U=${HTC_USER:-htc}; U_UID=${HTC_UID:-4242}; U_GID=${HTC_GID:-4242}
START_S=${HTC_START_S:-60}; STOP_S=${HTC_STOP_S:-5}
CPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

METHOD=${HTC_METHOD:-unpack}
ME=$(id -u)                       # 0: the pool has users; else everything in it is the submitting user

# A process is named by pid and start time, so that a reused pid is never taken for ours.
stamp_of() {
  local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086  # words
  set -- ${s##*) }; [ "$1" != Z ] || return 1; echo "${20}"
}
init_pid() {                      # host pid of the pool's PID 1, or fail
  local p t; read -r p t 2>/dev/null < "$PIDFILE" || return 1
  [ -n "$t" ] && [ "$(stamp_of "$p")" = "$t" ] && echo "$p"
}
lock() { mkdir -p "$(dirname "$1")"; exec 9>"$1"; flock -w "${2:-900}" 9 || die "another $VERB holds $1"; }

# ---------------------------------------------------------------- install
is_installed() { [ -f "$DIR/installed" ] && [ "$(head -1 "$DIR/installed")" = "recipe $RECIPE $SUITE $METHOD ${HTC_EXTRA:-}" ] && [ -x "$ROOT/usr/sbin/condor_master" ]; }
try3() { local i; for i in 1 2 3; do "$@" && return 0; [ $i = 3 ] || { note "again: $1 ${2:-}"; sleep $((i * 3)); }; done; return 1; }
unpack() {                        # TREE: fetch the packages and what they need, and unpack them
  local tree=$1 a=$DIR/apt d key=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r $key ] || die "no $key (package debian-archive-keyring)"
  mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial"; : > "$a/status"
  echo "deb [signed-by=$key] $MIRROR $SUITE main" > "$a/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$a/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::State="$a/state" -o Dir::State::status="$a/status" -o Dir::Cache="$a/cache" -o Debug::NoLocking=1
    -o APT::Install-Recommends=false -o APT::Sandbox::User="" -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any)
  try3 "${apt[@]}" update || return 1
  # -d: nothing is installed on the host; with an empty status file every dependency is fetched
  # shellcheck disable=SC2086
  try3 "${apt[@]}" -y -d --no-install-recommends install minicondor procps base-files base-passwd bash coreutils \
    util-linux mount sed grep findutils dash libc-bin mawk tar gzip hostname ${HTC_EXTRA:-} || return 1
  for d in "$a"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$d" | tar -x -C "$tree" --no-same-owner --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
      --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' || return 1
    d=${d##*/}; echo "${d%.deb}" >> "$tree/packages"
  done
  # what maintainer scripts would have done, as far as a pool needs it
  cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  echo 'condor:x:100:101:HTCondor Daemons:/var/lib/condor:/usr/sbin/nologin' >> "$tree/etc/passwd"
  echo 'condor:x:101:' >> "$tree/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files\n' > "$tree/etc/nsswitch.conf"
  [ -e "$tree/usr/bin/awk" ] || ln -s mawk "$tree/usr/bin/awk"
  [ -e "$tree/bin/sh" ] || ln -s dash "$tree/usr/bin/sh"
  : > "$tree/etc/resolv.conf"; echo UTC > "$tree/etc/timezone"
  mkdir -p "$tree"/{proc,sys,dev,tmp,run,pool,share} "$tree/home/$U" "$tree/var/lib/condor"
  rm -rf "$a"
}
bootstrap() {                     # TREE: the same with debootstrap, as an installed system
  local tree=$1 script=
  [ "$ME" = 0 ] || die "HTC_METHOD=debootstrap needs root"
  command -v debootstrap >/dev/null || {
    note "installing debootstrap"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends debootstrap > /dev/null; }
  # an older debootstrap has no script for a newer suite; sid's serves
  [ -e "/usr/share/debootstrap/scripts/$SUITE" ] || script=/usr/share/debootstrap/scripts/sid
  debootstrap --variant=minbase "$SUITE" "$tree" "$MIRROR" $script || return 1
  # no services started by packages, no fsync, no manuals
  printf '#!/bin/sh\nexit 101\n' > "$tree/usr/sbin/policy-rc.d"; chmod 755 "$tree/usr/sbin/policy-rc.d"
  printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' 'path-exclude=/usr/share/info/*' > "$tree/etc/dpkg/dpkg.cfg.d/90htc"
  printf 'APT::Install-Recommends "false";\nAcquire::Retries "3";\n' > "$tree/etc/apt/apt.conf.d/90htc"
  cp -L /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || :
  # in namespaces of its own: nothing that a package starts can stay behind
  # shellcheck disable=SC2016,SC2086
  unshare -m -p -f --propagation private --kill-child -- bash -c '
    mount -t proc proc "$1/proc"; t=$1; shift
    exec chroot "$t" env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' sh "$tree" \
    apt-get install -y minicondor procps ${HTC_EXTRA:-} < /dev/null || return 1
  chroot "$tree" apt-get clean
  rm -rf "$tree"/var/lib/apt/lists/* "$tree"/usr/share/doc/* "$tree"/usr/share/man/* "$tree"/usr/share/locale/*
  # shellcheck disable=SC2016
  chroot "$tree" dpkg-query -W -f '${Package}_${Version}_${Architecture}\n' > "$tree/packages"
  mkdir -p "$tree/pool" "$tree/share" "$tree/home/$U"
}
do_install() {
  lock "$DIR/.lock"
  if is_installed; then note "already installed in $DIR"; return 0; fi
  if init_pid >/dev/null; then die "a pool is running on an old $ROOT: stop it first"; fi
  local t0=$SECONDS tree=$DIR/root.new log=$DIR/install.log tool
  for tool in apt-get dpkg-deb unshare nsenter flock setsid; do command -v $tool >/dev/null || die "needs $tool"; done
  rm -rf --one-file-system "$ROOT" "$tree" "$DIR/apt" "$DIR/installed"; mkdir -p "$tree"; chmod 755 "$tree"; : > "$log"
  note "making $ROOT by $METHOD from $MIRROR $SUITE (log: $log)"
  case $METHOD in
    unpack)      unpack "$tree" >> "$log" 2>&1 || { tail -5 "$log" >&2; die "could not fetch or unpack (log: $log)"; } ;;
    debootstrap) bootstrap "$tree" >> "$log" 2>&1 || { tail -5 "$log" >&2; die "debootstrap failed (log: $log)"; } ;;
    *)           die "HTC_METHOD: unpack or debootstrap" ;;
  esac
  # the pool keeps its state outside the tree, in STATE, which is mounted at /pool
  [ -x "$tree/usr/sbin/condor_master" ] || die "no condor_master in $tree (log: $log)"
  [ -d "$tree/etc/condor/config.d" ] || die "no /etc/condor/config.d in $tree"
  mv "$tree" "$ROOT"
  { echo "recipe $RECIPE $SUITE $METHOD ${HTC_EXTRA:-}"; grep -E '^(condor|minicondor|libc6)_' "$ROOT/packages"; } > "$DIR/installed.new"
  mv "$DIR/installed.new" "$DIR/installed"
  note "installed $(sed -n 2p "$DIR/installed") in $DIR in $((SECONDS - t0)) s ($(du -sm "$ROOT" | cut -f1) MB)"
}

# Says why no pool can be had, and fails; what is installed already needs no mirror.
do_possible() {
  local tool ns=()
  for tool in unshare nsenter setpriv flock setsid; do command -v $tool >/dev/null || die "no pool here: $tool is not installed"; done
  [ "$ME" = 0 ] || ns=(-U -r)
  unshare "${ns[@]}" -m -p -n -u -i -f --propagation private true 2>/dev/null || die "no pool here: the kernel makes no namespaces for uid $ME"
  is_installed && return 0
  for tool in apt-get dpkg-deb; do command -v $tool >/dev/null || die "no pool here: $tool is not installed"; done
  [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] || die "no pool here: the package debian-archive-keyring is not installed"
  [ -n "$MIRROR" ] || die "no pool here: apt knows no Debian mirror (set HTC_MIRROR)"
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
  local hostpid=$1 stamp=$2 d f b p part parts master stopping=; shift 2
  set +e
  cd /
  mount --bind "$ROOT" "$ROOT"                    # a mount of its own, so that what is mounted below it is too
  mount -t proc proc "$ROOT/proc" || die "init: no proc"
  mount -t tmpfs -o mode=755,size=1m tmpfs "$ROOT/dev" || die "init: no dev"
  for d in null zero full random urandom tty; do : > "$ROOT/dev/$d"; mount --bind "/dev/$d" "$ROOT/dev/$d"; done
  ln -s /proc/self/fd "$ROOT/dev/fd"
  for d in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${d%:*}" "$ROOT/dev/${d#*:}"; done
  mkdir "$ROOT/dev/shm" "$ROOT/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$ROOT/dev/pts" && ln -s pts/ptmx "$ROOT/dev/ptmx"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/run" && mkdir -m 1777 "$ROOT/run/lock"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp" || die "init: no /tmp"   # before the binds: some are under /tmp
  mount --rbind "$STATE" "$ROOT/pool" || die "init: no state"
  mount --bind "$STATE/config.d" "$ROOT/etc/condor/config.d" || die "init: no configuration"
  for f in passwd group hosts hostname; do
    [ -e "$ROOT/etc/$f" ] || : > "$ROOT/etc/$f"
    mount --bind "$STATE/etc/$f" "$ROOT/etc/$f" || die "init: no $f"
  done
  for b in "$STATE/share:/share" "$@"; do           # the folders, at the same path, reachable by anyone
    d=${b#*:}; b=${b%%:*}
    p=$ROOT; IFS=/ read -ra parts <<< "${d#/}"
    for part in "${parts[@]}"; do
      p=$p/$part
      [ -d "$p" ] || mkdir -m 755 "$p" || die "init: cannot make $p"
      [ -n "$(find "$p" -maxdepth 0 -perm -001)" ] || chmod o+x "$p"
    done
    mount --rbind "$b" "$ROOT$d" || die "init: cannot bind $b"
  done
  hostname pool
  # not chroot: in a chroot no user namespace can be made. From here on the tree is /, the host's is gone.
  if ! { cd "$ROOT" && pivot_root . . && umount -l . && cd /; }; then die "init: cannot pivot to $ROOT"; fi
  PATH=$CPATH; hash -r
  ifconfig lo 127.0.0.1 up || die "init: no loopback"
  trap '[ -z "$master" ] || kill -QUIT "$master" 2>/dev/null; stopping=y' TERM INT
  trap '[ -z "$master" ] || kill -TERM "$master" 2>/dev/null; stopping=y' USR1
  trap : HUP
  # shellcheck disable=SC2046
  $(as_user) env -i PATH=$CPATH HOME=/root LC_ALL=C.UTF-8 /usr/sbin/condor_master -f < /dev/null &
  master=$!
  echo "$hostpid $stamp" > /pool/init.pid.new; mv /pool/init.pid.new /pool/init.pid
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
    local b binds=("$STATE/share") l
    mkdir -p "$STATE/share" "$STATE/etc"; chmod 1777 "$STATE/share"
    IFS=: read -ra l <<< "${HTC_BIND:-}"
    for b in "${l[@]}"; do
      [ -n "$b" ] || continue
      case $b in /*) ;; *) die "HTC_BIND: $b is not an absolute path" ;; esac
      [ -d "$b" ] || die "HTC_BIND: no folder $b"
      binds+=("$b")
    done
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
    # setsid: the pool must outlive the shell that started it
    local ns=(); [ "$ME" = 0 ] || ns=(-U -r)
    HTC_HOST_UID=$ME setsid unshare "${ns[@]}" -m -p -n -u -i -f --propagation private --kill-child -- \
      bash "$SELF" -d "$DIR" -s "$STATE" __init "${binds[@]}" < /dev/null >> "$STATE/init.log" 2>&1 9>&- &
    local u=$! i
    for ((i = 0; i < 100; i++)); do
      init_pid >/dev/null && break
      kill -0 $u 2>/dev/null || { tail -5 "$STATE/init.log" >&2; die "the pool did not start (log: $STATE/init.log)"; }
      sleep 0.1
    done
    disown $u 2>/dev/null || :
  fi
  local end=$((SECONDS + START_S))
  until answers; do
    init_pid >/dev/null || { tail -5 "$STATE/init.log" >&2; die "the pool ended while starting (logs: $STATE/local/log)"; }
    [ $SECONDS -lt $end ] || die "the pool does not answer after $START_S s (logs: $STATE/local/log)"
    sleep 0.2
  done
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
  # PID 1 of a PID namespace: the kernel ends everything in it with it
  if p=$(init_pid); then kill -KILL "$p" 2>/dev/null || :; fi
  end=$((SECONDS + 10))
  while init_pid >/dev/null; do [ $SECONDS -lt $end ] || die "pid $p will not end"; sleep 0.05; done
  rm -f "$PIDFILE"
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
  __init)  # /proc is still the host's here: it says what our pid and start time are there
           read -r hp rest < /proc/self/stat; rest=${rest##*) }; read -ra rest <<< "$rest"
           do_init "$hp" "${rest[19]}" "$@" ;;
  *)       die "unknown verb: $VERB (-h for help)" ;;
esac
