"""The kit's commands and the catalog's: a new department, the check of one, editions exported and verified."""

import asyncio
import base64
import hashlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from programs import LONGEST, PROGRAM, Said, environment, tongban
from support import SIGNER, new_database
from tongban import cli, prepare
from tongban.catalog.signing import Ed25519Signer
from tongban.check.titles import TITLES
from tongban.commands import kit
from tongban.errors import SetupError
from tongban.kit import new_department as writing
from tongban.kit.new_department import code_for, new_department
from tongban.registry import GROUP, Registry, open_registry
from tongban.testing import conforms

ROOT = Path(__file__).parents[1]


def made(folder: Path, name: str = "city_library", code: str = "TS") -> Path:
    """A new department in a folder, with what an installation would leave beside it."""
    (folder / "plugins").mkdir(exist_ok=True)
    department = new_department(folder / "plugins", name, code, "市图书馆", {})
    installed = department / f"tongban_{name}-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Name: tongban-{name.replace('_', '-')}\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text(f"[tongban.plugins]\n{name} = tongban_{name}\n")
    return department


def judge_by_district(department: Path) -> None:
    """Makes the rules look at the receiving district."""
    rules = next(department.glob("tongban_*/rules.py"))
    text = rules.read_text(encoding="utf-8")
    condition = 'if application.form.get("filedBy") == "AGENT" and age is not None and age < ADULT:'
    assert condition in text
    rules.write_text(text.replace(condition, 'if application.center.district == "310107":'), encoding="utf-8")


def ran(*command: str, **settings: str) -> Said:
    """A tool of the venv, run at the root of the project."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def own_tests(department: Path) -> Said:
    """How the department's own tests go."""
    own = str(department)
    return ran("pytest", own, "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", PYTHONPATH=own)


def ask(*command: str) -> Said:
    """The command, in this process."""
    answer = CliRunner().invoke(cli.app, command)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return Said(answer.exit_code, answer.stdout, answer.stderr)


def refused(*command: str) -> str:
    """The one line with which a command is refused."""
    with pytest.raises(SetupError) as refusal:
        ask(*command)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.fixture
def installed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry of the tests for commands that would open one."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Registry]:
        yield registry

    monkeypatch.setattr(kit, "open_registry", opened)


