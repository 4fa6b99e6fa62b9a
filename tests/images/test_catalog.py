"""What the factory offers, also when it is away."""

import asyncio
from datetime import timedelta

import pytest

from images.factory_double import FACTORY, VERSION, FactoryDouble, Fault
from ktizo.core.db import Database
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.upstream import UpstreamAway, UpstreamHasNot
from ktizo.images import catalog as catalog_of_images
from ktizo.images.catalog import LEAVE_ALONE_S, Catalog
from ktizo.images.factory import Factory
from ktizo.images.image import VersionRefused

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(db: Database, http: Http, settings: Settings, clock: Clock) -> Catalog:
    return Catalog(db, Factory(http, settings), clock)


@pytest.fixture
def nothing_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_of_images, "VERSIONS_FRESH", timedelta(0))
    monkeypatch.setattr(catalog_of_images, "OF_VERSION_FRESH", timedelta(0))


async def test_the_factory_is_asked_once_and_then_remembered(
    catalog: Catalog, factory: FactoryDouble
):
    offers = await asyncio.gather(*(catalog.versions() for _ in range(5)))
    assert {tuple(offer.items) for offer in offers} == {("v1.11.6", VERSION, "v1.13.9")}
    assert {offer.stale for offer in offers} == {False}
    assert len(factory.asked) == 1


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_old_answers_are_asked_for_again(catalog: Catalog, factory: FactoryDouble):
    await catalog.versions()
    factory.versions.append("v1.14.0")
    assert "v1.14.0" in (await catalog.versions()).items


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_when_the_factory_is_away_its_last_answer_is_given_and_marked(
    catalog: Catalog, factory: FactoryDouble
):
    fresh = await catalog.extensions(VERSION)
    factory.away = True
    old = await catalog.extensions(VERSION.removeprefix("v"))
    assert (old.items, old.fetched_at, old.stale) == (fresh.items, fresh.fetched_at, True)
    assert "factory.test does not answer" in old.problem


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_the_memory_outlives_a_restart(
    catalog: Catalog, factory: FactoryDouble, db: Database, http: Http, settings: Settings
):
    await catalog.versions()
    factory.away = True
    assert (await Catalog(db, Factory(http, settings)).versions()).stale


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_another_factorys_answers_are_not_this_ones(
    catalog: Catalog, factory: FactoryDouble, db: Database, http: Http, settings: Settings
):
    await catalog.versions()
    factory.away = True
    other = Settings(**{**settings.model_dump(), "factory_url": "http://other.test"})
    with pytest.raises(UpstreamAway):
        await Catalog(db, Factory(http, other)).versions()


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_a_factory_that_was_just_away_is_left_alone_for_a_minute(
    catalog: Catalog, factory: FactoryDouble, clock: Clock
):
    factory.away = True
    with pytest.raises(UpstreamAway):
        await catalog.versions()
    asked = len(factory.asked)
    with pytest.raises(UpstreamAway, match="does not answer"):
        await catalog.overlays(VERSION)
    assert len(factory.asked) == asked
    factory.away = False
    clock.now += LEAVE_ALONE_S
    assert (await catalog.versions()).stale is False


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_nobody_waits_longer_than_a_person_does(
    catalog: Catalog, factory: FactoryDouble, monkeypatch: pytest.MonkeyPatch
):
    await catalog.versions()
    monkeypatch.setattr(catalog_of_images, "PATIENCE_S", 0.0)
    assert (await catalog.versions()).stale


@pytest.mark.usefixtures("nothing_is_fresh")
async def test_a_broken_factory_is_as_good_as_none(catalog: Catalog, factory: FactoryDouble):
    await catalog.versions()
    factory.fault(FACTORY, "versions", Fault(body=b"<html>"))
    offer = await catalog.versions()
    assert offer.stale
    assert "does not answer with JSON" in offer.problem


async def test_a_version_there_is_none_of_is_not_a_factory_that_is_away(catalog: Catalog):
    with pytest.raises(UpstreamHasNot):
        await catalog.extensions("v9.9.9")
    with pytest.raises(VersionRefused):
        await catalog.extensions("../versions")
