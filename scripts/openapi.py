"""Writes frontend/openapi.json: what `npm run types` turns into TypeScript. Run by `make types`."""

import json
import tempfile
from pathlib import Path

from ktizo.app import create_app
from ktizo.core.settings import Settings

TARGET = Path(__file__).parents[1] / "frontend" / "openapi.json"


def document() -> str:
    """Return the API's own description, without a server and without state."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", compiled_dir=Path(folder) / "compiled")
        gate = create_app(settings, announce=lambda _: None)
        return json.dumps(gate.app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
