"""The client of the Image Factory and of releases."""

import base64
from http import HTTPMethod

import pytest

from images.factory_double import (
    FACTORY,
    RELEASES,
    VANILLA,
    VERSION,
    FactoryDouble,
    Fault,
    content,
    sha256,
)
from ktizo.core.http import Http
from ktizo.core.importing import ChecksumsUnreadable
from ktizo.core.settings import Settings
from ktizo.core.upstream import (
    UpstreamAway,
    UpstreamBroken,
    UpstreamHasNot,
    UpstreamRefused,
    UpstreamRejected,
)
from ktizo.images import wire
from ktizo.images.factory import Factory
from ktizo.images.image import RELEASE, Arch, Image, Part

pytestmark = pytest.mark.anyio
KERNEL = Image(schematic=VANILLA, version=VERSION, arch=Arch.AMD64, part=Part.KERNEL)
OF_RELEASE = Image(schematic=RELEASE, version=VERSION, arch=Arch.AMD64, part=Part.KERNEL)


@pytest.fixture
def client(http: Http, settings: Settings) -> Factory:
    return Factory(http, settings)


def with_token(http: Http, settings: Settings, token: str) -> Factory:
    return Factory(http, Settings(**{**settings.model_dump(), "factory_token": token}))


async def test_it_says_which_versions_there_are_and_leaves_out_the_unreadable(client: Factory):
    assert await client.versions() == ["v1.11.6", VERSION, "v1.13.9"]


async def test_it_lists_extensions_and_overlays_of_a_version(client: Factory):
    assert await client.extensions(VERSION) == [
        wire.Extension(
            name="siderolabs/drbd",
            ref="ghcr.io/siderolabs/drbd:9.2.14",
            digest="sha256:ab",
            author="S",
            description="[v1] drbd\n",
        )
    ]
    assert [one.name for one in await client.overlays(VERSION)] == ["rpi_generic"]
    with pytest.raises(UpstreamHasNot):
        await client.extensions("v9.9.9")


async def test_a_schematic_is_told_as_yaml_and_once(client: Factory, factory: FactoryDouble):
    created = await client.create_schematic("customization: {}\n")
    assert created.id == VANILLA
    asked = factory.asked[-1]
    assert (asked.method, asked.path) == (HTTPMethod.POST, "/schematics")
    assert asked.headers["content-type"] == "application/yaml"
    factory.asked.clear()
    factory.fault(FACTORY, "schematics", Fault(status=503), Fault(status=503))
    with pytest.raises(UpstreamAway):
        await client.create_schematic("customization: {}\n")
    assert len(factory.asked) == 1


async def test_the_factorys_own_words_come_through(client: Factory):
    with pytest.raises(UpstreamRejected, match="field nonsense not found"):
        await client.create_schematic("nonsense: 1\n")


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ("abc", "Bearer abc"),
        ("me:pass word", f"Basic {base64.b64encode(b'me:pass word').decode()}"),
    ],
)
async def test_a_private_factory_gets_its_token(
    http: Http, settings: Settings, factory: FactoryDouble, token: str, header: str
):
    factory.token = header
    assert await with_token(http, settings, token).versions()
    with pytest.raises(UpstreamRefused, match="look at the token"):
        await with_token(http, settings, "wrong").versions()
    with pytest.raises(UpstreamRefused):
        await Factory(http, settings).versions()


async def test_the_token_is_the_factorys_and_not_the_releases(http: Http, settings: Settings):
    client = with_token(http, settings, "abc")
    assert client.place_of(KERNEL).headers == {"Authorization": "Bearer abc"}
    assert client.place_of(OF_RELEASE).headers == {}


async def test_where_files_are(client: Factory):
    assert client.place_of(KERNEL).url == (
        f"http://{FACTORY}/image/{VANILLA}/{VERSION}/kernel-amd64"
    )
    assert client.place_of(OF_RELEASE).url == f"http://{RELEASES}/{VERSION}/vmlinuz-amd64"


async def test_a_factory_below_a_path_is_asked_there(http: Http, settings: Settings):
    below = Settings(**{**settings.model_dump(), "factory_url": "https://proxy.lan:8443/factory/"})
    client = Factory(http, below)
    assert client.host == "proxy.lan:8443"
    assert client.place_of(KERNEL).url.startswith("https://proxy.lan:8443/factory/image/3765")


@pytest.mark.parametrize(
    "url", ["factory", "ftp://a", "https://a/b?c", "https://a/b c", "https://"]
)
def test_a_factory_address_that_is_none_stops_the_start(url: str):
    with pytest.raises(ValueError, match="factory_url"):
        Settings(factory_url=url)


async def test_the_public_factory_gives_no_checksums(client: Factory):
    assert await client.checksum(KERNEL) is None


async def test_a_private_factory_gives_checksums(client: Factory, factory: FactoryDouble):
    factory.gives_checksums = True
    assert await client.checksum(KERNEL) == sha256(content(VANILLA, VERSION, "kernel-amd64"))


async def test_a_checksum_that_may_not_be_seen_is_not_the_same_as_none(
    client: Factory, factory: FactoryDouble
):
    factory.token = "Bearer abc"
    with pytest.raises(UpstreamRefused):
        await client.checksum(KERNEL)


async def test_a_release_lists_its_checksums(client: Factory, factory: FactoryDouble):
    assert await client.checksum(OF_RELEASE) == sha256(content(RELEASES, VERSION, "vmlinuz-amd64"))
    factory.fault(RELEASES, "sha256sum.txt", Fault(body=b"<html>Too many requests"))
    with pytest.raises(ChecksumsUnreadable):
        await client.checksum(OF_RELEASE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a" * 64, "a" * 64),
        ("A" * 64 + "  kernel-amd64\n", "a" * 64),
        ("a" * 64 + " *kernel-amd64", "a" * 64),
        ("a" * 63, None),
        ("", None),
        ("<html>" + "a" * 64, None),
    ],
)
def test_a_checksum_file_is_read_or_not(text: str, found: str | None):
    assert wire.checksum(text) == found


@pytest.mark.parametrize("body", [b"{}", b"null", b"[1]", b'{"versions": []}', b'["a", null]'])
async def test_what_is_no_factory_is_said_so(client: Factory, factory: FactoryDouble, body: bytes):
    factory.fault(FACTORY, "versions", Fault(body=body))
    with pytest.raises(UpstreamBroken, match=r"factory\.test does not answer as an Image Factory"):
        await client.versions()


@pytest.mark.parametrize("body", [b"{}", b'{"id": "short"}', b"[]", b"null"])
async def test_a_schematic_without_an_id_is_none(
    client: Factory, factory: FactoryDouble, body: bytes
):
    factory.fault(FACTORY, "schematics", Fault(body=body))
    with pytest.raises(UpstreamBroken):
        await client.create_schematic("customization: {}\n")
