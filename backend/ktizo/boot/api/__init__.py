"""Boot profiles, their files and assignments: what people see of this room."""

from fastapi import APIRouter

from ktizo.boot.api import assets, assignments, explain, profiles, rehearse

router = APIRouter(prefix="/api/v1/boot", tags=["boot"])
router.include_router(profiles.router)
router.include_router(assets.router)
router.include_router(assignments.router)
router.include_router(explain.router)
router.include_router(rehearse.router)
