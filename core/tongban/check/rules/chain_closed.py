"""Every material that is asked for can be had: somebody issues it, and no circle of items asks for each other (S37)."""

from collections import deque
from collections.abc import Mapping

from tongban.check.chain import Chain, needs_of
from tongban.check.report import Finding
from tongban.check.titles import Words, graded
from tongban.contract.items import ItemDefinition


def chain_closed(item: ItemDefinition, chain: Chain) -> Finding:
    """Looks at what the item asks for, at what that in turn asks for, and so on.

    A material that an item produces only on an occasion (a lost certificate, say) needs no such errand as a rule, so
    it closes no circle.
    """
    needs = {**chain.needs, item.code: needs_of(item)}
    fails: list[Words] = []
    asked = tuple(dict.fromkeys(need.material for need in item.materials))
    for code in asked:
        material = chain.materials.get(code)
        if material is None:
            fails.append((f"材料{code}没有定义", f"Material {code} is defined nowhere"))
            continue
        if not material.issuer.strip():
            fails.append((f"材料{code}没有出具单位", f"Material {code} has no issuer"))
        if material.produced_by is not None and material.produced_by not in chain.items | {item.code}:
            fails.append(
                (
                    f"材料{code}由事项{material.produced_by}产生，该事项不在清单中，也不在同一批申请中",
                    f"Material {code} is the result of {material.produced_by}, an item neither in force nor proposed",
                )
            )
    example = None
    circle = _smallest_circle(item.code, needs, chain)
    if circle:
        example = {"circle": circle}
        path = " → ".join(circle)
        fails.append((f"材料链成环：{path}", f"The chain of materials is a circle: {path}"))
    passes = (f"{len(asked)}种材料均有出处，材料链不成环", f"{len(asked)} materials, each with a source; no circle")
    return graded("chain-closed", fails, [], passes, example=example)


def _smallest_circle(start: str, needs: Mapping[str, tuple[str, ...]], chain: Chain) -> list[str]:
    """The shortest circle among what `start` needs: item, material, item, …, the first item again."""
    reachable = _ways(start, needs, chain)
    circles = []
    for code in reachable:
        for before, way in _ways(code, needs, chain).items():
            circles += [[*way, material, code] for material, made_by in _steps(before, needs, chain) if made_by == code]
    return min(circles, key=lambda circle: (len(circle), circle), default=[])


def _ways(start: str, needs: Mapping[str, tuple[str, ...]], chain: Chain) -> dict[str, list[str]]:
    """The shortest way from `start` to each item whose results it needs."""
    ways, queue = {start: [start]}, deque([start])
    while queue:
        code = queue.popleft()
        for material, made_by in _steps(code, needs, chain):
            if made_by not in ways:
                ways[made_by] = [*ways[code], material, made_by]
                queue.append(made_by)
    return ways


def _steps(code: str, needs: Mapping[str, tuple[str, ...]], chain: Chain) -> list[tuple[str, str]]:
    """The materials that an item needs and another item makes, with that item."""
    found = []
    for material in needs.get(code, ()):
        facts = chain.materials.get(material)
        if facts is not None and facts.produced_by is not None and facts.produced_when is None:
            found.append((material, facts.produced_by))
    return found
