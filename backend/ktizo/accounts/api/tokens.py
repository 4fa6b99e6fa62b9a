"""`/api/v1/tokens`, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response, status

from ktizo.accounts import store
from ktizo.accounts.api.door import CallerAddress, CurrentActor, needs_admin
from ktizo.accounts.create import create
from ktizo.accounts.revoke import revoke
from ktizo.accounts.schemas import NewToken, TokenIn, TokenList
from ktizo.core.db import ReadSession, WriteSession

router = APIRouter(prefix="/tokens", dependencies=[Depends(needs_admin)])


@router.get("")
async def list_tokens(session: ReadSession) -> TokenList:
    """Return every token there is or was, never its secret."""
    return TokenList(tokens=await store.every(session))


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_token(
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
    wish: TokenIn,
    response: Response,
) -> NewToken:
    """Make a token; this answer is the only place it is ever shown."""
    response.headers["Cache-Control"] = "no-store"
    token, made = await create(session, wish, actor, address)
    return NewToken(token=token, made=made)


@router.delete("/{token_id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_token(
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
    token_id: Annotated[int, Path(ge=1, lt=2**31)],
) -> None:
    """Make a token worthless at once; it stays listed as revoked."""
    await revoke(session, token_id, actor, address)
