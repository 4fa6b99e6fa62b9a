"""What the tests of the nodes share: simulated machines that end with the test, and a cluster."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.nodes.client import Address, Configured, Maintenance, NodeClient, admin_access
from ktizo.nodes.simulated import Hardware, Lan, SimulatedNode
from ktizo.talos import generate, inputs, pki, secrets
from ktizo.talos.contracts import contract
from ktizo.talos.secrets import Bundle
from ktizo.talos.talosconfig import Access as Roles
from ktizo.talos.talosconfig import client_certificate

VERSIONS = ["v1.9.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"]
OLD, NEW = "v1.12.11", "v1.13.9"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def new_bundle() -> Bundle:
    # An RSA key of 4096 bits takes a second, and no node here looks at it.
    return secrets.generate(contract("v1.12"), now=utc_now(), service_account=pki.new_p256)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return new_bundle()


def config_for(
    bundle: Bundle, role: str = "controlplane", version: str = OLD, hostname: str = ""
) -> bytes:
    """A config as Ktizo makes them, whose installer brings `version`."""
    talos = contract(version)
    image = f"factory.talos.dev/metal-installer/{'0' * 64}:{version}"
    cluster = inputs.Cluster(
        name="demo",
        endpoint="https://10.0.0.10:6443",
        secrets=bundle,
        contract=talos,
        kubernetes=talos.default_kubernetes,
        install=inputs.Install(disk="/dev/sda", image=image),
    )
    documents = generate.documents(cluster, inputs.Role(role))
    if hostname and talos.network_documents:
        documents = [one for one in documents if one.get("kind") != "HostnameConfig"]
        documents.append(generate.hostname_document(hostname))
    elif hostname:
        documents[0]["machine"]["network"] = {"hostname": hostname}
    return yaml.dump_all(documents).encode()


class Fleet:
    """Machines on one network, and the clients that talk to them."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.lan = Lan()
        self.nodes: list[SimulatedNode] = []
        self.clients: list[NodeClient] = []

    async def machine(self, version: str = OLD, host: str = "127.0.0.1") -> SimulatedNode:
        """A machine that has booted from the network, into maintenance mode."""
        hardware = Hardware.number(len(self.nodes) + 1)
        node = SimulatedNode(host, 0, version=version, hardware=hardware, lan=self.lan)
        self.nodes.append(node)
        await node.power_on()
        return node

    async def member(
        self, role: str = "controlplane", version: str = OLD, bundle: Bundle | None = None
    ) -> SimulatedNode:
        """A machine that got its config and came up with it."""
        node = await self.machine(version)
        name = f"{role[:2]}-{len(self.nodes)}"
        config = config_for(bundle or self.bundle, role, version, name)
        await self.maintenance(node).apply_configuration(config)
        await node.until_boot(2)
        return node

    def maintenance(self, node: SimulatedNode, pin: str | None = None) -> NodeClient:
        return self._keep(NodeClient(Address(node.host, node.port), Maintenance(pin), dial_s=60))

    def client(
        self, node: SimulatedNode, access: Configured | None = None, dial_s: float = 60
    ) -> NodeClient:
        access = access or admin_access(self.bundle, now=utc_now())
        return self._keep(NodeClient(Address(node.host, node.port), access, dial_s=dial_s))

    def with_roles(self, node: SimulatedNode, *roles: str) -> NodeClient:
        made = client_certificate(self.bundle, Roles(roles), now=utc_now() - timedelta(minutes=1))
        return self.client(node, replace(admin_access(self.bundle, now=utc_now()), pair=made))

    def _keep(self, client: NodeClient) -> NodeClient:
        self.clients.append(client)
        return client

    async def close(self) -> None:
        for client in self.clients:
            client.close()
        for node in self.nodes:
            await node.power_off()


@pytest.fixture
async def fleet(bundle: Bundle) -> AsyncIterator[Fleet]:
    fleet = Fleet(bundle)
    yield fleet
    await fleet.close()


MakeNode = Callable[..., SimulatedNode]
