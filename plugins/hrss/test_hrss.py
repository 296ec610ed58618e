"""The department's items and rules, without server or database."""

import pytest

import tongban_hrss
from tongban import ItemDefinition
from tongban.testing import conforms, may_apply, sample_application
from tongban_hrss import DEPARTMENT, tongban_validate


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


def test_conforms() -> None:
    conforms(tongban_hrss)