def install(department: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The department beside the police's, whose materials it asks for, and no other."""
    monkeypatch.syspath_prepend(str(department))
    (police,) = entry_points(group=GROUP, name="police")
    points = [police, EntryPoint(department.name, f"tongban_{department.name}", GROUP)]
    monkeypatch.setattr(kit, "open_registry", lambda: open_registry(points))


class TestNewDepartment:
    def test_what_it_writes_works(self, tmp_path: Path) -> None:
        department = made(tmp_path)
        own = str(department)
        source = f"src = ['{ROOT / 'core'}', '{department}']"
        for command in (["ruff", "check"], ["ruff", "format", "--check"]):
            said = ran(*command, "--no-cache", "--config", "pyproject.toml", "--config", source, own)
            assert said.code == 0, said
        said = ran("mypy", own)
        assert said.code == 0, said
        said = own_tests(department)
        assert said.code == 0, said
        said = tongban("check", "city_library", PYTHONPATH=own)
        assert (said.code, said.err) == (0, "")
        assert "TS-001 市图书馆证明出具: passed" in said.out

    def test_its_words_are_everywhere(self, tmp_path: Path) -> None:
        department = new_department(tmp_path, "city_library", "TS", "市图书馆", {})
        names = {file.relative_to(department).as_posix() for file in department.rglob("*") if file.is_file()}
        assert names == {
            "README.md",
            "pyproject.toml",
            "test_city_library.py",
            "tongban_city_library/__init__.py",
            "tongban_city_library/data/city_library.toml",
            "tongban_city_library/py.typed",
            "tongban_city_library/rules.py",
        }
        text = "".join((department / name).read_text(encoding="utf-8") for name in names)
        assert not re.search(r"[Tt]rial|试验|TT", text)
        assert "tongban-city-library" in text
        assert department.stat().st_mode & 0o055 == 0o055  # like any folder, not like a temporary one

    @pytest.mark.usefixtures("installed")
    def test_it_says_what_it_wrote_and_what_is_next(self, tmp_path: Path) -> None:
        said = ask("new-department", "library", "--chinese", "图书馆", "--folder", str(tmp_path))
        *files, last = said.out.splitlines()
        assert (said.code, said.err) == (0, "")
        assert sorted(map(Path, files)) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
        assert last.startswith("图书馆 (LI) is written. Install it: ")

    @pytest.mark.usefixtures("installed")
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["Library"], "'Library' can't name a department"),
            (["city-library"], "'city-library' can't name a department"),
            (["../library"], "'../library' can't name a department"),
            (["class"], "'class' can't name a department"),
            (["x" * 31], "can't name a department"),
            (["library", "--code", "lib"], "'lib' can't be a department's code"),
            (["library", "--code", "LIBRA"], "'LIBRA' can't be a department's code"),
            (["library", "--chinese", '图"书馆'], "can't be a department's name"),
            (["library", "--folder", "nowhere"], "There is no folder nowhere for departments"),
            (["library", "--code", "GA"], "GA is taken by tongban-police: choose another."),
            (["police", "--code", "LI"], "police is taken by tongban-police: choose another."),
            (["another", "--code", "TS"], "TS is taken by city_library: choose another."),
            (["city_library", "--code", "LI"], "is there already, and stays as it is."),
        ],
    )
    def test_what_it_refuses_is_one_line_and_writes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        made(tmp_path)
        before = sorted(tmp_path.rglob("*"))
        assert reason in refused("new-department", *arguments)
        assert sorted(tmp_path.rglob("*")) == before

    def test_an_empty_folder_of_that_name_stays(self, tmp_path: Path) -> None:
        (tmp_path / "library").mkdir()
        with pytest.raises(SetupError, match="is there already"):
            new_department(tmp_path, "library", "TS", "图书馆", {})
        assert list(tmp_path.rglob("*")) == [tmp_path / "library"]

    def test_when_the_disk_is_full_nothing_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_text = Path.write_text

        def full(path: Path, *arguments: Any, **more: Any) -> int:
            if path.name == "rules.py":
                raise OSError(28, "No space left on device")
            return write_text(path, *arguments, **more)

        monkeypatch.setattr(Path, "write_text", full)
        with pytest.raises(SetupError, match=r"library can't be written: No space left on device\."):
            new_department(tmp_path, "library", "TS", "图书馆", {})
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("name", "code"), [("library", "LI"), ("city_library", "CL"), ("a_b_c", "AB")])
    def test_a_code_is_the_first_letters(self, name: str, code: str) -> None:
        assert code_for(name) == code

    def test_the_template_holds_its_words_only_where_they_are_meant(self) -> None:
        """`TT` within another word would be replaced too."""
        for file in writing._files():
            assert not re.search(r"\w(?<!_)TT|TT(?!-001)\w", file.read_text(encoding="utf-8")), file


