"""Who talks to whom: pins, CAs, clocks, and strangers on port 50000."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ktizo.core.clock import utc_now
from ktizo.nodes.client import Address, Maintenance, NodeClient, admin_access
from ktizo.nodes.client.access import Access, fingerprint, tls
from ktizo.nodes.errors import Malformed, NodeError, NotAdmitted, Unreachable, WrongClock, WrongKey
from ktizo.nodes.simulated import Stage
from ktizo.talos import pki
from ktizo.talos.talosconfig import Access as Roles
from ktizo.talos.talosconfig import client_certificate
from nodes import strangers
from nodes.conftest import NEW, OLD, VERSIONS, Fleet, new_bundle

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_key_is_pinned_from_first_contact_on(fleet: Fleet, version: str):
    node = await fleet.machine(version)
    client = fleet.maintenance(node)
    key = await client.connect()
    assert client.pin == key
    assert len(key) == 44
    assert key.endswith("=")
    client.close()
    assert await client.connect() == key
    assert len(await fleet.maintenance(node, key).disks()) == 1


async def test_a_changed_key_is_refused_before_anything_is_sent(fleet: Fleet):
    node = await fleet.machine()
    client = fleet.maintenance(node)
    first = await client.connect()
    node.crash()
    await node.until_boot(2)
    with pytest.raises(WrongKey, match="another key than before") as refused:
        await client.disks()
    assert refused.value.detail["expected"] == first
    assert refused.value.detail["found"] == await fleet.maintenance(node).connect()
    assert not node.calls
    with pytest.raises(WrongKey):
        await fleet.maintenance(node, pin=first).apply_configuration(b"secrets: yes")
    assert not node.calls


async def test_a_node_with_a_config_is_told_from_one_in_maintenance(fleet: Fleet):
    node = await fleet.member()
    with pytest.raises(NotAdmitted, match="not in maintenance mode"):
        await fleet.maintenance(node).disks()
    assert node.calls["Disks"] == 0


async def test_a_node_of_another_cluster_is_not_talked_to(fleet: Fleet):
    other = new_bundle()
    node = await fleet.member(bundle=other)
    with pytest.raises(WrongKey, match="not signed by this cluster's Talos CA"):
        await fleet.client(node).version()
    assert node.calls["Version"] == 0


async def test_a_certificate_of_another_cluster_is_not_admitted(fleet: Fleet):
    node = await fleet.member()
    stolen = admin_access(new_bundle(), now=utc_now())
    access = replace(stolen, ca=fleet.bundle.os.crt)
    with pytest.raises(NotAdmitted, match="does not accept our certificate"):
        await fleet.client(node, access).version()
    assert node.calls["Version"] == 0


@pytest.mark.parametrize("begins", [timedelta(hours=-3), timedelta(hours=3)])
async def test_an_expired_client_certificate_says_what_time_it_is(fleet: Fleet, begins: timedelta):
    node = await fleet.member()
    roles = Roles(lifetime=timedelta(hours=1))
    pair = client_certificate(fleet.bundle, roles, now=utc_now() + begins)
    access = replace(admin_access(fleet.bundle, now=utc_now()), pair=pair)
    # OpenSSL says "expired" for the one and "bad certificate" for the other, as Go does not.
    with pytest.raises((WrongClock, NotAdmitted)) as refused:
        await fleet.client(node, access).version()
    if begins < timedelta():
        assert isinstance(refused.value, WrongClock)
        assert "It is valid from" in str(refused.value)


@pytest.mark.parametrize("skew_s", [-100 * 3600.0, 100 * 3600.0])
async def test_a_node_whose_clock_is_off_is_named_as_such(fleet: Fleet, skew_s: float):
    node = await fleet.member()
    node.faults.clock_skew_s = skew_s
    node.crash()
    await node.until_boot(3)
    with pytest.raises(WrongClock, match="not valid at this moment"):
        await fleet.client(node).version()


async def test_a_client_certificate_is_already_valid_for_a_clock_that_is_behind(fleet: Fleet):
    now = utc_now()
    pair = admin_access(fleet.bundle, now=now).pair
    certificate = pki.load_certificate(pair.crt)
    assert certificate.not_valid_before_utc <= now - timedelta(minutes=59)
    assert certificate.not_valid_after_utc <= now + timedelta(hours=1)
    organizations = [str(one.value) for one in certificate.subject]
    assert organizations == ["os:admin"]


async def test_another_member_at_this_address_is_noticed(fleet: Fleet):
    node = await fleet.member()
    access = replace(admin_access(fleet.bundle, now=utc_now()), server_name="another-node")
    with pytest.raises(WrongKey, match="not for this address"):
        await fleet.client(node, access).version()
    named = replace(access, server_name="co-1")
    assert (await fleet.client(node, named).version()).tag == OLD


async def test_a_node_that_comes_back_with_another_ca_is_not_talked_to(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    await client.version()
    node.faults.foreign_identity = True
    node.crash()
    await node.until_boot(3)
    with pytest.raises(WrongKey):
        await client.version()
    assert node.calls["Version"] == 1


async def test_the_fingerprint_is_that_of_the_public_key(fleet: Fleet):
    """As openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum would say."""
    import base64
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = pki.load_certificate(fleet.bundle.os.crt)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    expected = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    assert fingerprint(certificate.public_bytes(Encoding.DER)) == expected


async def test_no_secret_shows_when_access_is_printed(fleet: Fleet):
    access = admin_access(fleet.bundle, now=utc_now())
    assert "PRIVATE KEY" not in repr(access)
    assert tls(access) is tls(access), "a cluster shares one context"


MAINTENANCE = Maintenance()


def both(fleet: Fleet) -> list[Access]:
    return [MAINTENANCE, admin_access(fleet.bundle, now=utc_now())]


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (strangers.ssh, Malformed),
        (strangers.web, Malformed),
        (strangers.noise, Malformed),
        (strangers.hangs_up, Unreachable),
        (strangers.silent, Unreachable),
    ],
)
async def test_a_stranger_without_tls_is_named_for_what_it_does(
    fleet: Fleet, talk: strangers.Talk, error: type[NodeError]
):
    async with strangers.stranger(talk) as address:
        for access in both(fleet):
            async with NodeClient(address, access, dial_s=0.5) as client:
                with pytest.raises(error) as found:
                    await client.disks()
                assert type(found.value) is error
                assert str(address) in str(found.value)


@pytest.mark.parametrize("talk", [strangers.web, strangers.noise, strangers.ssh])
async def test_garbage_instead_of_http2_is_malformed(talk: strangers.Talk):
    async with strangers.stranger(talk, tls=strangers.tls()) as address:
        client = NodeClient(address, MAINTENANCE, dial_s=2)
        with pytest.raises(Malformed, match="not HTTP/2"):
            await client.disks()


async def test_tls_without_http2_is_malformed():
    context = strangers.tls(alpn=False)
    async with strangers.stranger(strangers.silent, tls=context) as address:
        client = NodeClient(address, MAINTENANCE, dial_s=2)
        with pytest.raises((Malformed, NodeError), match=r"HTTP/2|TLS|ALERT|hung up"):
            await client.disks()


async def test_tls_and_then_nothing_is_given_up_in_time():
    async with strangers.stranger(strangers.silent, tls=strangers.tls()) as address:
        client = NodeClient(address, MAINTENANCE, dial_s=0.3)
        with pytest.raises(Unreachable, match=r"within 0\.3 s"):
            await client.disks()


async def test_nobody_there(fleet: Fleet):
    node = await fleet.machine()
    client = fleet.maintenance(node)
    await client.connect()
    await node.power_off()
    with pytest.raises(Unreachable):  # on the line that broke, if we have not heard of that yet
        await client.disks()
    with pytest.raises(Unreachable, match="nothing listens"):
        await client.disks()
    with pytest.raises(Unreachable, match="cannot be reached"):
        await NodeClient(Address("host.invalid"), MAINTENANCE, dial_s=2).disks()


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_a_node_that_was_reset_is_another_one(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    await client.reset(reboot=True)
    await node.until(Stage.MAINTENANCE)
    with pytest.raises(WrongKey, match="maintenance mode"):
        await client.version()
