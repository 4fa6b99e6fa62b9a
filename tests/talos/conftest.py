"""What the tests of the Talos library share: reference data outside the repository, and secrets.

The reference data is third-party and stays where it is: ../shared beside the repository, or
wherever KTIZO_SHARED says; its tests are skipped without it.
"""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ktizo.talos import contracts, pki, secrets
from ktizo.talos.secrets import Bundle

ROOT = Path(__file__).parents[2]
CHOSEN = os.environ.get("KTIZO_SHARED")  # noqa: TID251 - a setting of the tests, not ours
SHARED = Path(CHOSEN or ROOT.parent / "shared")
REFERENCE = SHARED / "reference" / "talos"
NOW = datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=UTC)


class Reference:
    """Files of the reference data, unpacked where they are packed."""

    def text(self, name: str) -> str:
        path = REFERENCE / name
        if path.is_file():
            return path.read_text()
        packed = path.with_name(f"{path.name}.gz")
        if packed.is_file():
            return gzip.decompress(packed.read_bytes()).decode()
        pytest.skip(f"no {name} in the reference data")


@pytest.fixture(scope="session")
def reference() -> Reference:
    if not REFERENCE.is_dir():
        pytest.skip("the reference data is not here; set KTIZO_SHARED to the folder that holds it")
    return Reference()


@pytest.fixture(scope="session")
def golden_secrets(reference: Reference) -> Bundle:
    return secrets.load(reference.text("golden/secrets.yaml"))


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """Fresh secrets of the 1.12 contract; made once, because an RSA key takes a second."""
    return secrets.generate(contracts.V1_12, now=NOW)


@pytest.fixture(scope="session")
def quick_bundle() -> Bundle:
    """The same with the service account key of an older Talos, which takes no time."""
    return secrets.generate(contracts.V1_12, now=NOW, service_account=pki.new_p256)
