"""The LAN side: what DHCP and TFTP tell a machine before it speaks HTTP, and dnsmasq under it."""
