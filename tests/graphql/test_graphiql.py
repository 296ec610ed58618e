"""The vendored GraphiQL: whole, unchanged, and in need of no other host."""

import base64
import hashlib
import re
from importlib.resources import files

ASSETS = files("tongban.graphql") / "graphiql"
PAGE = (ASSETS / "index.html").read_text()
NOTE = (ASSETS / "README.md").read_text()


def test_each_file_is_the_one_of_the_note() -> None:
    table = re.findall(r"^\| `([^`]+)` .* `(sha384-[^`]+)` \|$", NOTE, re.MULTILINE)
    assert len(table) == 4
    for name, sri in table:
        digest = hashlib.sha384((ASSETS / name).read_bytes()).digest()
        assert f"sha384-{base64.b64encode(digest).decode()}" == sri, name


def test_the_page_asks_for_files_that_are_here_and_no_other_host() -> None:
    asked = re.findall(r"(?:src|href)=\"(?!data:)([^\"]+)\"", PAGE)
    assert len(asked) == 5
    for address in asked:
        folder, _, name = address.rpartition("/")
        assert folder == "/graphql/assets"
        assert (ASSETS / name).is_file()
    assert "https:" not in PAGE + (ASSETS / "start.js").read_text()


def test_each_package_brings_its_license() -> None:
    for package in ("react", "react-dom", "graphiql"):
        assert "Permission is hereby granted" in (ASSETS / f"LICENSE.{package}").read_text()
