#!/usr/bin/env bash
# machine.sh: a virtual machine with a kernel of Debian's, for what this machine's own kernel does not have.
#
# Its kernel and modules are fetched once with the host's apt and unpacked, nothing of it is installed; its root is the
# host's, read-only, so that it runs what was just built; /mnt is a disk, which is gone at the end.
# It has no network, one core, cgroup v2 alone and no systemd.  With KVM it boots in a second or two, without in some more.
#
#   machine.sh [-d DIR] VERB [ARGS]
#
#   install                 fetch the kernel into DIR (idempotent). Needs a Debian mirror
#   possible                exit 0 if a machine can be had here, else say in one sentence why not
#   run [-t S] COMMAND...   boot, run COMMAND there as root in the caller's folder, and power off: what it prints comes to
#                           stdout, exit status is the command's; 125: the machine failed, 124: it took longer than S (300)
#
#   -d DIR    default $CAIRN_MACHINE_DIR, else ${XDG_CACHE_HOME:-$HOME/.cache}/cairn/machine
#
# Environment:
#   MACHINE_MEMORY   its memory in MB (default 1536)
#   MACHINE_ENV      NAME=VALUE words for the command (the rest of the caller's environment is not passed)
#   MACHINE_SUITE, MACHINE_MIRROR    default bookworm, and the mirror that this machine's apt uses
#   MACHINE_CONSOLE  a file for all that the kernel says (default: only complaints, shown if the machine fails)
set -euo pipefail

SELF=$(readlink -f "$0")
NAME=machine.sh QUIET=${MACHINE_QUIET:-}
# shellcheck source=tests/integration/namespace.sh
. "$(dirname "$SELF")/../namespace.sh"

RECIPE=2                          # raise it when what `install` makes changes
DIR=${CAIRN_MACHINE_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cairn/machine}
while getopts d:h o; do
  case $o in
    d) DIR=$OPTARG ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; [ "$o" = h ] && exit 0; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no verb (-h for help)"
VERB=$1; shift
DIR=$(readlink -m "$DIR")
SUITE=${MACHINE_SUITE:-bookworm}
MIRROR=${MACHINE_MIRROR:-$(host_mirror)}

