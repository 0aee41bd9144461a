#!/bin/sh
# The first process of a guest: says that it is up, then does what the kernel's command line asks for.
export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root

busybox mount -t proc proc /proc
read -r uptime idle < /proc/uptime
echo "WORKER up uptime=$uptime work=${work:-${run:-shell}}"
[ "$work" = exit ] && exec busybox halt -f

busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox --install -s
cd /root

if [ -n "$run" ]; then
    sh -c "$run"
    echo "exit status $?"
else
    setsid cttyhack sh
fi
exec poweroff -f
