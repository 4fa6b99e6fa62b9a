"""The lab: real PXE firmware in QEMU, a real dnsmasq and a running Ktizo, in network namespaces."""
