"""What a machine is told when it boots from the network, and why."""
