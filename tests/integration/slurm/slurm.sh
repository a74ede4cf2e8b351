#!/usr/bin/env bash
# slurm.sh: a real, throw-away Slurm on one Debian machine, for tests.
#
# A small tree is made of bookworm's packages (Slurm 22.05): fetched with this machine's apt, whose
# own lists and status are not touched, and unpacked; no maintainer script is run.  slurmctld, slurmd
# and munged run in PID, mount, network, IPC and UTS namespaces of their own: nothing leaves the
# machine, no port clashes, and stopping it all is killing one process (its PID 1).  What a job sees
# is that bare tree, so a job that runs here runs where nothing of Cairn is installed.
#
#   slurm.sh [-d DIR] [-s STATE] VERB [ARGS]
#
#   install            make DIR/root (repeated: nothing; about 10 s, 34 MB fetched, 0.15 GB)
#   start              start Slurm and wait until it answers (repeated: nothing)
#   stop               end all of it at once; a job that ran is requeued by the next start
#   exec CMD...        run CMD in it, in this directory if it is seen there
#   bin                print the folder with sbatch, squeue, scancel, scontrol and sinfo, for PATH
#   status             exit 0 if it runs and answers
#   possible           exit 0 if it can be had here, else say why not
#   reset              stop, and forget all jobs and STATE/share
#   destroy            stop, and remove STATE
#
#   -d DIR    the installation     (default $SLURM_DIR, else ${XDG_CACHE_HOME:-$HOME/.cache}/cairn/slurm)
#   -s STATE  one Slurm's state    (default $SLURM_STATE, else DIR/state); several can share one DIR
#
# Environment, at start:
#   SLURM_BIND      folders that are seen inside at the same path, ':'-separated (STATE/share always is)
#   SLURM_CPUS      cores of each node (default 4; may be more than there are)
#   SLURM_CONF_ADD  a file of further configuration, read last
#   SLURM_MIRROR    default: the one that this machine's apt uses
#   SLURM_START_S   how long start waits (default 60)
# Two nodes, n1 and n2.  Partitions: `low` (default; its jobs are preempted and requeued) and `high`.
set -euo pipefail

die()  { printf 'slurm.sh: %s\n' "$*" >&2; exit 1; }
note() { [ -n "${SLURM_QUIET:-}" ] || printf 'slurm.sh: %s\n' "$*" >&2; }

RECIPE=1                          # raise it when what `install` makes changes
DIR=${SLURM_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cairn/slurm}
STATE=${SLURM_STATE:-}
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
SUITE=bookworm
INSIDE_PATH=/usr/sbin:/usr/bin:/sbin:/bin

