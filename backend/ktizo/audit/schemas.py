from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from ktizo.audit.chain import Line
from ktizo.audit.export import Format

# PostgreSQL refuses NUL in a text it compares, so it is refused at the door.
Word = Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")]


class Filter(BaseModel, extra="forbid"):
    """Which lines: those equal in every word named."""

    actor: Word = None
    address: Word = None
    action: Word = None
    subject: Word = None
    outcome: Word = None
    since: AwareDatetime | None = Field(None, description="At this time or later.")
    until: AwareDatetime | None = Field(None, description="Before this time.")

    def matching(self) -> dict[str, Any]:
        """Return the words and times that were named."""
        return self.model_dump(include=set(Filter.model_fields), exclude_none=True)


class AuditQuery(Filter):
    """A page of them."""

    before: int | None = Field(None, ge=1, lt=2**63, description="Only lines older than this id.")
    limit: int = Field(100, ge=1, le=1000)


class ExportQuery(Filter):
    """All of them, as a file."""

    format: Format = "json"


class AuditPage(BaseModel):
    """Some lines, newest first."""

    entries: list[Line]
    next_before: int | None = Field(
        description="Ask with before=<this> for the lines that follow; null: there are none."
    )
