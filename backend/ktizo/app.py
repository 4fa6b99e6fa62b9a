"""Wires the rooms into one ASGI app; the only file that knows every room."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ktizo import __version__
from ktizo.accounts import api as accounts_api
from ktizo.accounts.api.entrance import Entrance
from ktizo.accounts.first import ensure_tokens
from ktizo.accounts.setup.begin import first_link
from ktizo.accounts.setup.link import address, base_of
from ktizo.accounts.tokens import Actor
from ktizo.audit import api as audit_api
from ktizo.boot import api as boot_api
from ktizo.boot import store as boot_store
from ktizo.boot.assign import assign_by_name
from ktizo.boot.keep import tidy
from ktizo.boot.machine.front import Front
from ktizo.boot.machine.opening import open_front
from ktizo.clusters import api as clusters_api
from ktizo.clusters import build as cluster_builds
from ktizo.clusters.changes import Desk
from ktizo.clusters.compiled import CompiledConfigs
from ktizo.clusters.join import join_by_name
from ktizo.clusters.regenerate import Regenerator
from ktizo.clusters.reseal import reseal
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database, bump_boot_version
from ktizo.core.errors import KtizoError
from ktizo.core.gate import Gate
from ktizo.core.logs import RequestId, request_id
from ktizo.core.seal import Sealer, load_or_make_keys
from ktizo.core.settings import Settings
from ktizo.core.shelf import Shelf
from ktizo.core.spa import BUILT, Spa
from ktizo.core.writer import Writer
from ktizo.devices import api as devices_api
from ktizo.devices import lease
from ktizo.devices import store as devices_store
from ktizo.devices.admit import Rooms
from ktizo.devices.inspection import expire_overdue_inspections
from ktizo.events import api as events_api
from ktizo.events import store as events_store
from ktizo.events.kinds import EventKind
from ktizo.events.record import record, sink_for
from ktizo.events.store import StoredHistory
from ktizo.events.stream import Broker
from ktizo.home import api as home_api
from ktizo.images import api as images_api
from ktizo.images.image import build_key
from ktizo.images.resume import open_images
from ktizo.network import api as network_api
from ktizo.network import resume as network_resume
from ktizo.nodes import api as nodes_api
from ktizo.nodes.open import open_nodes
from ktizo.providers import api as providers_api
from ktizo.providers.reseal import reseal_accounts
from ktizo.provisioning import api as provisioning_api
from ktizo.provisioning.open import close_provisioning, open_provisioning

log = logging.getLogger(__name__)

HOUSEKEEPING_S = 15.0
RETRY_S = 5.0
MAX_BODY = 2 * 1024 * 1024  # of a JSON request; uploads have a limit of their own
Announce = Callable[[str], None]


def sealer_of(settings: Settings) -> Sealer:
    """Return the sealer: keys from settings, else from the key file made at first start."""
    if settings.sealing_key is None:
        return Sealer(load_or_make_keys(settings.data_dir))
    old = (
        settings.sealing_keys_old.get_secret_value().split(",") if settings.sealing_keys_old else []
    )
    return Sealer([settings.sealing_key.get_secret_value(), *(key for key in old if key.strip())])


def create_app(settings: Settings, announce: Announce = log.warning) -> Gate:
    """Return the whole appliance as one ASGI app.

    `announce` gets the few words a person must see once, such as the first token.
    """
    app = FastAPI(
        title="Ktizo",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere; a LAN box may have no elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        max_body_size=MAX_BODY,
    )
    _fill_state(app, settings, announce)
    _add_routes(app)
    _add_errors(app)
    app.add_middleware(Entrance, refuse=ours)
    app.add_middleware(RequestId)
    app.add_middleware(Spa, folder=settings.frontend_dir or BUILT)
    front: Front = app.state.front

    def refused(address: str, path: str, code: str) -> None:
        front.note("gate", path, address, code)

    return Gate(app, app.state.through, settings, refused)


def _fill_state(app: FastAPI, settings: Settings, announce: Announce) -> None:
    state = app.state
    state.settings, state.announce = settings, announce
    state.sealer = sealer_of(settings)
    state.pairing_key = state.sealer.subkey("pairing")
    state.db = Database(settings)
    state.reader = boot_reader(state.db)
    state.writer = Writer(state.db.write)
    compiled = CompiledConfigs(settings.compiled_dir)
    state.regenerator = Regenerator(state.db, state.sealer, compiled)
    state.broker = Broker(StoredHistory(state.db.read))
    events = sink_for(state.writer)
    events.listeners.append(state.broker.publish)
    state.lan, state.watch = network_resume.open_lan(settings, state.writer)
    state.images = open_images(settings, state.db, state.writer, _in_use)
    state.assign = assign_by_name
    state.rooms_for = partial(_rooms_for, state)
    state.ready = False
    open_front(state, settings, events)
    open_nodes(state, settings)
    open_provisioning(state, settings)


def _rooms_for(state: Any, writer: Writer, actor: Actor, address: str) -> Rooms:
    """Return what other rooms do for an approval by `actor`; what they tell goes to `writer`."""

    async def join(
        session: AsyncSession, device_id: int, cluster: str, install_disk: str | None
    ) -> None:
        desk = Desk(session, state.sealer, writer, actor, address)
        await join_by_name(desk, cluster, device_id, install_disk)

    return Rooms(assign=state.assign, join=join, minutes=state.settings.lease_minutes)


async def _in_use(session: AsyncSession) -> set[str]:
    """Return what the mirror must keep: what profiles have, what clusters and inspections boot."""
    looked_at = {build_key(*each) for each in await devices_store.inspected_builds(session)}
    kept = await boot_store.wanted_checksums(session) | await cluster_builds.in_use(session)
    return kept | looked_at


def _add_routes(app: FastAPI) -> None:
    locked = [Depends(accounts_api.require_token)]
    for room in (
        devices_api,
        boot_api,
        network_api,
        images_api,
        clusters_api,
        nodes_api,
        providers_api,
        provisioning_api,
        events_api,
        audit_api,
        accounts_api,
        home_api,
    ):
        app.include_router(room.router, dependencies=locked)
    app.include_router(accounts_api.open_router)

    @app.get("/api/v1/health", tags=["health"])
    async def health(request: Request) -> dict[str, Any]:
        """Say how the appliance is; open, so it tells nothing a stranger could use."""
        state = request.app.state
        fine = state.ready and state.writer.healthy
        return {"status": "ok" if fine else "degraded", "version": __version__}


def answer(status: int, code: str, message: str, detail: Any, **headers: str) -> JSONResponse:
    """Return an error in the one shape every error has."""
    body = {"code": code, "message": message, "detail": detail, "request_id": request_id()}
    return JSONResponse(body, status, headers=headers)


async def ours(request: Request, error: KtizoError) -> JSONResponse:  # noqa: ARG001
    """Return one of our own errors."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return answer(error.status, error.code, error.message, error.detail, **headers)


