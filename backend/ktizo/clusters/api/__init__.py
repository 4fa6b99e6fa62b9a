"""Clusters, their machines, secrets and volumes: what people see of this room."""

from fastapi import APIRouter

from ktizo.clusters.api import (
    clusters,
    machines,
    members,
    offers,
    places,
    secrets,
    settings,
    volumes,
)

router = APIRouter(prefix="/api/v1")
# Machines first: /clusters/devices/... is no cluster called "devices".
router.include_router(machines.router, tags=["clusters"])
router.include_router(places.router, tags=["clusters"])
router.include_router(offers.router, tags=["clusters"])
router.include_router(settings.router, tags=["clusters"])
router.include_router(clusters.router, tags=["clusters"])
router.include_router(members.router, tags=["clusters"])
router.include_router(secrets.router, tags=["clusters"])
router.include_router(volumes.router, tags=["volumes"])
