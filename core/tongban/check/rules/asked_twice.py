"""The form asks nothing that the resident's record answers (S05, S06): one entry of name and number serves all.

A field's meaning is read off its title, its name, its choices and its pattern. Fields about somebody else (a child, a
spouse, the deceased, an employer) and about what is not on record yet (a new address) are no repetition.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.contract.items import ItemDefinition


@dataclass(frozen=True, slots=True)
class Meaning:
    """One fact of the resident's record, and how forms ask for it. `names` are words of a field's English name."""

    name: str
    name_en: str
    title: re.Pattern[str]
    names: tuple[tuple[str, ...], ...]


def _meaning(name: str, name_en: str, title: str, *names: str) -> Meaning:
    return Meaning(name, name_en, re.compile(title, re.IGNORECASE), tuple(tuple(each.split()) for each in names))


MEANINGS = (
    _meaning(
        "姓名",
        "name",
        r"姓名|名字|(?:^|本人|申请人|申办人|居民)(?:的)?称呼|\b(?:your|full|legal|applicant'?s?) name\b|^name$",
        "name",
        "full name",
        "fullname",
        "real name",
        "legal name",
        "given name",
        "family name",
        "first name",
        "last name",
        "xingming",
    ),
    _meaning(
        "身份证号",
        "citizen number",
        r"身份证(?!明|件)|公民身份|证件号|身份号码|护照号|\b(?:id|identity|citizen|passport) (?:card )?(?:number|no\b)",
        "id number",
        "identity number",
        "citizen number",
        "id card",
        "id no",
        "id card number",
        "passport number",
        "sfz",
    ),
    _meaning(
        "出生日期",
        "birth date",
        r"出生(?:日期|年月|时间|日|年份|$)|生日(?!期)|何时出生|\bdate of birth\b|\bbirth ?(?:date|day)\b|\bborn on\b",
        "birth date",
        "birthdate",
        "birthday",
        "date of birth",
        "born on",
        "dob",
        "birth year",
    ),
    _meaning("年龄", "age", r"年龄|多大年纪|几岁|周岁$|^\W*(?:your )?age\b", "age", "years old"),
    _meaning("性别", "sex", r"性别|\b(?:sex|gender)\b", "sex", "gender"),
    _meaning(
        "户籍",
        "hukou",
        r"户籍|户口(?!簿|本)|hukou|household registration",
        "hukou",
        "hukou address",
        "hukou district",
        "hukou division",
        "hukou street",
        "household registration",
        "huji",
    ),
    _meaning(
        "居住地址",
        "residence",
        r"住址|地址|居住地|现住地|住在哪|家住|\baddress\b|place of residence|where (?:do )?you live",
        "address",
        "home address",
        "residence",
        "residence address",
        "current address",
        "living address",
        "contact address",
        "postal address",
        "place of residence",
    ),
    _meaning(
        "联系电话",
        "telephone",
        r"电话|手机|联系方式|(?:tele|cell) ?phone|\bphone\b|\bmobile\b",
        "phone",
        "telephone",
        "mobile",
        "cellphone",
        "phone number",
        "mobile number",
        "mobile phone",
        "contact phone",
        "telephone number",
        "tel",
    ),
    _meaning(
        "居住证号",
        "residence permit number",
        r"居住证(?:编?号|号码|证号|有效期|到期)|(?:residence )?permit (?:number|no\b)",
        "permit number",
        "residence permit number",
        "permit valid to",
        "permit no",
    ),
    _meaning("国籍", "nationality", r"国籍|\b(?:nationality|citizenship)\b", "nationality", "citizenship"),
)
SOMEBODY_ELSE = re.compile(
    r"子女|孩|儿童|婴|新生儿|生育|分娩|配偶|夫|妻|父|母|亲属|家属|家庭成员|代理|代办|受托|委托|经办|监护|被[^，。（]{0,8}人|死|亡|逝|故者"
    r"|单位|雇|企业|公司|商户|店|机构|组织|学校|医院|银行|工会|出租|承租|房东|房屋|担保|证人|紧急|联系人|收件|当事人|户主|同住|共有|双方"
    r"|\b(?:child|children|son|daughter|baby|newborn|spouse|wife|husband|father|mother|parents?|relatives?|kin|agent|guardian"
    r"|deceased|dead|employer|company|business|organi[sz]ation|institution|school|hospital|bank|union|landlord|lessor|tenant"
    r"|guarantor|witness|emergency|ward|insured|provider|household|house|owner|partner)(?:'s)?\b",
    re.IGNORECASE,
)
NOT_ON_RECORD = re.compile(
    r"新的|^新|变更后|更正后|更新后|迁入|迁往|前往|拟|转往|外省市|境外|国外|原(?!因)|曾用|从前|当时|入院"
    r"|\b(?:new|former|previous|future|changed|corrected|abroad|elsewhere)\b",
    re.IGNORECASE,
)
HIMSELF = {"applicant", "own", "my", "self", "resident", "person"}
CITIZEN_NUMBERS = ("11010519491231002X", "310199197505200023")
NO_CITIZEN_NUMBERS = ("91350100M000100Y43", "1101051949123100", "abcdefghijklmnopqr", "1")
MOBILE_NUMBERS = ("13812345678", "19912345678")
NO_MOBILE_NUMBERS = ("23812345678", "138123456", "1381234567890", "abcdefghijk")
SEXES = ({"男", "女"}, {"男性", "女性"}, {"MALE", "FEMALE"}, {"M", "F"}, {"male", "female"})


def nothing_asked_twice(item: ItemDefinition) -> Finding:
    """Every field, nested ones too, against every fact of the resident's record."""
    asked = [(path, field, meaning) for path, field in fields_of(item.form) if (meaning := meaning_of(path[-1], field))]
    fails: list[Words] = [
        (
            f"“{_title(field) or path[-1]}”（{'.'.join(path)}）重复填写{meaning.name}，居民记录中已有",
            f"{'.'.join(path)} asks for the {meaning.name_en} again, which is on the resident's record",
        )
        for path, field, meaning in asked
    ]
    count = sum(1 for _ in fields_of(item.form))
    passes = (
        f"{count}个字段均不重复居民记录中的信息",
        f"{count} fields; none repeats what is on the resident's record",
    )
    example = {"field": list(asked[0][0]), "title": _title(asked[0][1])} if asked else None
    return graded("nothing-asked-twice", fails, [], passes, example=example)


