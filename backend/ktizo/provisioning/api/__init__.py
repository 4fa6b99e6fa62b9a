"""Rented servers: what people see of this room."""

from fastapi import APIRouter

from ktizo.provisioning.api import servers

router = APIRouter(prefix="/api/v1", tags=["servers"])
router.include_router(servers.router)
