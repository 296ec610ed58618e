"""The one line on what a load did."""

from tongban.storage.changes import Changes


def test_one_line_by_kind() -> None:
    changes = Changes()
    assert str(changes) == ""
    for _ in range(2):
        changes.kept("calendar_day")
    assert not changes.any
    changes.added("item")
    changes.withdrawn("item")
    changes.changed("item")
    assert changes.any
    assert str(changes) == "calendar day 2 (2 unchanged), item 3 (1 changed, 1 new, 1 withdrawn)"