def _add_errors(app: FastAPI) -> None:
    app.exception_handler(KtizoError)(ours)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001
        found = [
            {"where": ".".join(str(part) for part in e["loc"]), "problem": e["msg"]}
            for e in error.errors()
        ]
        first = found[0] if found else {"where": "body", "problem": "not valid"}
        message = f"{first['where']}: {first['problem']}"
        return answer(422, "validation_failed", message, {"errors": found})

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed"}
        code = codes.get(error.status_code, "refused")
        message = f"{error.detail}: {request.method} {request.url.path[:200]}"
        return answer(error.status_code, code, message, {}, **(error.headers or {}))

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        message = "a fault of Ktizo itself; its log has the request id"
        return answer(500, "internal_error", message, {})


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    state.writer.start()
    await state.live.start()
    tasks = [asyncio.create_task(_prepare(app), name="prepare")]
    try:
        # Usually done in a moment. When the database is away, machines are answered meanwhile:
        # "boot from your own disk".
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(tasks[0]), 20)
        tasks.append(asyncio.create_task(_housekeeping(app), name="housekeeping"))
        yield
    finally:
        state.broker.close()
        state.live.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await close_provisioning(state)
        await state.nodes.stop()
        await state.live.stop()
        await accounts_api.close(state)
        await state.images.stop()
        await state.lan.stop()
        await state.broker.stop()
        await state.writer.stop()
        state.reader.close()
        await state.db.close()


async def _prepare(app: FastAPI) -> None:
    state, settings = app.state, app.state.settings
    token = link = None
    while not state.ready:
        try:
            await state.db.migrate()
            async with state.db.write() as session:
                made = await ensure_tokens(session, settings.data_dir)
                secret = await first_link(session)
                await boot_store.ensure_builtin(session)
                await reseal(session, state.sealer)
                await reseal_accounts(session, state.sealer)
            token = made or token  # a second round makes none: do not forget the first one's
            link = secret or link
            await tidy(state.db, Shelf(settings.data_dir))
            await state.broker.start(poll_s=None if state.db.is_sqlite else 1.0)
            await state.nodes.start()
            await state.keeper.start()
            state.ready = True
        except KtizoError as error:
            log.error("cannot start yet; machines boot from their disks: %s", error.message)
            await asyncio.sleep(RETRY_S)
    if token is not None:
        state.announce(f"administrator's token, shown only this once: {token}")
    if link is not None:
        base = base_of(settings.host, settings.port, settings.base_url)
        state.announce(f"set up at {address(base, link)}")
    await network_resume.resume(state.db, state.lan, settings)
    await state.images.start()


async def _housekeeping(app: FastAPI) -> None:
    state = app.state
    while True:
        await asyncio.sleep(HOUSEKEEPING_S)
        if not state.ready:
            continue
        try:
            async with state.db.write() as session:
                lapsed = await lease.expire_overdue(session, utc_now())
                if lapsed:
                    await bump_boot_version(session)
                unseen = await expire_overdue_inspections(session, utc_now())
                await events_store.prune(session, state.settings.events_kept)
        except KtizoError as error:
            log.warning("housekeeping waits for the database: %s", error.message)
            continue
        await state.regenerator.follow(state.reader)
        for device in lapsed:
            record(state.writer, EventKind.LEASE_EXPIRED, mac=device.boot_mac, device_id=device.id)
        for device in unseen:
            record(
                state.writer,
                EventKind.INSPECTION_ENDED,
                mac=device.boot_mac,
                device_id=device.id,
                data={"how": "expired"},
            )
