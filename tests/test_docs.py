"""The documents hold: what they show is run, what they list is compared with the code, where they point is there."""

import ast
import asyncio
import importlib
import inspect
import json
import os
import re
import shutil
import signal
import sys
import sysconfig
import tomllib
import venv
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import typer
from typer.testing import CliRunner

import tongban
from graphql import GraphQLEnumType
from graphql import build_schema as read_schema
from notification_support import NOTICE
from support import TODAY, Api, new_database
from tongban import testing
from tongban.admission.lifecycle import MOVES, first_status
from tongban.admission.words import ProposalKind
from tongban.centers.hours import day_in_shanghai
from tongban.check.titles import TITLES
from tongban.cli import app
from tongban.contract.hooks import CONTRACT_VERSION, ChannelHooks, DepartmentHooks
from tongban.contract.items import (
    Department,
    Guide,
    GuideQuestion,
    ItemDefinition,
    MaterialDefinition,
    MaterialRequirement,
    Sample,
)
from tongban.contract.problems import ProblemCode
from tongban.graphql.schema import build_schema
from tongban.messages.problems import MESSAGES, Message
from tongban.notifications.channels import GROUP as CHANNELS
from tongban.notifications.channels import open_channels
from tongban.registry import GROUP, Limits, PluginState, open_registry
from tongban.settings import Settings
from tongban.testing import sample_application

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("plugins/*/*.md")])
TUTORIAL = DOCS / "tutorial" / "first-department.md"
HOOKS_PAGE = DOCS / "reference" / "hooks.md"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the word after it, its text, and the line of text before it."""

    language: str
    mark: str
    text: str
    before: str


def blocks_of(page: Path) -> list[Block]:
    """The page's fenced blocks in order; those inside a list are moved to the margin."""
    found: list[Block] = []
    before, opened, taken = "", None, list[str]()
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = re.fullmatch(r"( *)```(\w*) ?(\w*)", line)
        if opened is None and fence:
            opened, taken = fence, []
        elif opened is not None and fence:
            found.append(Block(opened[2], opened[3], "\n".join(taken) + "\n", before))
            opened = None
        elif opened is not None:
            taken.append(line.removeprefix(opened[1]))
        elif line.strip():
            before = line.strip()
    assert opened is None, f"a fence of {page} is not closed"
    return found


def questions_of(page: Path) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Each question of the page with the answer that is shown for it."""
    blocks = blocks_of(page)
    for question, answer in zip_longest(blocks, blocks[1:]):
        if question.language == "graphql":
            assert answer is not None, f"{page} has a question without an answer"
            assert answer.language == "json", f"{page} has a question without an answer"
            yield question, json.loads(answer.text)


def section(page: Path, title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    text = page.read_text(encoding="utf-8")
    heading = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert heading, f"{page.relative_to(ROOT)} has no section {title}"
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def table(text: str) -> dict[str, list[str]]:
    """The rows of the text's first table by their first cell, code marks taken off."""
    lines = iter(text.splitlines())
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("| ---"):
            for row in lines:
                if not row.startswith("|"):
                    return rows
                first, *others = (cell.strip() for cell in row.strip("|").split("|"))
                rows[first.strip("`")] = others
    return rows


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_a_relative_link_leads_somewhere(self, page: Path) -> None:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            place = (page.parent / name).resolve() if name else page
            assert place.exists(), f"{page.relative_to(ROOT)} points at {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
                assert anchor in anchors, f"{page.relative_to(ROOT)} points at {target}"

    def test_the_index_names_every_page(self) -> None:
        index = (DOCS / "README.md").read_text(encoding="utf-8")
        for page in DOCS.rglob("*.md"):
            if page != DOCS / "README.md":
                assert f"({page.relative_to(DOCS)})" in index, f"{page} is not in docs/README.md"

    @pytest.mark.parametrize("record", sorted((DOCS / "decisions").glob("*.md")), ids=lambda path: path.stem)
    def test_a_decision_is_short_and_numbered(self, record: Path) -> None:
        lines = record.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 25
        assert lines[0].startswith(f"# {int(record.stem[:4])}. ")
        assert {"## Context", "## Decision", "## Consequences"} <= set(lines)


