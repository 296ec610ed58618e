"""Every figure of the source, asked of the public API."""

from support import Api

GO_LIVE, POLICE_JOIN = "2018-03-01", "2018-07-01"


async def test_174_items_of_11_departments(api: Api) -> None:
    data = await api.ask("{ catalog { totalCount } departments { code items { code } } }")
    assert data["catalog"]["totalCount"] == 174
    assert len(data["departments"]) == 11
    assert sum(len(department["items"]) for department in data["departments"]) == 174
