from pydantic import BaseModel, Field

from ktizo.events.kinds import Event


class EventPage(BaseModel):
    """Some events, oldest first."""

    events: list[Event]
    newest_id: int = Field(
        description="Id of the newest event there is. Open the stream with it as last_event_id to "
        "go on from here without a gap."
    )
