# What pool.sh and slurm.sh share: a small tree of Debian packages, and daemons that run in it in PID, mount, network, IPC
# and UTS namespaces of their own: nothing leaves the machine, no port clashes, and stopping it all is killing one process (its PID 1).
#
# Sourced, with
#   NAME     of the script, for messages
#   QUIET    any value: no notes
#   DIR ROOT STATE PIDFILE SELF VERB   as the scripts set them
# shellcheck shell=bash

die()  { printf '%s: %s\n' "$NAME" "$*" >&2; exit 1; }
note() { [ -n "${QUIET:-}" ] || printf '%s: %s\n' "$NAME" "$*" >&2; }
lock() { mkdir -p "$(dirname "$1")"; exec 9>"$1"; flock -w "${2:-900}" 9 || die "another $VERB holds $1"; }
thrice() { local i; for i in 1 2 3; do "$@" && return 0; [ $i = 3 ] || { note "again: $1 ${2:-}"; sleep $((i * 3)); }; done; return 1; }

# A process is named by pid and start time, so that a reused pid is never taken for ours.
stamp_of() {
  local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086  # words
  set -- ${s##*) }; [ "$1" != Z ] || return 1; echo "${20}"
}
init_pid() {                      # pid of our PID 1 as seen from here, or fail
  local p t; read -r p t 2>/dev/null < "$PIDFILE" || return 1
  [ -n "$t" ] && [ "$(stamp_of "$p")" = "$t" ] && echo "$p"
}
# Before a /proc of our own is mounted, that of the host says what our pid and start time are there.
read_own_stamp() { local rest; read -r HOST_PID rest < /proc/self/stat; rest=${rest##*) }; read -ra rest <<< "$rest"; HOST_STAMP=${rest[19]}; }

# ---------------------------------------------------------------- the tree
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016  # apt's own placeholder
host_mirror() { apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 -E '/debian/?$' || true; }
has_tools() { local tool; for tool; do command -v "$tool" >/dev/null || die "$tool is not installed"; done; }
# Fetches with this machine's apt, whose own lists and status are not touched: they are made anew in DIR/apt.
own_apt() {                       # SUITE MIRROR; sets APT
  local suite=$1 mirror=$2 a=$DIR/apt
  [ -n "$mirror" ] || { echo "apt knows no Debian mirror"; return 1; }
  [ -r $KEYRING ] || { echo "no $KEYRING (package debian-archive-keyring)"; return 1; }
  mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial"; : > "$a/status"
  echo "deb [signed-by=$KEYRING] $mirror $suite main" > "$a/sources.list"
  APT=(-qq -o Dir::Etc::sourcelist="$a/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::State="$a/state" -o Dir::State::status="$a/status" -o Dir::Cache="$a/cache" -o Debug::NoLocking=1
    -o APT::Install-Recommends=false -o APT::Sandbox::User="" -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any)
  thrice apt-get "${APT[@]}" update
}
# No maintainer script is run.
debian_tree() {                   # TREE SUITE MIRROR PACKAGE...
  local tree=$1 suite=$2 mirror=$3 a=$DIR/apt d APT; shift 3
  own_apt "$suite" "$mirror" || return 1
  # -d with an empty status file: nothing is installed here, and every dependency is fetched
  thrice apt-get "${APT[@]}" -y -d install base-files base-passwd bash coreutils dash grep hostname libc-bin mawk mount sed util-linux "$@" || return 1
  for d in "$a"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$d" | tar -x -C "$tree" --no-same-owner --exclude='./usr/share/doc/*' \
      --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' || return 1
    d=${d##*/}; echo "${d%.deb}" >> "$tree/packages"
  done
  # what maintainer scripts would have done, as far as it is needed
  cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files\n' > "$tree/etc/nsswitch.conf"
  [ -e "$tree/usr/bin/awk" ] || ln -s mawk "$tree/usr/bin/awk"
  [ -e "$tree/bin/sh" ] || ln -s dash "$tree/bin/sh"
  : > "$tree/etc/resolv.conf"; echo UTC > "$tree/etc/timezone"
  mkdir -p "$tree"/{proc,sys,dev,tmp,run,root}
  rm -rf "$a"
}

# ---------------------------------------------------------------- its PID 1
# /proc, /dev, /run and /tmp of the tree's own; /tmp before what is bound: some of that is below /tmp.
mount_basics() {
  local d
  cd / && mount --bind "$ROOT" "$ROOT"            # a mount of its own, so that what is mounted below it is too
  mount -t proc proc "$ROOT/proc" || die "init: no proc"
  mount -t tmpfs -o mode=755,size=1m tmpfs "$ROOT/dev" || die "init: no dev"
  for d in null zero full random urandom tty; do : > "$ROOT/dev/$d"; mount --bind "/dev/$d" "$ROOT/dev/$d"; done
  ln -s /proc/self/fd "$ROOT/dev/fd"
  for d in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${d%:*}" "$ROOT/dev/${d#*:}"; done
  mkdir "$ROOT/dev/shm" "$ROOT/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$ROOT/dev/pts" && ln -s pts/ptmx "$ROOT/dev/ptmx"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/run" && mkdir -m 1777 "$ROOT/run/lock"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp" || die "init: no /tmp"
}
mount_folders() {                 # FOLDER[:THERE]...: folders of the host, at the same path or THERE, reachable by anyone
  local each from there p part parts
  for each; do
    there=${each#*:}; from=${each%%:*}; p=$ROOT
    IFS=/ read -ra parts <<< "${there#/}"
    for part in "${parts[@]}"; do
      p=$p/$part
      [ -d "$p" ] || mkdir -m 755 "$p" || die "init: cannot make $p"
      [ -n "$(find "$p" -maxdepth 0 -perm -001)" ] || chmod o+x "$p"
    done
    mount --rbind "$from" "$ROOT$there" || die "init: cannot bind $from"
  done
}
# Not chroot: in a chroot no user namespace can be made.  From here on the tree is /, the host's is gone.
enter_tree() {
  if ! { cd "$ROOT" && pivot_root . . && umount -l . && cd /; }; then die "init: cannot pivot to $ROOT"; fi
  hash -r
}
say_started() { echo "$2 $3" > "$1.new"; mv "$1.new" "$1"; }    # PIDFILE-AS-SEEN-THERE HOSTPID STAMP

# ---------------------------------------------------------------- from outside
folders_of() {                    # VARIABLE: its ':'-separated folders, one a line
  local each list; IFS=: read -ra list <<< "${!1:-}"
  for each in "${list[@]}"; do
    [ -n "$each" ] || continue
    case $each in /*) ;; *) die "$1: $each is not an absolute path" ;; esac
    [ -d "$each" ] || die "$1: no folder $each"
    printf '%s\n' "$each"
  done
}
# Starts this script's __init in new namespaces and waits until its pid is known.  setsid: it must outlive the shell that started it.
spawn_init() {                    # LOG UNSHARE-OPTION... -- FOLDER...
  local log=$1 options=() u i; shift
  while [ "$1" != -- ]; do options+=("$1"); shift; done; shift
  setsid unshare "${options[@]}" -m -p -n -u -i -f --propagation private --kill-child -- \
    bash "$SELF" -d "$DIR" -s "$STATE" __init "$@" < /dev/null >> "$log" 2>&1 9>&- &
  u=$!
  for ((i = 0; i < 600; i++)); do
    init_pid >/dev/null && break
    kill -0 $u 2>/dev/null || { tail -5 "$log" >&2; die "it did not start (log: $log)"; }
    sleep 0.1
  done
  disown $u 2>/dev/null || :
}
await_answer() {                  # SECONDS LOGS
  local end=$((SECONDS + $1))
  until answers; do
    init_pid >/dev/null || die "it ended while starting (logs: $2)"
    [ $SECONDS -lt $end ] || die "it does not answer after $1 s (logs: $2)"
    sleep 0.2
  done
}
# PID 1 of a PID namespace: the kernel ends everything in it with it.
kill_init() {
  local p end
  if p=$(init_pid); then kill -KILL "$p" 2>/dev/null || :; fi
  end=$((SECONDS + 10))
  while init_pid >/dev/null; do [ $SECONDS -lt $end ] || die "pid $p will not end"; sleep 0.05; done
  rm -f "$PIDFILE"
}
