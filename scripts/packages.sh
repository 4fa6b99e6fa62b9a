#!/usr/bin/env bash
# Debian packages that tests, lab and bench use. Installs when it is root; otherwise says what is
# missing, and the tests that need it skip with that reason.
set -eu
cd "$(dirname "$0")/.."

need=(dnsmasq-base ipxe iproute2 openssl postgresql nginx-light openssh-server chromium)
missing=()
for package in "${need[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "not installed (needs root on Debian or Ubuntu): ${missing[*]}"
    else
        echo "installing ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update
        # Servers that a package starts by itself would take the ports the tests use.
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.ktizo && chmod +x /usr/sbin/policy-rc.d.ktizo
        [ -e /usr/sbin/policy-rc.d ] || { mv /usr/sbin/policy-rc.d.ktizo /usr/sbin/policy-rc.d; ours=1; }
        apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
        [ -z "${ours:-}" ] || rm -f /usr/sbin/policy-rc.d
        rm -f /usr/sbin/policy-rc.d.ktizo
        # The package lets sshd start with the system. The tests start one of their own, and whoever
        # had none before did not ask for one: it stays off until somebody switches it on.
        case " ${missing[*]} " in
            *" openssh-server "*)
                if command -v systemctl >/dev/null; then
                    systemctl -q disable ssh.service ssh.socket ||
                        echo "could not switch off ssh.service; look at it (systemctl disable ssh)"
                fi
                ;;
        esac
    fi
fi
if [ "$(id -u)" = 0 ] && [ -x scripts/lab-setup.sh ]; then
    scripts/lab-setup.sh
fi
