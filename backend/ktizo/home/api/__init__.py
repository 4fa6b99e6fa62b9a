"""`/api/v1/overview` and `/api/v1/analytics`: reading only, so every viewer may."""

from fastapi import APIRouter

from ktizo.home.api import analytics, overview

router = APIRouter(prefix="/api/v1")
router.include_router(overview.router)
router.include_router(analytics.router)
