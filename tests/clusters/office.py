"""What an operator does, in few words."""

from typing import Any

import httpx

CLUSTERS = "/api/v1/clusters"
MACHINES = "/api/v1/clusters/devices"
VOLUMES = "/api/v1/volume/configs"


async def make(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {"name": "prod", "endpoint": "https://192.0.2.10:6443", **changes}
    answer = await api.post(CLUSTERS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def join(api: httpx.AsyncClient, device: int, role: str = "worker", **more: Any) -> None:
    answer = await api.put(f"{CLUSTERS}/prod/members/{device}", json={"role": role, **more})
    assert answer.status_code == 200, answer.text


async def exactly(api: httpx.AsyncClient, device: int) -> str:
    """Return the bytes a machine would be served, as an administrator may see them."""
    answer = await api.post(f"{MACHINES}/{device}/preview", params={"reason": "a test looks"})
    assert answer.status_code == 200, answer.text
    return answer.json()["config"]


def refused(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json()["message"]
