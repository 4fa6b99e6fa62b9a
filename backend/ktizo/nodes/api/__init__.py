"""Nodes, for people and automation: `/api/v1/nodes`, `/api/v1/works`, and verbs of clusters."""

from fastapi import APIRouter

from ktizo.nodes.api import console, inspection, nodes, works

router = APIRouter(tags=["nodes"])
router.include_router(inspection.router)
router.include_router(nodes.router)
router.include_router(works.router)
router.include_router(console.router)
