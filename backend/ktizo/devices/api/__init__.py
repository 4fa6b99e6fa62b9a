"""Machines, for people and automation: `/api/v1/devices`."""

from fastapi import APIRouter

from ktizo.devices.api import changes, decisions, reading

router = APIRouter(tags=["devices"])
router.include_router(reading.router)
router.include_router(changes.router)
router.include_router(decisions.router)
