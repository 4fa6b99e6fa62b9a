"""What the factory offers, schematics and the mirror: what people see of this room."""

from fastapi import APIRouter

from ktizo.images.api import mirror, offers, schematics

router = APIRouter(prefix="/api/v1/images", tags=["images"])
router.include_router(offers.router)
router.include_router(schematics.router)
router.include_router(mirror.router)
