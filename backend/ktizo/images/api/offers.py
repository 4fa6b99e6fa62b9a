"""What the factory offers; from memory, marked as stale, when the factory is away."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request

from ktizo.images.catalog import Offer
from ktizo.images.image import VERSION
from ktizo.images.resume import Images
from ktizo.images.schemas import OfferOut

router = APIRouter()

Version = Annotated[str, Query(pattern=VERSION, examples=["v1.12.11"])]


def _images(request: Request) -> Images:
    images: Images = request.app.state.images
    return images


def _out(offer: Offer) -> OfferOut:
    return OfferOut(**asdict(offer))


@router.get("/versions")
async def list_versions(request: Request) -> OfferOut:
    """The versions of Talos the factory builds, the oldest first."""
    return _out(await _images(request).catalog.versions())


@router.get("/extensions")
async def list_extensions(request: Request, version: Version) -> OfferOut:
    """The official system extensions for a version."""
    return _out(await _images(request).catalog.extensions(version))


@router.get("/overlays")
async def list_overlays(request: Request, version: Version) -> OfferOut:
    """The official overlays (single-board computers) for a version."""
    return _out(await _images(request).catalog.overlays(version))
