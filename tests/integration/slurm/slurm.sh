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
#   SLURM_START_S   how long start waits (default 180)
# Two nodes, n1 and n2.  Partitions: `low` (default; its jobs are preempted and requeued) and `high`.
set -euo pipefail

SELF=$(readlink -f "$0")
NAME=slurm.sh QUIET=${SLURM_QUIET:-}
# shellcheck source=tests/integration/namespace.sh
. "$(dirname "$SELF")/../namespace.sh"

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

ROOT=$DIR/root
PIDFILE=$STATE/init.pid
SUITE=bookworm
INSIDE_PATH=/usr/sbin:/usr/bin:/sbin:/bin

# ---------------------------------------------------------------- install
is_installed() { [ "$(head -1 "$DIR/installed" 2>/dev/null)" = "recipe $RECIPE" ] && [ -x "$ROOT/usr/sbin/slurmctld" ]; }
unpack() {                        # TREE
  local tree=$1 d
  debian_tree "$tree" $SUITE "${SLURM_MIRROR:-$(host_mirror)}" slurmctld slurmd slurm-client munge net-tools libstdc++6 || return 1
  rm -f "$tree"/usr/lib/*/slurm-wlm/mpi_pmix*                 # wants libpmix, and complains
  for d in slurmctld slurmd slurmstepd; do ln -s $d-wlm "$tree/usr/sbin/$d"; done
  mkdir -p "$tree/state" "$tree"/etc/{slurm,munge}
}

is_possible() {
  [ "$(id -u)" = 0 ] || die "Slurm's daemons need root"
  has_tools apt-get dpkg-deb unshare nsenter flock setsid
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
  local hostpid=$1 stamp=$2 n ctld; shift 2
  set +e
  mount_basics
  mount --rbind "$STATE" "$ROOT/state" || die "init: no state"
  mount --bind "$STATE/etc" "$ROOT/etc/slurm" || die "init: no configuration"
  mount_folders "$@"
  hostname slurm
  enter_tree
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
  say_started /state/init.pid "$hostpid" "$stamp"
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
    local binds
    mkdir -p "$STATE/share"
    binds=$(folders_of SLURM_BIND)
    mapfile -t binds <<< "$STATE/share${binds:+$'\n'$binds}"
    rm -f "$PIDFILE"
    write_config
    spawn_init "$STATE/log/init.log" -- "${binds[@]}"
  fi
  await_answer "${SLURM_START_S:-180}" "$STATE/log"
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
do_stop() { kill_init; }
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
  __init)  read_own_stamp; do_init "$HOST_PID" "$HOST_STAMP" "$@" ;;
  *)       die "unknown verb: $VERB (-h for help)" ;;
esac
