"""Providers, accounts and plans: what people see of this room."""

from fastapi import APIRouter

from ktizo.providers.api import accounts, catalogue

router = APIRouter(prefix="/api/v1", tags=["providers"])
router.include_router(catalogue.router)
router.include_router(accounts.router)
router.include_router(accounts.admins)
