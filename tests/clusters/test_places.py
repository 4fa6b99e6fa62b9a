"""Which cluster the machines of a list belong to, asked for all of them at once."""

import pytest

from clusters.office import CLUSTERS, join, make

pytestmark = pytest.mark.anyio
PLACES = f"{CLUSTERS}/devices/places"


async def test_a_list_learns_the_places_of_its_machines_with_one_question(api, machine):
    await make(api)
    member, stranger = await machine(1), await machine(2)
    await join(api, member)
    answer = await api.get(PLACES, params={"id": [stranger, member, 999]})
    found = [(place["device_id"], place["cluster"], place["role"]) for place in answer.json()]
    assert found == [(member, "prod", "worker")]


@pytest.mark.parametrize("ids", [[], [0], [2**31], list(range(1, 202))])
async def test_a_question_without_bounds_is_refused(api, ids):
    assert (await api.get(PLACES, params={"id": ids})).status_code == 422
