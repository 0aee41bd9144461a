# What a recording boots, made of Debian's packages: part of record, which sources it. Sets nothing but files under $work:
#   debs/ the packages    root/ unpacked    image/ xen, vmlinux, dom0.cpio, domu.cpio    tools/ survey

need() {
    command -v "$1" >/dev/null || die "$1 is not there; install it: apt-get install $2"
}

# Packs a folder as the kernel wants its first file system: pack FOLDER FILE
pack() {
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | "$work/root/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null) >"$2.part"
    mv "$2.part" "$2"
}

# The packages to unpack, with the kernel's name filled in.
packages() {
    local kernel
    kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$kernel" ] || die "no Debian kernel is known to apt; run apt-get update, on Debian 12"
    sed "/^#/d;s/^KERNEL$/$kernel/" "$here/packages"
}

download() {
    local names
    mapfile -t names < <(packages)
    rm -rf "$work/debs.part"
    mkdir -p "$work/debs.part"
    (cd "$work/debs.part" && apt-get -q -o APT::Sandbox::User=root download "${names[@]}" >download.log 2>&1) \
        || die "packages cannot be downloaded: $(grep -m 1 '^E:' "$work/debs.part/download.log" || echo 'see apt-get'); run apt-get update"
    rm -rf "$work/debs"
    mv "$work/debs.part" "$work/debs"
}

