#!/bin/bash
# Prepare what tests/lab boots: firmware, iPXE of Debian 13, two kernels, a stand-in system, two disks.
#
# Safe to run as often as you like; warm it takes well under two seconds. What cannot be had is written,
# with its reason, to $KTIZO_LAB_CACHE/missing/<part>: the tests that need that part are skipped with it.
# No mirror is named here: everything comes from the package sources this machine already has.
set -euo pipefail

cd "$(dirname "$0")/.."
readonly here=$PWD
readonly cache=${KTIZO_LAB_CACHE:-$here/.cache/lab}
readonly standin=$here/tests/lab/standin
readonly tools=(qemu-system-x86 qemu-system-arm ovmf qemu-efi-aarch64 ipxe ipxe-qemu dnsmasq-base
  iproute2 ethtool tcpdump busybox-static cpio gzip mtools dosfstools python3)

say() { printf 'lab-setup: %s\n' "$*"; }

# missing PART REASON: the tests that need PART will be skipped, and say REASON.
missing() {
  say "$1 is missing: $2"
  printf '%s\n' "$2" >"$cache/missing/$1"
}

have() { rm -f "$cache/missing/$1"; }

installed() { dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed || true; }

# fresh TARGET SOURCE...: TARGET exists and none of its sources is newer.
fresh() {
  local target=$1 source
  shift
  [ -s "$target" ] || return 1
  for source in "$@"; do [ "$source" -nt "$target" ] && return 1; done
  return 0
}

apt_install() {
  apt-get -qq update >"$cache/apt.log" 2>&1 || true # an unreachable source need not be the one
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
    >>"$cache/apt.log" 2>&1
}

install_packages() {
  if [ "$(installed "${tools[@]}")" != "${#tools[@]}" ]; then
    say "installing packages"
    if ! apt_install "${tools[@]}"; then
      missing tools "packages could not be installed: $(grep -m1 '^E:' "$cache/apt.log" || echo see apt.log)"
      return
    fi
  fi
  have tools
}

install_debian_installer() {
  local package=debian-installer-12-netboot-amd64
  if [ "$(installed $package)" != 1 ] && ! apt_install $package; then
    missing installer "$package could not be installed"
    return
  fi
  have installer
}

# apt_for SUITE ARCH COMMAND...: run COMMAND with an apt of its own for another Debian suite and
# architecture. The machine's sources are copied with the suite's name exchanged; its own lists,
# cache and status are never touched.
apt_for() {
  local suite=$1 arch=$2 root=$cache/apt/$1-$2 codename source
  shift 2
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ ! -e "$root/apt.conf" ]; then
    mkdir -p "$root/sources" "$root/lists/partial" "$root/cache/archives/partial"
    for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
      [ -e "$source" ] && grep -qw "$codename" "$source" || continue
      sed "s/\b$codename\b/$suite/g" "$source" >"$root/sources/$(basename "${source/sources.list/machine.list}")"
    done
    cat >"$root/apt.conf" <<CONF
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$root/sources";
Dir::State::Lists "$root/lists";
Dir::State::status "/dev/null";
Dir::Cache "$root/cache";
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Sandbox::User "root";
CONF
    # A source of somebody else that has no such suite fails here; the download decides.
    APT_CONFIG=$root/apt.conf apt-get -qq update >"$root/update.log" 2>&1 || true
  fi
  APT_CONFIG=$root/apt.conf "$@"
}