# A process is named by pid and start time, so that a reused pid is never taken for ours.
stamp_of() { local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; s=${s##*) }; set -- $s; [ "$1" != Z ] || return 1; echo "${20}"; }
init_pid() {                      # pid of our PID 1 as seen from here, or fail
  local p t; read -r p t 2>/dev/null < "$PIDFILE" || return 1
  [ -n "$t" ] && [ "$(stamp_of "$p")" = "$t" ] && echo "$p"
}
lock() { mkdir -p "$(dirname "$1")"; exec 9>"$1"; flock -w "${2:-900}" 9 || die "another $VERB holds $1"; }

# ---------------------------------------------------------------- install
is_installed() { [ "$(head -1 "$DIR/installed" 2>/dev/null)" = "recipe $RECIPE" ] && [ -x "$ROOT/usr/sbin/slurmctld" ]; }
thrice() { local i; for i in 1 2 3; do "$@" && return 0; [ $i = 3 ] || sleep $((i * 2)); done; return 1; }

unpack() {                        # TREE
  local tree=$1 a=$DIR/apt d key=/usr/share/keyrings/debian-archive-keyring.gpg mirror
  mirror=${SLURM_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 -E '/debian/?$' || true)}
  [ -n "$mirror" ] || { echo "apt knows no Debian mirror"; return 1; }
  [ -r $key ] || { echo "no $key (package debian-archive-keyring)"; return 1; }
  mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial"; : > "$a/status"
  echo "deb [signed-by=$key] $mirror $SUITE main" > "$a/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$a/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::State="$a/state" -o Dir::State::status="$a/status" -o Dir::Cache="$a/cache" -o Debug::NoLocking=1
    -o APT::Install-Recommends=false -o APT::Sandbox::User="" -o Acquire::Languages=none -o APT::Update::Error-Mode=any)
  thrice "${apt[@]}" update || return 1
  # -d with an empty status file: nothing is installed here, and every dependency is fetched
  thrice "${apt[@]}" -y -d install slurmctld slurmd slurm-client munge base-files base-passwd bash coreutils \
    dash libc-bin sed grep mawk hostname util-linux mount net-tools libstdc++6 || return 1
  for d in "$a"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$d" | tar -x -C "$tree" --no-same-owner --exclude='./usr/share/doc/*' \
      --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' || return 1
  done
  # what maintainer scripts would have done, as far as it is needed
  cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files\n' > "$tree/etc/nsswitch.conf"
  rm -f "$tree"/usr/lib/*/slurm-wlm/mpi_pmix*                 # wants libpmix, and complains
  for d in slurmctld slurmd slurmstepd; do ln -s $d-wlm "$tree/usr/sbin/$d"; done
  [ -e "$tree/bin/sh" ] || ln -s dash "$tree/bin/sh"
  [ -e "$tree/usr/bin/awk" ] || ln -s mawk "$tree/usr/bin/awk"
  : > "$tree/etc/resolv.conf"; echo UTC > "$tree/etc/timezone"
  mkdir -p "$tree"/{proc,sys,dev,tmp,run,state,root} "$tree"/etc/{slurm,munge}
  rm -rf "$a"
}

is_possible() {
  local tool
  [ "$(id -u)" = 0 ] || die "Slurm's daemons need root"
  for tool in apt-get dpkg-deb unshare nsenter flock setsid; do command -v $tool >/dev/null || die "there is no $tool"; done
  unshare -m -p -n -u -i -f --propagation private true 2>/dev/null || die "no namespaces can be made here"
}
do_install() {
  is_possible
  lock "$DIR/.lock"
  is_installed && { note "already installed in $DIR"; return 0; }
  local t0=$SECONDS tree=$DIR/root.new log=$DIR/install.log
  if init_pid >/dev/null; then die "an older one is running from $ROOT: stop it first"; fi
  rm -rf --one-file-system "$ROOT" "$tree" "$DIR/apt" "$DIR/installed"; mkdir -p "$tree"; chmod 755 "$tree"
  unpack "$tree" > "$log" 2>&1 || die "the packages could not be had: $(tail -1 "$log") (log: $log)"
  [ -x "$tree/usr/sbin/slurmctld" ] || die "no slurmctld in the packages (log: $log)"
  mv "$tree" "$ROOT"
  echo "recipe $RECIPE" > "$DIR/installed"
  note "installed $(chroot "$ROOT" /usr/sbin/slurmd -V) in $DIR in $((SECONDS - t0)) s"
}

# ---------------------------------------------------------------- start
NODES="n1 n2"
ADDRESS=10.0.0.1                  # getaddrinfo() finds nothing where there is only 127.0.0.1
write_config() {
  local n port=6818
  mkdir -p "$STATE/etc" "$STATE"/log
  # Unused, but slurmd looks for what is mounted unless told.
  echo CgroupPlugin=cgroup/v1 > "$STATE/etc/cgroup.conf"
  # 30 s and more are made to seconds.  cred_expire: a job that is requeued waits that long, plus 1 s.
  cat > "$STATE/etc/slurm.conf" <<CONF
ClusterName=cairn
SlurmctldHost=slurm($ADDRESS)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=/run/munge.socket,cred_expire=5
StateSaveLocation=/state/ctld
SlurmctldLogFile=/state/log/slurmctld.log
SlurmctldPidFile=/run/slurmctld.pid
SlurmdLogFile=/state/log/slurmd-%n.log
SlurmdPidFile=/run/slurmd-%n.pid
SlurmdSpoolDir=/state/slurmd-%n
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0,default_queue_depth=1000,requeue_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=30
InactiveLimit=0
KillWait=5
MinJobAge=300
Waittime=0
MailProg=/bin/true
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
CONF
  for n in $NODES; do
    echo "NodeName=$n NodeHostname=slurm NodeAddr=$ADDRESS Port=$port CPUs=${SLURM_CPUS:-4} RealMemory=4000 TmpDisk=10000 State=UNKNOWN"
    port=$((port + 1))
  done >> "$STATE/etc/slurm.conf"
  cat >> "$STATE/etc/slurm.conf" <<CONF
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=ALL MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=10 PreemptMode=OFF
CONF
  [ -z "${SLURM_CONF_ADD:-}" ] || cat "$SLURM_CONF_ADD" >> "$STATE/etc/slurm.conf"
}

# PID 1, in the namespaces: mounts, loopback, daemons, then wait for a signal.
do_init() {                       # HOSTPID STAMP FOLDER...
  local hostpid=$1 stamp=$2 b d part parts p n ctld; shift 2
  set +e
  cd /
  mount --bind "$ROOT" "$ROOT"
  mount -t proc proc "$ROOT/proc" || die "init: no proc"
  mount -t tmpfs -o mode=755,size=1m tmpfs "$ROOT/dev" || die "init: no dev"
  for d in null zero full random urandom tty; do : > "$ROOT/dev/$d"; mount --bind "/dev/$d" "$ROOT/dev/$d"; done
  ln -s /proc/self/fd "$ROOT/dev/fd"
  for d in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${d%:*}" "$ROOT/dev/${d#*:}"; done
  mkdir "$ROOT/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp" || die "init: no /tmp"    # before the binds: some are below /tmp
  mount --rbind "$STATE" "$ROOT/state" || die "init: no state"
  mount --bind "$STATE/etc" "$ROOT/etc/slurm" || die "init: no configuration"
  for b in "$@"; do
    p=$ROOT; IFS=/ read -ra parts <<< "${b#/}"
    for part in "${parts[@]}"; do p=$p/$part; [ -d "$p" ] || mkdir -m 755 "$p" || die "init: cannot make $p"; done
    mount --rbind "$b" "$ROOT$b" || die "init: cannot bind $b"
  done
  hostname slurm
  cd "$ROOT" && pivot_root . . && umount -l . && cd / || die "init: cannot pivot to $ROOT"
  export PATH=$INSIDE_PATH HOME=/root LC_ALL=C.UTF-8; hash -r
  unset "${!SLURM_@}"
  ifconfig lo 127.0.0.1 up && ifconfig lo:1 $ADDRESS netmask 255.255.255.255 up || die "init: no loopback"
  printf '127.0.0.1 localhost\n%s slurm\n' $ADDRESS > /etc/hosts
  # munged wants its folders to be nobody else's
  mkdir -p -m 700 /run/munge /etc/munge
  [ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 2>/dev/null
  chmod 600 /etc/munge/munge.key
  munged -f --socket=/run/munge.socket --key-file=/etc/munge/munge.key --pid-file=/run/munge/munged.pid \
    --log-file=/state/log/munged.log --seed-file=/run/munge/munged.seed || die "init: no munged"
  mkdir -p /state/ctld
  slurmctld -D > /state/log/slurmctld.err 2>&1 & ctld=$!
  for n in $NODES; do
    mkdir -p /state/slurmd-$n
    slurmd -D -N $n > /state/log/slurmd-$n.err 2>&1 &
  done
  trap 'exit 0' TERM INT
  trap : HUP
  echo "$hostpid $stamp" > /state/init.pid.new; mv /state/init.pid.new /state/init.pid
  # as PID 1 it also reaps what daemons leave
  while kill -0 $ctld 2>/dev/null; do wait -n; done
}

inside() {                        # CMD...; stdin, stdout and working folder are kept
  local p; p=$(init_pid) || die "Slurm is not running (slurm.sh start)"
  # shellcheck disable=SC2016
  exec nsenter -t "$p" -m -p -n -u -i -- env -i PATH=$INSIDE_PATH HOME=/root USER=root LC_ALL=C.UTF-8 \
    sh -c 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"' sh "$PWD" "$@"
}
answers() { ( inside sh -c '[ "$(sinfo -h -N -p low -t idle,alloc,mix,comp -o %N | wc -l)" = "$1" ]' sh "$(wc -w <<< "$NODES")" ) >/dev/null 2>&1; }

do_start() {
  is_installed || die "not installed in $DIR (slurm.sh -d $DIR install)"
  mkdir -p "$STATE"
  lock "$STATE/.lock" 120
  if init_pid >/dev/null; then
    answers && { note "already running"; return 0; }
  else
    local b l binds=("$STATE/share") u i
    mkdir -p "$STATE/share"
    IFS=: read -ra l <<< "${SLURM_BIND:-}"
    for b in "${l[@]}"; do
      [ -n "$b" ] || continue
      case $b in /*) ;; *) die "SLURM_BIND: $b is not an absolute path" ;; esac
      [ -d "$b" ] || die "SLURM_BIND: no folder $b"
      binds+=("$b")
    done
    rm -f "$PIDFILE"
    write_config
    # setsid: it must outlive the shell that started it
    setsid unshare -m -p -n -u -i -f --propagation private --kill-child -- \
      bash "$SELF" -d "$DIR" -s "$STATE" __init "${binds[@]}" < /dev/null >> "$STATE/log/init.log" 2>&1 9>&- &
    u=$!
    for ((i = 0; i < 100; i++)); do
      init_pid >/dev/null && break
      kill -0 $u 2>/dev/null || { tail -5 "$STATE/log/init.log" >&2; die "Slurm did not start (log: $STATE/log/init.log)"; }
      sleep 0.1
    done
    disown $u 2>/dev/null || :
  fi
  local end=$((SECONDS + ${SLURM_START_S:-60}))
  until answers; do
    init_pid >/dev/null || die "Slurm ended while starting (logs: $STATE/log)"
    [ $SECONDS -lt $end ] || die "Slurm does not answer after ${SLURM_START_S:-60} s (logs: $STATE/log)"
    sleep 0.2
  done
  write_shims
}
write_shims() {
  local c
  mkdir -p "$STATE/bin"
  for c in sbatch squeue scancel scontrol sinfo; do
    printf '#!/bin/sh\nexec %q -d %q -s %q exec %s "$@"\n' "$SELF" "$DIR" "$STATE" $c > "$STATE/bin/$c.new"
    chmod 755 "$STATE/bin/$c.new"; mv "$STATE/bin/$c.new" "$STATE/bin/$c"
  done
}

# ---------------------------------------------------------------- the rest
do_stop() {
  local p end
  # PID 1 of a PID namespace: the kernel ends everything in it with it
  if p=$(init_pid); then kill -KILL "$p" 2>/dev/null || :; fi
  end=$((SECONDS + 10))
  while init_pid >/dev/null; do [ $SECONDS -lt $end ] || die "pid $p will not end"; sleep 0.05; done
  rm -f "$PIDFILE"
}
case $VERB in
  install) do_install ;;
  start)   do_start ;;
  stop)    do_stop ;;
  exec)    inside "$@" ;;
  bin)     echo "$STATE/bin" ;;
  possible) is_possible ;;
  status)  init_pid >/dev/null && answers ;;
  reset)   do_stop; rm -rf --one-file-system "$STATE"/ctld "$STATE"/slurmd-* "$STATE"/log "$STATE"/share ;;
  destroy) do_stop; rm -rf --one-file-system "$STATE" ;;
  __init)  # /proc is still the host's here: it says what our pid and start time are there
           read -r hp rest < /proc/self/stat; rest=${rest##*) }; read -ra rest <<< "$rest"
           do_init "$hp" "${rest[19]}" "$@" ;;
  *)       die "unknown verb: $VERB (-h for help)" ;;
esac