# Cuts the kernel out of its compressed image: an XZ stream that the header says the place of.
uncompress_kernel() {
    local image=$1 sectors offset length
    word() { od -An -t "u$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
    sectors=$(word $((0x1f1)) 1)
    offset=$(word $((0x248)) 4)
    length=$(word $((0x24c)) 4)
    dd if="$image" bs=1M iflag=skip_bytes,count_bytes skip=$(((sectors + 1) * 512 + offset)) count="$length" status=none \
        | xz -dc --single-stream
}

compile() {
    local root=$work/root lib=$work/root/usr/lib/x86_64-linux-gnu
    mkdir -p "$work/tools"
    gcc -O2 -static -pthread -o "$work/tools/worker" "$here/src/worker.c" \
        && gcc -O2 -static -I"$root/usr/include" -o "$work/tools/cputime" "$here/src/cputime.c" -L"$lib" -lxenctrl -lxencall \
            -lxenforeignmemory -lxendevicemodel -lxenevtchn -lxentoollog -lxentoolcore \
        && gcc -O2 -o "$work/tools/survey" "$here/src/survey.c" || die "the recorder's own programs do not compile"
}

# Copies the modules of the unpacked kernel that are named: modules_to FOLDER NAME...
modules_to() {
    local to=$1 name file
    shift
    mkdir -p "$to"
    for name in "$@"; do
        file=$(find "$work/root/lib/modules" -name "$name.ko" | head -n 1)
        [ -n "$file" ] || die "the kernel's package has no module $name"
        cp "$file" "$to/"
    done
}

build_domu() {
    local tree=$work/domu
    rm -rf "$tree"
    mkdir -p "$tree/dev"
    cp "$work/tools/worker" "$tree/init"
    modules_to "$tree" xen-blkfront
    pack "$tree" "$work/image/domu.cpio"
}

build_dom0() {
    local root=$work/root tree=$work/dom0 xen file
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,boot,etc/xen/scripts,lib/x86_64-linux-gnu,lib64}
    cp "$root/bin/busybox" "$tree/bin/"
    cp "$here/dom0/init" "$tree/init"
    cp "$here/dom0/block-ram" "$tree/etc/xen/scripts/"
    echo 'autoballoon="off"' >"$tree/etc/xen/xl.conf"
    cp "$work/tools/cputime" "$tree/usr/bin/"
    cp "$root"/usr/bin/xenstore-{read,write,rm} "$tree/usr/bin/"
    xen=$(cd "$root"/usr/lib/xen-4.* && pwd)
    for file in xl xentrace xenstored xenconsoled xen-init-dom0; do
        cp "$xen/bin/$file" "$tree/usr/sbin/"
    done
    for file in "$root"/lib/x86_64-linux-gnu/*.so* "$root"/usr/lib/x86_64-linux-gnu/*.so.*; do
        cp -L "$file" "$tree/lib/x86_64-linux-gnu/"
    done
    ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$tree/lib64/"
    cp "$work/image/vmlinux" "$work/image/domu.cpio" "$tree/boot/"
    modules_to "$tree/modules" xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc brd xen-blkback \
        virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk
    pack "$tree" "$work/image/dom0.cpio"
}

# Makes what is to be booted, once: a stamp tells whether what is there was made of these same files.
prepare() {
    need qemu-system-x86_64 qemu-system-x86
    need gcc gcc
    need xz xz-utils
    need apt-get apt
    [ -f /usr/lib/x86_64-linux-gnu/libc.a ] || die "the C library's headers are not there; install them: apt-get install libc6-dev"
    local stamp deb
    [ -f "$work/debs/download.log" ] || download
    stamp=$(cat "$here"/src/*.c "$here"/dom0/* "$here/prepare.sh" "$here/packages" | sha256sum)
    if [ "$(cat "$work/stamp" 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    rm -rf "$work/root" "$work/image" "$work/tools" "$work/stamp"
    mkdir -p "$work/root" "$work/image"
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$work/root"
    done
    gzip -dc "$work"/root/boot/xen-4.*-amd64.gz >"$work/image/xen"
    uncompress_kernel "$(echo "$work"/root/boot/vmlinuz-*)" >"$work/image/vmlinux"
    compile
    build_domu
    build_dom0
    echo "$stamp" >"$work/stamp"
}

# Builds the hypervisor with the experts' options, of the newest source package of Debian's that can be had.
build_hypervisor() {
    local place=$work/source version done=''
    need make make && need flex flex && need bison bison && need dpkg-source dpkg-dev && need python3 python3
    mkdir -p "$place"
    for version in $(apt-cache showsrc xen 2>/dev/null | sed -n 's/^Version: //p' | sort -rVu || true); do
        if (cd "$place" && apt-get -q -o APT::Sandbox::User=root source --download-only "xen=$version" >download.log 2>&1); then
            done=$version
            break
        fi
    done
    [ -n "$done" ] || die "$folder: $scheduler is not in Debian's binary of Xen, and apt has no source package of it; add deb-src to" \
        "apt's sources and run apt-get update"
    rm -rf "$place/xen"
    (cd "$place" && dpkg-source --no-check -x "xen_${done#*:}.dsc" xen >unpack.log 2>&1) \
        || die "Xen's source package cannot be unpacked; see $place/unpack.log"
    echo "building Xen $done with every scheduler"
    (
        cd "$place/xen/xen"
        export XEN_TARGET_ARCH=x86_64
        make -s defconfig
        printf 'CONFIG_%s=y\n' EXPERT UNSUPPORTED SCHED_RTDS SCHED_NULL SCHED_ARINC653 >>.config
        make -s olddefconfig
        make -s -j2 build
        cp xen.gz "$place/xen.gz"
    ) >"$place/build.log" 2>&1 || die "Xen does not build; see $place/build.log"
    gzip -dc "$place/xen.gz" >"$place/xen.part"
    mv "$place/xen.part" "$place/xen-experts"
    echo "$done" >"$place/version"
}

# Sets 'hypervisor' to that to boot: Debian's, which knows credit and credit2; for rtds one built with the experts' options.
choose_hypervisor() {
    hypervisor=$work/image/xen
    hypervisor_words='Debian 12'
    if [ "$scheduler" = rtds ]; then
        [ -f "$work/source/version" ] || build_hypervisor
        hypervisor=$work/source/xen-experts
        hypervisor_words="built from Debian's source $(cat "$work/source/version") with every scheduler"
    fi
}