def fields_of(schema: Any, path: tuple[str, ...] = (), context: str = "") -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field with its path; a nested field brings along the words of the fields around it."""
    if not isinstance(schema, Mapping):
        return
    for name, field in (schema.get("properties") or {}).items():
        if not isinstance(field, Mapping):
            continue
        around = f"{context} {_words_of_name(path[-1]) if path else ''}".strip()
        yield (*path, name), {**field, "x-around": around}
        inner = f"{around} {_title(field)}"
        for nested in (field, field.get("items")):
            yield from fields_of(nested, (*path, name), inner)
    for words in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(words) or ():
            yield from fields_of(part, path, context)
    for words in ("then", "else"):
        yield from ((found, field) for found, field in fields_of(schema.get(words), path, context) if _title(field))


def meaning_of(name: str, field: Mapping[str, Any]) -> Meaning | None:
    """Which fact of the applicant's own record the field asks for; None where it asks for something else."""
    words = _words_of_name(name)
    title = _title(field)
    about = f"{title} {words} {field.get('description', '')} {field.get('x-around', '')}"
    if SOMEBODY_ELSE.search(about) or NOT_ON_RECORD.search(f"{title} {words}"):
        return None
    spoken = tuple(word for word in words.split() if word not in HIMSELF)
    for meaning in MEANINGS:
        if meaning.title.search(title) or spoken in meaning.names:
            return meaning
    return _by_values(field)


def _by_values(field: Mapping[str, Any]) -> Meaning | None:
    """What a field asks for by what it takes: a citizen number, a mobile number, a sex."""
    pattern = field.get("pattern")
    if isinstance(pattern, str):
        for index, yes, no in ((1, CITIZEN_NUMBERS, NO_CITIZEN_NUMBERS), (7, MOBILE_NUMBERS, NO_MOBILE_NUMBERS)):
            if all(re.search(pattern, text) for text in yes) and not any(re.search(pattern, text) for text in no):
                return MEANINGS[index]
    choices = [choice for choice in field.get("oneOf") or () if isinstance(choice, Mapping)]
    values = {str(value) for value in field.get("enum") or ()} | {str(choice.get("const")) for choice in choices}
    titles = {str(choice.get("title")) for choice in choices}
    return MEANINGS[4] if any(sexes <= values or sexes <= titles for sexes in SEXES) else None


def _title(field: Mapping[str, Any]) -> str:
    return str(field.get("title") or "")


def _words_of_name(name: str) -> str:
    """`childBirthDate` as "child birth date"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]", " ", name).lower()
