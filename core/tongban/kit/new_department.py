"""Writes a new department: a plugin that works, from the template beside this file."""

import keyword
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tongban.errors import SetupError

TEMPLATE = Path(__file__).parent / "template"
"""A department that works, in plain files. The words of `_words` stand in them for the new one's own."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CODE = re.compile(r"[A-Z]{2,4}")
CHINESE = re.compile(r"[\w（）()·—-]+")
LONGEST = 30


def new_department(folder: Path, name: str, code: str, chinese: str, taken: Mapping[str, str]) -> Path:
    """The folder of a new department `name` inside `folder`, written whole or not at all. Raises SetupError.

    `taken` are the names and codes that departments have already, each with whose it is.
    """
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder} for departments: name another with --folder.")
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > LONGEST:
        raise SetupError(
            f"{name!r} can't name a department: take lower-case letters, digits, single underscores, a letter first, "
            f"at most {LONGEST} of them."
        )
    if not CODE.fullmatch(code):
        raise SetupError(f"{code!r} can't be a department's code: give 2 to 4 capital letters with --code.")
    if not CHINESE.fullmatch(chinese) or len(chinese) > LONGEST:
        raise SetupError(f"{chinese!r} can't be a department's name: give one word, {LONGEST} characters at most.")
    target = folder / name
    if target.exists() or target.is_symlink():
        raise SetupError(f"{target} is there already, and stays as it is.")
    for claimed in (name, code):
        owner = taken.get(claimed) or _owner_in(folder, claimed)
        if owner is not None:
            raise SetupError(f"{claimed} is taken by {owner}: choose another.")
    try:
        _write(folder, target, _words(name, code, chinese))
    except OSError as error:
        raise SetupError(f"{target} can't be written: {error.strerror or error}.") from error
    return target


def code_for(name: str) -> str:
    """The code that a department gets where nobody says one: the first letters of its words, or of its one word."""
    words = name.split("_")
    letters = "".join(word[:1] for word in words) if len(words) > 1 else name
    return letters[:2].upper()


def _owner_in(folder: Path, code: str) -> str | None:
    """The department in `folder`, installed or not, that has the code."""
    for file in sorted(folder.glob("*/tongban_*/data/*.toml")):
        try:
            head = tomllib.loads(file.read_text(encoding="utf-8")).get("department", {})
        except (OSError, ValueError):
            continue
        if isinstance(head, dict) and head.get("code") == code:
            return str(file.relative_to(folder).parts[0])
    return None


def _words(name: str, code: str, chinese: str) -> dict[str, str]:
    """What stands in the template, and what takes its place."""
    return {
        "trial_department": name,
        "trial-department": name.replace("_", "-"),
        "Trial department": name.replace("_", " ").capitalize(),
        "试验部门": chinese,
        "TT": code,
    }


def _write(folder: Path, target: Path, words: Mapping[str, str]) -> None:
    """Writes everything beside the target, then gives it its name."""
    pattern = re.compile("|".join(map(re.escape, words)))

    def told(text: str) -> str:
        return pattern.sub(lambda found: words[found[0]], text)

    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as aside:
        made = Path(aside) / target.name
        for file in _files():
            place = made / told(file.relative_to(TEMPLATE).as_posix())
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(told(file.read_text(encoding="utf-8")), encoding="utf-8")
        made.rename(target)


def _files() -> Iterator[Path]:
    return (file for file in sorted(TEMPLATE.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)