# unpack SUITE ARCH INTO PACKAGE...: download the packages and unpack them below INTO.
unpack() {
  local suite=$1 arch=$2 into=$3 debs
  shift 3
  debs=$(mktemp -d "$cache/debs.XXXXXX")
  if ! (cd "$debs" && apt_for "$suite" "$arch" apt-get -qq download "$@") >"$cache/download.log" 2>&1; then
    rm -rf "$debs" "$cache/apt/$suite-$arch"
    return 1
  fi
  rm -rf "$into" && mkdir -p "$into"
  for deb in "$debs"/*.deb; do dpkg -x "$deb" "$into"; done
  rm -rf "$debs"
}

# The loaders Ktizo serves, and the ROM of the same age: Debian 12's are of 2019, without arm64 and HTTPS.
fetch_loaders() {
  if [ ! -s "$cache/loaders/ipxe-arm64.efi" ]; then
    say "fetching iPXE of Debian 13"
    if ! unpack trixie amd64 "$cache/ipxe" ipxe ipxe-qemu; then
      missing loaders "Debian 13's ipxe could not be downloaded from this machine's package sources"
      return
    fi
    rm -rf "$cache/loaders" && mkdir -p "$cache/loaders"
    for file in undionly.kpxe ipxe.efi snponly.efi ipxe-arm64.efi; do
      cp -L "$cache/ipxe/usr/lib/ipxe/$file" "$cache/loaders/" # ipxe.efi is a link into /boot
    done
    cp -L "$cache/ipxe/usr/share/qemu/pxe-virtio.rom" "$cache/"
  fi
  have loaders
}

# fetch_kernel ARCH: Debian 12's cloud kernel, and for a foreign ARCH a busybox.
fetch_kernel() {
  local arch=$1 image
  [ -s "$cache/vmlinuz-$arch" ] && return 0
  say "fetching the $arch cloud kernel of Debian 12"
  image=$(apt_for bookworm "$arch" apt-cache depends "linux-image-cloud-$arch" | awk '/Depends:/ {print $2; exit}')
  if [ -z "$image" ]; then
    rm -rf "$cache/apt/bookworm-$arch" # its lists are no good: fetch them again next time
    return 1
  fi
  unpack bookworm "$arch" "$cache/kernel-$arch" "$image" busybox-static || return 1
  cp "$cache/kernel-$arch"/boot/vmlinuz-* "$cache/vmlinuz-$arch"
}

# build_initramfs ARCH: the stand-in for Talos' maintenance mode (tests/lab/standin/init).
build_initramfs() {
  local arch=$1 tree=$cache/tree-$1 modules applet module
  # /sbin/modprobe is not in the image: init loads these, in this order, with insmod.
  local wanted=(drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_legacy_dev
    drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci net/core/failover
    drivers/net/net_failover drivers/net/virtio_net)
  fresh "$cache/initrd-$arch.img" "$standin/init" "$standin/udhcpc" "$cache/vmlinuz-$arch" "$0" && return 0
  say "building the $arch stand-in"
  rm -rf "$tree" && mkdir -p "$tree"/{bin,proc,sys,dev,modules}
  cp "$cache/kernel-$arch/bin/busybox" "$tree/bin/"
  for applet in sh cat cut grep head insmod ip mount poweroff sed sha256sum sleep timeout tr udhcpc wget; do
    ln -s busybox "$tree/bin/$applet"
  done
  modules=$(echo "$cache/kernel-$arch"/lib/modules/*/kernel)
  : >"$tree/modules/order"
  for module in "${wanted[@]}"; do
    [ -e "$modules/$module.ko" ] || continue # built into the kernel of this architecture
    cp "$modules/$module.ko" "$tree/modules/"
    basename "$module.ko" >>"$tree/modules/order"
  done
  cp "$standin/init" "$standin/udhcpc" "$tree/"
  chmod 0755 "$tree/init" "$tree/udhcpc"
  (cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initrd-$arch.new"
  mv "$cache/initrd-$arch.new" "$cache/initrd-$arch.img"
  rm -rf "$tree"
}

make_standin() {
  local arch=$1
  if fetch_kernel "$arch" && build_initramfs "$arch"; then
    have "standin-$arch"
  else
    missing "standin-$arch" "the $arch cloud kernel of Debian 12 could not be downloaded or packed"
  fi
}

make_disks() {
  fresh "$cache/disk-uefi.img" "$standin/make-disks.py" "$cache/loaders/ipxe-arm64.efi" && { have disks; return; }
  say "building the disks"
  if [ -e "$cache/missing/loaders" ] || ! python3 "$standin/make-disks.py" "$cache" >"$cache/disks.log" 2>&1; then
    missing disks "the disk images could not be built (they need Debian 13's iPXE, mtools and dosfstools)"
    return
  fi
  have disks
}

main() {
  if [ "$(id -u)" != 0 ]; then
    say "not root: the lab needs root for packages and network namespaces; nothing done"
    return
  fi
  mkdir -p "$cache/missing"
  exec 9>"$cache/lock"
  flock 9
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    missing tools "this is not Debian: the lab takes its firmware from Debian packages"
    return
  fi
  install_packages
  [ -e "$cache/missing/tools" ] && return
  install_debian_installer
  fetch_loaders
  make_standin amd64
  make_standin arm64
  make_disks
  say "ready in $cache"
}

main "$@"