# ---------------------------------------------------------------- install
# What the root by 9p and the disk need, and what CRIU asks the kernel about sockets.
MODULES="virtio_pci 9pnet_virtio 9p virtio_blk crc32c_generic ext4 unix_diag tcp_diag udp_diag netlink_diag af_packet_diag raw_diag nf_tables veth tun overlay"
MADE="recipe $RECIPE $SUITE"
is_installed() { [ -f "$DIR/installed" ] && [ "$(head -1 "$DIR/installed")" = "$MADE" ] && [ -f "$DIR/initramfs" ]; }
fetch_kernel() {                  # the newest image, which the package linux-image-amd64 names
  local image APT; own_apt "$SUITE" "$MIRROR" || return 1
  image=$(apt-cache "${APT[@]}" depends linux-image-amd64 | awk '$1 == "Depends:" { print $2; exit }')
  [ -n "$image" ] || { echo "linux-image-amd64 names no kernel"; return 1; }
  (cd "$DIR/apt" && thrice apt-get "${APT[@]}" download "$image" busybox-static)
}
make_initramfs() {                # TREE, with what was unpacked
  local tree=$1 root=$1/initramfs version file
  version=$(basename "$tree"/lib/modules/*)
  mkdir -p "$root"/{bin,proc,sys,dev,root,modules}
  cp "$tree/bin/busybox" "$root/bin/"
  "$tree/bin/busybox" depmod -b "$tree" "$version" || return 1
  # In the order in which they are loaded: modules.dep has for each what it needs, the first needed last.
  # shellcheck disable=SC2086
  awk -v wanted="$MODULES" '
    { path = $1; sub(/:$/, "", path); name = path; sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name)
      paths[name] = path; $1 = ""; needs[name] = $0 }
    END {
      n = split(wanted, names, " ")
      for (i = 1; i <= n; ++i) {
        if (!(names[i] in paths)) continue
        m = split(needs[names[i]], all, " ")
        for (j = m; j >= 1; --j) if (!seen[all[j]]++) print all[j]
        if (!seen[paths[names[i]]]++) print paths[names[i]]
      } }' "$tree/lib/modules/$version/modules.dep" > "$root/modules/order"
  while read -r file; do cp "$tree/lib/modules/$version/$file" "$root/modules/"; done < "$root/modules/order"
  sed -i 's,.*/,,' "$root/modules/order"
  cat > "$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
while read -r module; do /bin/busybox insmod "/modules/$module"; done < /modules/order
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=512000,ro host /root
/bin/busybox mount -t devtmpfs dev /root/dev
read -r line < /proc/cmdline
/bin/busybox umount /proc
exec /bin/busybox switch_root /root /bin/bash "${line##* machine_guest=}"
INIT
  chmod +x "$root/init"
  (cd "$root" && find . | "$tree/bin/busybox" cpio -o -H newc 2>/dev/null) > "$DIR/initramfs.new"
}
unpack() {                        # TREE
  local tree=$1 deb
  fetch_kernel || return 1
  for deb in "$DIR"/apt/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tree" --no-same-owner ./boot ./lib ./bin 2>/dev/null
  done
  [ -x "$tree/bin/busybox" ] || { echo "no busybox in its package"; return 1; }
  make_initramfs "$tree" || return 1
  mv "$tree"/boot/vmlinuz-* "$DIR/vmlinuz" && mv "$DIR/initramfs.new" "$DIR/initramfs"
}
do_install() {
  lock "$DIR/.lock"
  if is_installed; then note "already installed in $DIR"; return 0; fi
  local t0=$SECONDS tree=$DIR/tree log=$DIR/install.log
  has_tools apt-get apt-cache dpkg-deb qemu-system-x86_64 flock timeout
  rm -rf --one-file-system "$tree" "$DIR/apt" "$DIR/installed" "$DIR/kvm"; mkdir -p "$tree"
  note "fetching a kernel from $MIRROR $SUITE (log: $log)"
  unpack "$tree" > "$log" 2>&1 || { tail -5 "$log" >&2; die "could not fetch or unpack (log: $log)"; }
  { echo "$MADE"; basename "$tree"/lib/modules/*; } > "$DIR/installed"
  rm -rf --one-file-system "$tree" "$DIR/apt"
  note "installed $(sed -n 2p "$DIR/installed") in $DIR in $((SECONDS - t0)) s ($(du -sm "$DIR" | cut -f1) MB)"
}
do_possible() {
  [ "$(uname -m)" = x86_64 ] || die "this is no x86_64"
  [ "$(id -u)" = 0 ] || die "the machine's root is this machine's, read by root"
  has_tools qemu-system-x86_64 mkfs.ext4 flock timeout
  is_installed && return 0
  has_tools apt-get dpkg-deb
  [ -r $KEYRING ] || die "the package debian-archive-keyring is not installed"
  [ -n "$MIRROR" ] || die "apt knows no Debian mirror (set MACHINE_MIRROR)"
}

# ---------------------------------------------------------------- run
# KVM may be there and still not run this kernel (where a machine is itself virtual): tried once.
has_kvm() {
  [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
  [ -f "$DIR/kvm" ] || { if boot 20 kvm true >/dev/null 2>&1; then echo yes; else echo no; fi > "$DIR/kvm"; }
  [ "$(cat "$DIR/kvm")" = yes ]
}
boot() {                          # SECONDS ACCELERATOR COMMAND...; exit status as of `run`
  local patience=$1 acceleration=$2 work status loud="quiet loglevel=1"; shift 2
  [ -z "${MACHINE_CONSOLE:-}" ] || loud=debug
  work=$(mktemp -d "$DIR/run.XXXXXX")
  # As files: a command line has room for one word.
  printf '%q ' "$@" > "$work/command"; printf '%q' "$PWD" > "$work/folder"; echo "${MACHINE_ENV:-}" > "$work/environment"
  truncate -s 4G "$work/disk"; mkfs.ext4 -q -O ^has_journal "$work/disk"
  cp "$(dirname "$SELF")/guest.sh" "$work/guest.sh"
  local cpu=max; [ "$acceleration" = tcg ] || cpu=host
  status=0
  timeout -k 2 "$patience" qemu-system-x86_64 -accel "$acceleration" -cpu "$cpu" -m "${MACHINE_MEMORY:-1536}" -smp 1 \
    -nodefaults -no-user-config -display none -no-reboot -nic none \
    -kernel "$DIR/vmlinuz" -initrd "$DIR/initramfs" -append "$loud panic=-1 console=ttyS0 no_timer_check mitigations=off machine_guest=$work/guest.sh" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
    -serial "file:$work/console" -serial stdio -serial "file:$work/status" < /dev/null || status=$?
  [ -z "${MACHINE_CONSOLE:-}" ] || cp "$work/console" "$MACHINE_CONSOLE"
  if [ -s "$work/status" ]; then status=$(tr -dc 0-9 < "$work/status")
  elif [ $status != 124 ]; then tail -20 "$work/console" >&2; status=125
  fi
  rm -rf --one-file-system "$work"
  return "$status"
}
do_run() {
  local patience=300
  [ "${1:-}" != -t ] || { patience=$2; shift 2; }
  [ $# -gt 0 ] || die "no command (-h for help)"
  is_installed || die "not installed in $DIR (machine.sh -d $DIR install)"
  local acceleration=tcg; if has_kvm; then acceleration=kvm; fi
  boot "$patience" "$acceleration" "$@"
}

case $VERB in
  install)  do_install ;;
  possible) do_possible ;;
  run)      do_run "$@" ;;
  *)        die "unknown verb: $VERB (-h for help)" ;;
esac