QUESTIONS = [
    pytest.param(question.text, answer, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (question, answer) in enumerate(questions_of(page), 1)
    if not question.mark
]
STORIES = [page for page in PAGES if any(question.mark == "story" for question, _ in questions_of(page))]


@dataclass(slots=True)
class Story:
    """Questions that follow each other: what one answers for a word such as PROPOSAL-ID, the next ones ask with."""

    today: str
    found: dict[str, str] = field(default_factory=dict)

    def asked(self, question: str) -> str:
        """The question with the words filled in."""
        for word, value in {"TODAY": self.today, **self.found}.items():
            question = question.replace(word, value)
        return question

    def fits(self, shown: Any, got: Any) -> bool:
        """Whether the answer is the one shown. `…` stands for any value, a word such as PROPOSAL-ID for a new one."""
        if isinstance(shown, dict) and isinstance(got, dict):
            return shown.keys() == got.keys() and all(self.fits(shown[key], got[key]) for key in shown)
        if isinstance(shown, list) and isinstance(got, list):
            return len(shown) == len(got) and all(map(self.fits, shown, got))
        if isinstance(shown, str) and re.fullmatch(r"[A-Z]+-ID", shown):
            return isinstance(got, str) and self.found.setdefault(shown, got) == got
        return shown == "…" or bool(got == (self.today if shown == "TODAY" else shown))


class TestQuestions:
    @pytest.mark.parametrize(("question", "answer"), QUESTIONS)
    async def test_a_question_has_the_answer_that_is_shown(
        self, api: Api, question: str, answer: dict[str, Any]
    ) -> None:
        assert await api.ask(question) == answer

    @pytest.mark.parametrize("page", STORIES, ids=lambda page: page.stem)
    async def test_a_story_goes_as_it_is_told(self, api: Api, page: Path) -> None:
        story = Story(TODAY.isoformat())
        for question, answer in questions_of(page):
            if question.mark == "story":
                got = await api.ask(story.asked(question.text))
                assert story.fits(answer, got), (question.text, got)

    def test_the_readme_shows_three(self) -> None:
        assert len(list(questions_of(ROOT / "README.md"))) == 3


@pytest.mark.long
class TestCommands:
    """Each line of a `console` block that begins with `$` is run; the lines after it are looked for in its output."""

    @pytest.mark.parametrize("page", sorted((DOCS / "how-to").glob("*.md")), ids=lambda page: page.stem)
    async def test_the_commands_of_a_guide_do_what_is_shown(self, page: Path, tmp_path: Path, server_url: str) -> None:
        (tmp_path / "core").symlink_to(ROOT / "core")
        shown = [block for block in blocks_of(page) if block.language == "console"]
        assert shown
        async with new_database(server_url) as url:
            for block in shown:
                for command, lines in _commands(block):
                    await _runs(command, lines, tmp_path, url)

    async def test_the_tutorial_goes_as_it_is_told(self, tmp_path: Path, server_url: str) -> None:
        _make_venv(tmp_path)
        (tmp_path / "plugins").mkdir()
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        story = Story(day_in_shanghai(datetime.now(UTC)).isoformat())
        answers = {question.text: answer for question, answer in questions_of(TUTORIAL)}
        asked = 0
        async with (
            new_database(server_url) as url,
            AsyncExitStack() as served,
            httpx.AsyncClient(timeout=120) as client,
        ):
            address = ""
            for block in blocks_of(TUTORIAL):
                if file := re.fullmatch(r"`(plugins/.+)`:", block.before):
                    assert (tmp_path / file[1]).exists(), f"{file[1]} is not what the template wrote"
                    (tmp_path / file[1]).write_text(block.text, encoding="utf-8")
                elif block.language == "graphql":
                    response = await client.post(address, json={"query": story.asked(block.text)})
                    got = response.json().get("data")
                    assert story.fits(answers[block.text], got), (block.text, response.text)
                    asked += 1
                elif block.language == "console":
                    for command, lines in _commands(block):
                        if command.endswith("serve"):
                            address = await served.enter_async_context(_serving(command, lines, tmp_path, url))
                            continue
                        if command.startswith("rm"):
                            await served.aclose()
                        await _runs(command, lines, tmp_path, url)
        assert asked == len(answers)
        assert not (tmp_path / "plugins" / "library").exists()


def _commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The block's commands, each with the lines of output shown after it."""
    for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *lines = shown.splitlines()
        yield command, lines


def _environment(folder: Path, database: str) -> dict[str, str]:
    """The caller's environment, with a database of its own and `tongban` on the path."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "tongban"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tongban "$@"\n')
    program.chmod(0o755)
    own = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "TONGBAN_DATABASE_URL": database,
        "TONGBAN_DATA_DIR": str(folder / "var"),
        "TONGBAN_PORT": "0",
        "COLUMNS": "200",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return os.environ | own


async def _runs(command: str, lines: list[str], folder: Path, database: str) -> None:
    """Runs the command; a last line `[1]` is the exit code, which is else 0."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        command,
        cwd=folder,
        env=_environment(folder, database),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    code = re.fullmatch(r"\[(\d+)\]", lines[-1]) if lines else None
    assert process.returncode == (int(code[1]) if code else 0), f"$ {command}\n{output}"
    for line in lines[:-1] if code else lines:
        assert _shown(line, output), f"$ {command}\nshows no line\n{line}\nbut\n{output}"


def _shown(line: str, output: str) -> bool:
    """Whether the output has the line; `…` stands for anything within it."""
    pattern = ".*".join(re.escape(part) for part in line.split("…"))
    return re.search(f"^{pattern}", output, re.MULTILINE) is not None


@asynccontextmanager
async def _serving(command: str, lines: list[str], folder: Path, database: str) -> AsyncIterator[str]:
    """The address at which the command serves, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f"exec {command}",
        cwd=folder,
        env=_environment(folder, database),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, address = "", None
    try:
        assert process.stdout is not None
        while address is None and (line := (await process.stdout.readline()).decode()):
            output += line
            address = re.search(r"serves on (\S+)", line)
        for shown in lines:
            assert _shown(shown, output), output
        assert address is not None, output
        yield address[1]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


def _make_venv(folder: Path) -> None:
    """A venv in the folder that sees what is installed here, and into which a department can be installed."""
    venv.create(folder / ".venv", with_pip=False)
    (packages,) = folder.glob(".venv/lib/python*/site-packages")
    here = sysconfig.get_path("purelib")
    (packages / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")


class TestHooks:
    """Each hook has a section, its arguments, an example that works, and a test."""

    OF_DEPARTMENTS: ClassVar = {name for name in vars(DepartmentHooks) if name.startswith("tongban_")}
    HOOKS: ClassVar = {
        name: inspect.signature(spec)
        for name, spec in (vars(DepartmentHooks) | vars(ChannelHooks)).items()
        if name.startswith("tongban_")
    }

    @pytest.mark.parametrize("name", HOOKS)
    def test_a_hook_has_a_section_with_its_arguments(self, name: str) -> None:
        text = section(HOOKS_PAGE, f"`{name}`")
        (itself, *arguments), gives = self.HOOKS[name].parameters.values(), self.HOOKS[name].return_annotation
        assert itself.name == "self"
        told = ", ".join(f"{argument.name}: {argument.annotation}" for argument in arguments)
        assert f"`{name}({told}) -> {gives}`" in text
        assert re.findall(r"^- `(\w+)`: ", text, re.MULTILINE) == [argument.name for argument in arguments]
        assert all(f"**{word}" in text for word in ("Asked", "Arguments", "Give back"))

    @pytest.mark.parametrize("name", HOOKS)
    def test_a_hook_has_a_test(self, name: str) -> None:
        tests = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/test_*.py")]
        assert any(_calls(path, name) for path in tests), f"no test calls {name}"

    async def test_the_examples_are_a_plugin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "documented_library"
        (package / "data").mkdir(parents=True)
        (definition,) = (block.text for block in blocks_of(TUTORIAL) if "/data/" in block.before)
        (package / "data" / "library.toml").write_text(definition, encoding="utf-8")
        examples = [block.text for block in blocks_of(HOOKS_PAGE) if block.language == "python" and not block.mark]
        (package / "__init__.py").write_text("\n".join(examples), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

        async with open_registry([EntryPoint("library", "documented_library", GROUP)]) as registry:
            (plugin,) = registry.plugins
            assert plugin.state is PluginState.ACTIVE, plugin.problem
            assert set(plugin.hooks) == self.OF_DEPARTMENTS
            assert plugin.contract == "1.0"
            module = importlib.import_module("documented_library")
            (card,) = module.tongban_department().items
            grown_up = sample_application(card)
            assert not module.tongban_validate(application=grown_up)
            assert module.tongban_processing_mode(application=grown_up) is tongban.ProcessingMode.DIRECT
            born_today = tongban.Applicant(birth_date=grown_up.received_on)
            judgment = await registry.judge("TS", sample_application(card, applicant=born_today))
            assert [problem.detail for problem in judgment.problems] == ["reader-card.child"]
            assert judgment.mode is tongban.ProcessingMode.DIRECT

    async def test_the_example_of_a_channel_is_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (example,) = (block.text for block in blocks_of(HOOKS_PAGE) if block.mark == "channel")
        (tmp_path / "documented_channel.py").write_text(example, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        posted: list[str] = []

        def post(_url: str, json: dict[str, str], **_: Any) -> httpx.Response:
            posted.append(json["text"])
            return httpx.Response(200)

        monkeypatch.setattr(httpx, "post", post)
        async with open_channels(found=[EntryPoint("gateway", "documented_channel", CHANNELS)]) as channels:
            assert await channels["gateway"].deliver(NOTICE) == tongban.Delivery()
        assert posted == [NOTICE.text]

    def test_the_limits_are_listed(self) -> None:
        listed = table(section(HOOKS_PAGE, "Limits"))
        assert {name: float(value) for name, (value, _) in listed.items()} == asdict(Limits())

    def test_what_tests_may_import_is_listed(self) -> None:
        listed = table(section(HOOKS_PAGE, "For tests"))
        assert sorted(name for cell in listed for name in re.findall(r"\w+", cell)) == sorted(testing.__all__)

    def test_the_front_door_is_listed(self) -> None:
        listed = table(section(HOOKS_PAGE, "The front door"))
        names = [name for (cell,) in listed.values() for name in re.findall(r"`(\w+)`", cell)]
        assert sorted(names) == sorted(tongban.__all__)

    def test_the_version_is_the_contract_s(self) -> None:
        assert f"Contract version {CONTRACT_VERSION}." in HOOKS_PAGE.read_text(encoding="utf-8")


def _calls(path: Path, name: str) -> bool:
    """Whether a test in the file calls the function of that name."""
    return any(
        isinstance(node, ast.Call)
        and name == (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def _commands_of(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each command that people use, by its whole name, those of groups too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands_of(command, f"{before}{name} ")
        elif not command.hidden:
            yield f"{before}{name}", command


def _shown_as(option: Any) -> str:
    """An option by its first name, an argument in capitals."""
    name: str = option.opts[0]
    return name if name.startswith("-") else name.upper()


class TestReference:
    @pytest.mark.parametrize(
        ("title", "kind"),
        [
            ("`[department]`", Department),
            ("`[[materials]]`", MaterialDefinition),
            ("`[[items]]`", ItemDefinition),
            ("`[items.guide]`", Guide),
            ("`questions`", GuideQuestion),
            ("Entries of `materials`", MaterialRequirement),
            ("`[items.sample]`", Sample),
        ],
    )
    def test_each_key_of_a_definition_is_listed(self, title: str, kind: Any) -> None:
        listed = table(section(DOCS / "reference" / "definitions.md", title))
        optional = {one.name: (one.default, one.default_factory) != (MISSING, MISSING) for one in fields(kind)}
        assert {key: bool(default) for key, (default, _) in listed.items()} == optional

    def test_each_setting_is_listed_with_its_default(self) -> None:
        listed = table((DOCS / "reference" / "settings.md").read_text(encoding="utf-8"))
        known = {
            f"TONGBAN_{name.upper()}": "none" if one.default is None else f"`{one.default}`"
            for name, one in Settings.model_fields.items()
        }
        assert {name: default for name, (default, _) in listed.items()} == known

    COMMANDS: ClassVar = dict(_commands_of(typer.main.get_command(app)))

    @pytest.mark.parametrize("name", COMMANDS)
    def test_a_command_is_described_as_its_help_does(self, name: str) -> None:
        command, text = self.COMMANDS[name], section(DOCS / "reference" / "cli.md", f"`tongban {name}`")
        assert command.help in text
        options = {_shown_as(option): [option.help] for option in command.params}
        assert table(text) == options
        plain = {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
        help_ = CliRunner().invoke(app, [*name.split(), "--help"], env=plain)
        assert help_.exit_code == 0
        assert all(option.lower() in help_.output.lower() for option in options)

    def test_no_command_is_described_that_is_not_there(self) -> None:
        text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
        assert re.findall(r"^## `tongban (.+)`$", text, re.MULTILINE) == list(self.COMMANDS)

    PROBLEMS = DOCS / "reference" / "problems.md"

    def test_each_code_of_a_problem_is_listed(self) -> None:
        assert list(table(section(self.PROBLEMS, "Codes"))) == list(ProblemCode)

    def test_codes_that_nothing_raises_are_named(self) -> None:
        files = [*ROOT.glob("core/**/*.py"), *ROOT.glob("plugins/*/tongban_*/*.py")]
        sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
        raised = {message.code for message in MESSAGES.values()}
        raised |= {ProblemCode[name] for name in re.findall(r"ProblemCode\.([A-Z_]+)", sources)}
        (said,) = re.findall(r"^Not raised yet, and promised: (.+?)\.", self.PROBLEMS.read_text("utf-8"), re.M | re.S)
        assert set(re.findall(r"`(\w+)`", said)) == set(ProblemCode) - raised

    def test_each_message_of_core_is_listed(self) -> None:
        text = section(self.PROBLEMS, "What core says")
        shown = [line for line in text.splitlines() if line.startswith("| `")]
        wanted = [_row_of(name, message) for name, message in MESSAGES.items()]
        assert shown == wanted, "problems.md should say:\n" + "\n".join(wanted)


def _row_of(name: str, message: Message) -> str:
    """The line of problems.md for a message."""
    step = f"{message.next_zh}<br>{message.next_en}" if message.next_zh else "—"
    return f"| `{name}` | `{message.code}` | {message.zh}<br>{message.en} | {step} |"


class TestAdmission:
    PAGE = DOCS / "explanation" / "admission.md"

    def test_each_rule_of_the_check_is_told(self) -> None:
        listed = table(section(self.PAGE, "The rules of the check"))
        assert {name: title for name, (title, _) in listed.items()} == {name: zh for name, (zh, _) in TITLES.items()}

    def test_the_picture_is_the_lifecycle(self) -> None:
        (picture,) = (block.text for block in blocks_of(self.PAGE) if "stateDiagram" in block.text)
        drawn = set(re.findall(r"^ *(\w+) --> (\w+): (\w+)$", picture, re.MULTILINE))
        assert drawn == {(one, other, do) for (one, do), other in MOVES.items() if one is not other}
        begun = {
            kind: status
            for status, kinds in re.findall(r"^ *\[\*\] --> (\w+): (.+)$", picture, re.MULTILINE)
            for kind in kinds.split(", ")
        }
        assert begun == {kind: first_status(kind) for kind in ProposalKind}


SERVED = read_schema(build_schema().as_str()).type_map.values()


class TestWords:
    @pytest.mark.parametrize(
        "enum",
        [kind for kind in SERVED if isinstance(kind, GraphQLEnumType) and not kind.name.startswith("__")],
        ids=lambda enum: enum.name,
    )
    def test_each_word_of_the_api_is_in_the_glossary_in_chinese(self, enum: GraphQLEnumType) -> None:
        glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
        start = glossary.find(f"| `{enum.name}` | ")
        assert start >= 0, f"{enum.name} is not in the glossary"
        words = table(glossary[start:])
        assert list(words) == list(enum.values)
        assert all(re.search(r"[\u4e00-\u9fff]", chinese) for (chinese,) in words.values())


class TestHouse:
    HOUSE = DOCS / "explanation" / "house.md"
    ROOMS = sorted(
        path.stem
        for path in (ROOT / "core" / "tongban").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.stem.startswith("_")
    )

    @pytest.mark.parametrize("page", [ROOT / "README.md", HOUSE], ids=lambda page: page.stem)
    def test_the_picture_shows_every_room(self, page: Path) -> None:
        picture = next(block.text for block in blocks_of(page) if block.language == "text")
        assert [room for room in self.ROOMS if not re.search(rf"\b{room}\b", picture)] == []

    def test_the_direction_is_the_one_that_is_held(self) -> None:
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
        (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
        (direction,) = (block.text for block in blocks_of(self.HOUSE) if block.text.startswith("__main__"))
        assert direction.split("\n")[:-1] == layers
