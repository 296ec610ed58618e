"""Rules of archives (档案): what an application must hold beyond its form and materials.

Every item is an enquiry: who asks (the person concerned, an agent, a relative of one deceased) and about which years.
"""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, form_invalid, integer_in, not_eligible


def relation_is_named(application: Application) -> Iterator[Problem]:
    """Who asks about somebody else says how they are related; who asks about themselves doesn't."""
    requester, relation = application.form.get("requester"), application.form.get("relation")
    if requester in ("AGENT", "RELATIVE") and relation is None:
        yield form_invalid(
            "archive.relation", "relation", "代他人查询的，请填写与当事人的关系", "Say how you are related"
        )
    if requester == "SELF" and relation is not None:
        yield form_invalid(
            "archive.self", "relation", "查询本人档案的，不用填写关系", "A relation belongs to enquiries for others"
        )


def near_relatives_only(application: Application) -> Iterator[Problem]:
    """After a death the spouse, children and parents may ask."""
    if application.form.get("requester") == "RELATIVE" and application.form.get("relation") == "OTHER":
        yield not_eligible(
            "archive.not-near-relative",
            "当事人已故的，由配偶、子女或父母查询",
            "After a death the spouse, children or parents may ask",
            next_step="其他亲属请持公证书或法院文书到保管档案的档案馆查询",
            next_step_en="Other relatives ask at the archive itself with a notarial or court document",
        )


def agent_is_authorized(application: Application) -> Iterator[Problem]:
    """An agent shows the power of attorney of the person concerned."""
    if application.form.get("requester") == "AGENT" and application.form.get("authorizationShown") is not True:
        yield not_eligible(
            "archive.no-authorization",
            "代理人查询应出示当事人的委托书",
            "An agent must show a power of attorney",
            next_step="请带当事人签名的委托书和双方身份证再来",
            next_step_en="Come back with the signed power of attorney and both identity cards",
        )


def years_in_order(application: Application) -> Iterator[Problem]:
    """The first year is not later than the last."""
    first, last = integer_in(application.form, "yearFrom"), integer_in(application.form, "yearTo")
    if first is not None and last is not None and first > last:
        yield form_invalid(
            "archive.year-order", "yearTo", "截止年份不能早于起始年份", "The last year can't be before the first"
        )


def years_have_come(application: Application) -> Iterator[Problem]:
    """Nothing is on file about years to come."""
    last = integer_in(application.form, "yearTo")
    if last is not None and last > application.received_on.year:
        yield form_invalid("archive.future", "yearTo", "截止年份不能晚于今年", "The last year can't be in the future")


def own_years_follow_birth(application: Application) -> Iterator[Problem]:
    """Nobody is in the archives before being born."""
    last, birth = integer_in(application.form, "yearTo"), application.applicant.birth_date
    if application.form.get("requester") == "SELF" and last is not None and birth is not None and last < birth.year:
        yield form_invalid(
            "archive.before-birth",
            "yearTo",
            "查询的年份早于本人出生，请核对年份；查询他人档案的，请改选查询人",
            "Those years lie before your birth; correct them, or say that you ask for somebody else",
        )


WHO: tuple[Rule, ...] = (relation_is_named, near_relatives_only, agent_is_authorized)
WHEN: tuple[Rule, ...] = (years_in_order, years_have_come, own_years_follow_birth)

RULES: dict[str, tuple[Rule, ...]] = {f"DA-{number:03}": WHO + WHEN for number in range(1, 13)}
