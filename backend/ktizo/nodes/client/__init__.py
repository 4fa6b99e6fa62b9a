"""A client of the Talos API: gRPC over TLS 1.2+ on port 50000.

`NodeClient(address, access)` is the whole of it. Results are frozen dataclasses (`results.py`),
errors are sorted by remedy (`nodes/errors.py`), and no message of the wire gets out of here.
"""

from ktizo.nodes.client.access import Configured, Maintenance, admin_access
from ktizo.nodes.client.node import NodeClient
from ktizo.nodes.client.target import PORT, Address

__all__ = ["PORT", "Address", "Configured", "Maintenance", "NodeClient", "admin_access"]