class TestCheck:
    @pytest.mark.usefixtures("installed")
    def test_one_item_with_all_its_findings(self) -> None:
        said = ask("check", "MZ-009", "--quick")
        assert (said.code, said.err) == (0, "")
        for rule, (title, title_en) in TITLES.items():
            assert rule in said.out
            assert title in said.out
            assert title_en.split()[0] in said.out
        assert said.out.endswith("1 checked, 1 passed, 0 failed\n")

    @pytest.mark.usefixtures("installed")
    @pytest.mark.parametrize("name", ["grain", "LS"])
    def test_all_items_of_a_department(self, name: str) -> None:
        said = ask("check", name, "--quick")
        head, *lines, last = said.out.splitlines()
        assert (said.code, said.err) == (0, "")
        assert head.split() == ["item", "name", "mode", "result", "warnings"]
        assert [line.split()[0] for line in lines] == ["LS-001", "LS-002"]
        assert last == "2 checked, 2 passed, 0 failed"

    @pytest.mark.usefixtures("installed")
    def test_json_is_the_same_each_time_and_has_every_finding(self) -> None:
        first, second = (ask("check", "LS-001", "--quick", "--json") for _ in range(2))
        assert (first.code, first.err) == (0, "")
        assert first == second
        said = json.loads(first.out)
        assert (said["format"], said["effort"], said["passed"]) == ("tongban-check-1", "QUICK", True)
        (report,) = said["reports"]
        assert (report["item"], report["mode"], report["plugin"]) == ("LS-001", "DIRECT", "tongban-grain")
        assert report["centersTried"] == 220
        assert [finding["rule"] for finding in report["findings"]] == list(TITLES)
        assert report["findings"][-1]["verdict"] == "WARN"  # drilled: not here
        assert all(re.fullmatch(r"[0-9a-f]{64}", report[digest]) for digest in ("definitionDigest", "codeDigest"))

    def test_a_rule_that_looks_at_the_district_is_found_with_its_smallest_example(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        department = made(tmp_path)
        judge_by_district(department)
        install(department, monkeypatch)
        said = ask("check", "TS-001", "--quick")
        assert (said.code, said.err) == (1, "")
        assert "FAIL" in said.out
        assert "TS-001 市图书馆证明出具: failed" in said.out
        assert said.out.endswith("1 checked, 0 passed, 1 failed\n")
        said = ask("check", "city_library", "--quick", "--json")
        assert said.code == 1
        (report,) = json.loads(said.out)["reports"]
        (failed,) = [finding for finding in report["findings"] if finding["rule"] == "same-verdict"]
        assert failed["verdict"] == "FAIL"
        assert "SH0107" in json.dumps(failed["example"])

    @pytest.mark.usefixtures("installed")
    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("nothing", "Departments are archives (DA), civil_affairs (MZ),"),
            ("LS-999", "Items of LS are LS-001, LS-002."),
            ("", "Departments are archives (DA),"),
        ],
    )
    def test_an_unknown_name_ends_with_2_and_the_known_ones(self, name: str, known: str) -> None:
        said = ask("check", name)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith(f"Nothing installed is called {name!r}. {known}")

    def test_a_quarantined_plugin_is_refused_with_its_reason(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        department = made(tmp_path)
        next(department.glob("tongban_*/rules.py")).write_text("raise RuntimeError('no rules today')")
        install(department, monkeypatch)
        said = refused("check", "city_library")
        assert said.startswith("plugin city_library is quarantined: ")
        assert "no rules today" in said

    def test_a_bar_is_shown_on_a_terminal(self) -> None:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*PROGRAM, "check", "LS-001", "--quick"],
            env=environment(TERM="xterm"),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process:
            os.close(theirs)
            shown = "".join(_all_of(ours))
            assert process.stdout
            said = process.stdout.read()
        os.close(ours)
        assert process.returncode == 0
        assert "checking LS-001" in shown
        assert "checking" not in said


def _all_of(terminal: int) -> Iterator[str]:
    """What was written to a terminal until all others closed it."""
    try:
        while more := os.read(terminal, 65536):
            yield more.decode(errors="replace")
    except OSError:  # Linux says so that nobody is at the other end
        pass


