"""The department's items and rules, without server or database."""

import pytest

from tongban import ItemDefinition
from tongban.testing import may_apply, sample_application
from tongban_hrss import DEPARTMENT, tongban_validate


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []
