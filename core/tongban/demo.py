"""The errand of the source, played against a server and told as a story (S53).

A resident with hukou in 虹口, home in 青浦 and work in 嘉定 goes to one center in 嘉定, once.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from rich.console import Console

from tongban.errors import SetupError
from tongban.residents.identity_numbers import check_digit

HONGKOU, QINGPU, JIADING = "310109", "310118", "310114"
DIRECT_ITEM, SPLIT_ITEM, LOCAL_ITEM = "DA-001", "MZ-004", "ZJ-001"

ARRIVES_WITHIN, LOOK_EVERY = 10, 0.1
"""Seconds until what one center sends has to be stored at the other, and between two looks."""

CENTERS = """query($district: String!) {
  centers(filter: {district: $district, kind: MAIN}, first: 1) { nodes { code name divisionCode } } }"""
REGISTER = """mutation($input: RegisterResidentInput!) { registerResident(input: $input) {
  resident { id name idNumber hukouCenter { code name } livesAwayFromHukou } problems { message } } }"""
ITEM = """query($code: String!) { serviceItem(code: $code) { name mode promisedDays extraDaysForSplit form
  department { name } } }"""
PREVIEW = """query($input: SubmitCaseInput!) { casePreview(input: $input) { mode handlingCenter { name }
  missing { material { code name } } problems { code message nextStep } } }"""
CASE = """id number status version visits mode receivingCenter { name } handlingCenter { name } dueAt availableActions
  underway transfers { from { name } to { name } purpose deliveredAt acknowledgedAt }"""
STANDS = f"query($number: String!) {{ case(number: $number) {{ {CASE} }} }}"
INPUTS = {
    "approveCase": "DecideCaseInput",
    "requestSupplement": "RequestSupplementInput",
    "supplementCase": "SupplementCaseInput",
    "rateCase": "RateCaseInput",
}
"""The inputs of actions that take more than a note."""
SUBMIT = f"""mutation($input: SubmitCaseInput!) {{ submitCase(input: $input) {{ case {{ {CASE} }}
  problems {{ code message nextStep }} }} }}"""


@dataclass(frozen=True, slots=True)
class Server:
    """A GraphQL server, asked over HTTP."""

    client: httpx.AsyncClient
    url: str

    async def ask(self, document: str, **variables: Any) -> Any:
        """The answer's data. Raises SetupError where there is no server, or it refuses the question."""
        try:
            response = await self.client.post(self.url, json={"query": document, "variables": variables})
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SetupError(f"No server answers at {self.url} ({error}). Start one with `make serve`.") from error
        except ValueError as error:
            raise SetupError(f"What answers at {self.url} is no GraphQL server.") from error
        if not isinstance(answer, dict) or answer.get("errors") or "data" not in answer:
            raise SetupError(f"The server at {self.url} answers: {answer}")
        return answer["data"]

    async def move(self, verb: str, case: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The case after one of its actions. Raises SetupError where the server refuses it."""
        kind = INPUTS.get(verb, "CaseActionInput")
        document = f"""mutation($input: {kind}!) {{ {verb}(input: $input) {{ case {{ {CASE} }}
          problems {{ message nextStep }} }} }}"""
        said = {"case": case["id"], "expectedVersion": case["version"], **more}
        if verb == "rateCase":  # it is no step on a version
            del said["expectedVersion"]
        answer = (await self.ask(document, input=said))[verb]
        return _done(answer)

    async def arrived(self, case: dict[str, Any]) -> dict[str, Any]:
        """The case once what was on its way is stored. Raises SetupError where that takes too long."""
        end = time.monotonic() + ARRIVES_WITHIN
        while time.monotonic() < end:
            found: dict[str, Any] = (await self.ask(STANDS, number=case["number"]))["case"]
            if not found["underway"]:
                return found
            await asyncio.sleep(LOOK_EVERY)
        raise SetupError(
            f"{case['number']} is still on its way after {ARRIVES_WITHIN} s. "
            "Does the server run with `tongban serve`, which sends what is on its way?"
        )


async def play(url: str, out: Console) -> None:
    """Plays the errand and tells it. Raises SetupError where something does not go as the source promises."""
    async with httpx.AsyncClient(timeout=30) as client:
        server = Server(client, url)
        hongkou, qingpu, jiading = [await _center(server, code) for code in (HONGKOU, QINGPU, JIADING)]
        resident = await _resident(server, hongkou, qingpu)
        out.print(f"[bold]{resident['name']}[/] ({resident['idNumber']}) 户籍在虹口，住在青浦，在嘉定工作。")
        out.print(f"  hukou: {hongkou['name']} · home: {qingpu['name']} · work: near {jiading['name']}")
        await _direct(server, out, resident, jiading)
        for route in ("DIRECT_TO_RESIDENT", "VIA_RECEIVING_CENTER"):
            await _split(server, out, resident, jiading, route)
        await _local_only(server, out, resident, jiading)
        out.print("\n[green]一趟即可：the resident went to one center, once, for every case.[/]")


async def _direct(server: Server, out: Console, resident: dict[str, Any], center: dict[str, Any]) -> None:
    """直接受理: one center does all of it."""
    case = await _submitted(server, out, resident, center, DIRECT_ITEM, "DIRECT_TO_RESIDENT")
    case = await server.move("approveCase", case, resultNumber="档证-2026-1")
    case = await server.move("deliverResult", case)
    _require(case["handlingCenter"] == case["receivingCenter"] and not case["transfers"], "a direct case stays at A")
    _tell(out, case, "handled where it was received, result in hand")


async def _split(server: Server, out: Console, resident: dict[str, Any], center: dict[str, Any], route: str) -> None:
    """收受分离: A receives, B of the hukou street decides, the result comes home."""
    case = await _submitted(server, out, resident, center, SPLIT_ITEM, route)
    home = resident["hukouCenter"]["name"]
    _require(case["status"] == "IN_TRANSFER" and case["handlingCenter"]["name"] == home, "a split case goes to B")
    _tell(out, case, f"passed to {home} with its materials")
    case = await _taken_over(server, out, case)
    if route == "VIA_RECEIVING_CENTER":
        case = await _supplemented(server, out, case)
    case = await server.move("approveCase", case, resultNumber="救助-2026-1")
    _tell(out, case, "approved there")
    case = await server.move("deliverResult", case)
    if route == "VIA_RECEIVING_CENTER":
        _require(case["status"] == "RESULT_IN_TRANSFER", "the result goes home through A")
        _tell(out, case, "the result is on its way back to the receiving center")
        case = await server.move("deliverResult", await server.arrived(case))
    _require(case["status"] == "DELIVERED" and case["visits"] == 1, "one visit")
    _tell(out, case, f"delivered, {case['visits']} visit")
    case = await server.move("rateCase", case, stars=5, comment="一趟就办好了")
    _tell(out, case, "rated: ★★★★★")


async def _taken_over(server: Server, out: Console, case: dict[str, Any]) -> dict[str, Any]:
    """Two acknowledgements: B has stored what was sent, then a person there takes it over."""
    case = await server.arrived(case)
    _require("ACKNOWLEDGE_TRANSFER" in case["availableActions"], "what is stored can be taken over")
    _tell(out, case, "stored there, every digest verified")
    case = await server.move("acknowledgeTransfer", case)
    _tell(out, case, "taken over by a reviewer")
    return case


async def _supplemented(server: Server, out: Console, case: dict[str, Any]) -> dict[str, Any]:
    """补正: B asks for everything at once, the resident sends it from home, and it travels to B."""
    asked = {"materials": ["M-BANK"], "note": "银行卡照片不清晰"}
    case = await server.move("requestSupplement", case, **asked)
    _tell(out, case, f"the reviewer asks once for all that is needed: {'、'.join(asked['materials'])}")
    documents = [{"material": code} for code in asked["materials"]]
    case = await server.move("supplementCase", case, documents=documents, channel="PORTAL")
    _tell(out, case, "sent from home, no visit")
    return await _taken_over(server, out, case)


async def _local_only(server: Server, out: Console, resident: dict[str, Any], center: dict[str, Any]) -> None:
    """廉租住房 is not done city-wide: refused, with where to go and why."""
    item, said = await _draft(server, resident, center, LOCAL_ITEM, "DIRECT_TO_RESIDENT")
    answer = (await server.ask(SUBMIT, input=said))["submitCase"]
    refusals = [problem for problem in answer["problems"] if problem["code"] == "NOT_OFFERED_HERE"]
    _require(answer["case"] is None and len(refusals) == 1, "a LOCAL_ONLY item is refused elsewhere")
    out.print(f"\n[bold]{item['name']}[/] ({item['mode']}) at {center['name']}")
    out.print(f"  [yellow]refused[/]: {refusals[0]['message']}。{refusals[0]['nextStep']}")


async def _submitted(
    server: Server, out: Console, resident: dict[str, Any], center: dict[str, Any], code: str, route: str
) -> dict[str, Any]:
    item, said = await _draft(server, resident, center, code, route)
    out.print(f"\n[bold]{item['name']}[/] ({item['department']['name']}, {item['mode']}) at {center['name']}")
    out.print(f"  brings, told all at once: {', '.join(need['material'] for need in said['documents'])}")
    case = _done((await server.ask(SUBMIT, input=said | {"accept": True}))["submitCase"])
    _tell(out, case, f"received and accepted, due {case['dueAt'][:10]}")
    return case


async def _draft(
    server: Server, resident: dict[str, Any], center: dict[str, Any], code: str, route: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The item, and an application for it with everything that the dry run says is missing."""
    item = (await server.ask(ITEM, code=code))["serviceItem"]
    _require(item is not None, f"item {code} is in force")
    said: dict[str, Any] = {
        "item": code,
        "center": center["code"],
        "applicant": resident["id"],
        "form": item["form"]["examples"][0],
        "deliveryRoute": route,
    }
    missing = [need["material"] for need in (await server.ask(PREVIEW, input=said))["casePreview"]["missing"]]
    said["documents"] = [{"material": material["code"]} for material in missing]
    return item, said


async def _center(server: Server, district: str) -> dict[str, Any]:
    found = (await server.ask(CENTERS, district=district))["centers"]["nodes"]
    _require(bool(found), f"the city is loaded (no center in {district})")
    center: dict[str, Any] = found[0]
    return center


async def _resident(server: Server, hongkou: dict[str, Any], qingpu: dict[str, Any]) -> dict[str, Any]:
    """A new resident, with a number of a region code that was never given out."""
    born = date(1960, 1, 1) + timedelta(days=secrets.randbelow(14_000))
    body = f"310199{born:%Y%m%d}{secrets.randbelow(1000):03d}"
    said = {
        "name": "王小明",
        "idNumber": body + check_digit(body),
        "hukouDivisionCode": hongkou["divisionCode"],
        "hukouAddress": "虹口区某路1号",
        "residenceDivisionCode": qingpu["divisionCode"],
        "residenceAddress": "青浦区某路2号",
    }
    answer = (await server.ask(REGISTER, input=said))["registerResident"]
    _require(answer["resident"] is not None, f"a resident can register ({answer['problems']})")
    resident: dict[str, Any] = answer["resident"]
    _require(resident["livesAwayFromHukou"], "人户分离 is seen")
    return resident


def _done(answer: dict[str, Any]) -> dict[str, Any]:
    """The case of a payload. Raises SetupError with its problems where there is none."""
    case: dict[str, Any] | None = answer["case"]
    if case is None:
        raise SetupError("The server refuses: " + "; ".join(problem["message"] for problem in answer["problems"]))
    return case


def _tell(out: Console, case: dict[str, Any], what: str) -> None:
    out.print(f"  {case['number']} [cyan]{case['status']}[/]: {what}")


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise SetupError(f"The server does not keep a promise of the source: {promise}.")