class TestConforms:
    """Each with a department of another name: what is imported stays."""

    def test_it_tells_what_failed_and_by_which_example(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        department = made(tmp_path, "partial_library")
        judge_by_district(department)
        monkeypatch.syspath_prepend(str(department))
        with pytest.raises(AssertionError, match="tongban_partial_library does not conform:\nTS-001 ") as failure:
            conforms("tongban_partial_library")
        assert "same-verdict: 全市同标准 / The same verdict everywhere" in str(failure.value)
        assert "SH0107" in str(failure.value)

    def test_it_tells_why_a_plugin_can_t_be_loaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        department = made(tmp_path, "misspelt_library")
        module = next(department.glob("tongban_*/__init__.py"))
        module.write_text(module.read_text(encoding="utf-8").replace("tongban_validate", "tongban_valid"))
        monkeypatch.syspath_prepend(str(department))
        with pytest.raises(AssertionError, match=r"tongban_misspelt_library can't be loaded: .*tongban_valid"):
            conforms("tongban_misspelt_library")

    def test_it_tells_a_code_that_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        department = made(tmp_path, "greedy_library")
        data = next(department.glob("tongban_*/data/*.toml"))
        data.write_text(data.read_text(encoding="utf-8").replace('code = "TS-001"', 'code = "GA-001"'))
        monkeypatch.syspath_prepend(str(department))
        with pytest.raises(AssertionError, match="GA-001 is claimed by 公安 too"):
            conforms("tongban_greedy_library")

    def test_its_fixtures_are_in_every_pytest(self, tmp_path: Path) -> None:
        department = made(tmp_path)
        (department / "test_city_library.py").write_text(
            "import tongban_city_library as plugin\n"
            "from hypothesis import find\n"
            "def test_all(conforms, applications, judged):\n"
            "    conforms(plugin)\n"
            "    (item,) = plugin.DEPARTMENT.items\n"
            "    by_agent = find(applications(item), lambda one: one.form.get('filedBy') == 'AGENT')\n"
            "    assert by_agent.item == 'TS-001'\n"
            "    assert judged(plugin, 'TS-001', {'filedBy': 'AGENT'}, age=17)\n"
            "    assert not judged(plugin, 'TS-001', {'filedBy': 'AGENT'}, age=18)\n"
        )
        said = own_tests(department)
        assert said.code == 0, said


@pytest.fixture
def editions(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database with the shipped editions, for commands that only read it."""
    monkeypatch.setenv("TONGBAN_DATABASE_URL", engine.url.render_as_string(hide_password=False))


@pytest.fixture
def exported(editions: None, tmp_path: Path) -> Path:
    """The newest edition, exported."""
    file = tmp_path / "edition.json"
    assert ask("catalog", "export", str(file)).code == 0
    return file


class TestExport:
    @pytest.mark.usefixtures("editions")
    @pytest.mark.parametrize(("number", "day"), [(1, "2017-01-01"), (2, "2018-03-01"), (3, "2018-07-01")])
    def test_an_edition_goes_out_and_verifies(self, tmp_path: Path, number: int, day: str) -> None:
        file = tmp_path / "edition.json"
        said = ask("catalog", "export", str(file), "--edition", str(number))
        told = f"edition {number}, in force from {day}, with 174 items"
        assert (said.code, said.out) == (0, f"{told} written to {file}\n")
        assert list(tmp_path.iterdir()) == [file]
        said = ask("catalog", "verify", str(file))
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith(f"{told}: whole, unchanged, signed\ndigest: ")

    def test_without_a_file_it_goes_to_standard_output(self, exported: Path) -> None:
        said = ask("catalog", "export")
        assert said.code == 0
        assert said.out == exported.read_text(encoding="utf-8")
        assert said.err.startswith("database: ")

    def test_editions_are_a_chain(self, exported: Path) -> None:
        digest = json.loads(ask("catalog", "export", "--edition", "2").out)["seal"]["digest"]
        assert json.loads(exported.read_text(encoding="utf-8"))["content"]["previous_digest"] == digest

    @pytest.mark.usefixtures("editions")
    def test_an_edition_that_is_not_there_is_refused_with_those_that_are(self, tmp_path: Path) -> None:
        said = refused("catalog", "export", str(tmp_path / "file"), "--edition", "9")
        assert said == "There is no edition 9; there are 1, 2, 3."
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.usefixtures("editions")
    def test_a_place_that_can_t_be_written_is_one_line(self, tmp_path: Path) -> None:
        said = refused("catalog", "export", str(tmp_path / "no" / "file"))
        assert said.endswith("can't be written: No such file or directory.")

    async def test_a_database_without_editions_is_one_line(
        self, server_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with new_database(server_url) as url:
            monkeypatch.setenv("TONGBAN_DATABASE_URL", url)
            assert "run `tongban migrate` first" in await asyncio.to_thread(refused, "catalog", "export")
            await prepare.migrated(url)
            said = await asyncio.to_thread(refused, "catalog", "export")
            assert said == "No edition is published yet: run `tongban load` first."


class TestVerify:
    def test_with_the_office_s_key_the_signature_is_the_office_s(self, exported: Path, tmp_path: Path) -> None:
        key = tmp_path / "office.pem"
        key.write_bytes(SIGNER.public_key.replace("\n", "\r\n").encode())
        said = ask("catalog", "verify", str(exported), "--key", str(key))
        assert (said.code, said.err) == (0, "")
        assert said.out.splitlines()[-1] == f"signature: Ed25519, by the key in {key}"

    def test_it_verifies_by_other_means_too(self, exported: Path) -> None:
        """As docs/how-to/verify-an-edition.md tells it."""
        edition = json.loads(exported.read_text(encoding="utf-8"))

        def written(value: Any) -> bytes:
            return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

        seal, members = edition["seal"], edition["content"]["members"]
        assert hashlib.sha256(written(edition["content"])).hexdigest() == seal["digest"]
        key = load_pem_public_key(seal["public_key"].encode())
        assert isinstance(key, Ed25519PublicKey)
        key.verify(base64.b64decode(seal["signature"]), written(edition["content"]))
        assert {one["code"]: one["digest"] for one in members} == {
            code: hashlib.sha256(written(definition)).hexdigest() for code, definition in edition["definitions"].items()
        }

    def test_another_key_is_a_fault(self, exported: Path, tmp_path: Path) -> None:
        key = tmp_path / "other.pem"
        key.write_text(Ed25519Signer(Ed25519PrivateKey.generate()).public_key)
        said = ask("catalog", "verify", str(exported), "--key", str(key))
        assert (said.code, said.out) == (1, "")
        assert said.err == f"{exported}: It is signed with another key than the trusted one.\n"

    def test_every_fault_is_told(self, exported: Path, tmp_path: Path) -> None:
        edition = json.loads(exported.read_text(encoding="utf-8"))
        edition["definitions"]["MZ-009"]["promised_days"] += 1
        del edition["definitions"]["MZ-010"]
        edition["content"]["effective_from"] = "2018-07-02"
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps(edition, ensure_ascii=False), encoding="utf-8")
        said = ask("catalog", "verify", str(changed))
        assert (said.code, said.out) == (1, "")
        assert sorted(line.removeprefix(f"{changed}: ") for line in said.err.splitlines()) == [
            "MZ-009: the definition is not the one that was published.",
            "MZ-010: the definition is missing.",
            "The digest is not that of the content.",
            "The signature does not hold.",
        ]

    @pytest.mark.parametrize("content", [b"", b"no JSON", b"\xff\xfe", b"[]", b"5", b'{"format": "another-1"}'])
    def test_a_file_that_is_none_is_one_line(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "file"
        file.write_bytes(content)
        assert refused("catalog", "verify", str(file)) == f"{file} is no exported edition."

    def test_a_file_that_only_calls_itself_one_has_that_fault(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text('{"format": "tongban-edition-1", "content": {}, "seal": {}, "definitions": {}}')
        said = ask("catalog", "verify", str(file))
        assert (said.code, said.err) == (1, f"{file}: This is no exported edition.\n")

    def test_what_can_t_be_read_is_one_line(self, exported: Path, tmp_path: Path) -> None:
        assert "can't be read: No such file" in refused("catalog", "verify", str(tmp_path / "nothing"))
        assert "can't be read: Is a directory" in refused("catalog", "verify", str(tmp_path))
        assert "is no public key (PEM)" in refused("catalog", "verify", str(exported), "--key", str(exported))

    def test_it_takes_neither_a_database_nor_settings(self, exported: Path) -> None:
        said = tongban("catalog", "verify", str(exported), TONGBAN_DATABASE_URL="nonsense", TONGBAN_PORT="nonsense")
        assert (said.code, said.err) == (0, "")
