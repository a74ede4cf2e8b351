# PID 1 of machine.sh's machine: mounts, runs the command, says how it ended, powers off.
# shellcheck shell=bash
exec > /dev/ttyS0 2>&1
work=$(dirname "$0")
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /dev/pts
# What programs write to; the rest of the root is read-only.
mount -t ext4 /dev/vda /mnt
for folder in /run /var/tmp; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
chmod 1777 /var/tmp; mkdir -m 1777 /run/lock /mnt/tmp
# Where programs expect to write, and what was built may lie.
mkdir /mnt/.upper /mnt/.work
mount -t overlay -o lowerdir=/tmp,upperdir=/mnt/.upper,workdir=/mnt/.work overlay /tmp
export TMPDIR=/mnt/tmp
ip link set lo up 2>/dev/null || python3 -c '
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x49))'
hostname machine
stty -F /dev/ttyS1 raw
status=125
cd "$(eval "echo $(cat "$work/folder")")" && {
  # shellcheck disable=SC2046
  setsid env $(cat "$work/environment") bash -c "$(cat "$work/command")" < /dev/null > /dev/ttyS1 2>&1
  status=$?
}
stty -F /dev/ttyS2 raw
echo $status > /dev/ttyS2
sync
echo o > /proc/sysrq-trigger
while :; do read -rt 1 < /dev/ttyS0; done
