"""Which item produces which material, and which item asks for it: the chain of materials (S37)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tongban.contract.items import Department, ItemDefinition, Necessity


@dataclass(frozen=True, slots=True)
class MaterialFacts:
    """A kind of material: who issues it, and the item whose result it is, always or only on an occasion."""

    code: str
    issuer: str
    produced_by: str | None = None
    produced_when: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """All materials; the items in force or proposed in the same round; what each of them asks for."""

    materials: Mapping[str, MaterialFacts]
    items: frozenset[str]
    needs: Mapping[str, tuple[str, ...]]


def needs_of(item: ItemDefinition) -> tuple[str, ...]:
    """The materials that an item asks for always or on a condition; deferrable ones keep nobody waiting."""
    return tuple(need.material for need in item.materials if need.necessity is not Necessity.DEFERRABLE)


def chain_of(departments: Iterable[Department]) -> Chain:
    """The chain over everything that the departments define."""
    materials: dict[str, MaterialFacts] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for department in departments:
        for m in department.materials:
            materials[m.code] = MaterialFacts(m.code, m.issuer, m.produced_by, m.produced_when)
        needs |= {item.code: needs_of(item) for item in department.items}
    return Chain(materials, frozenset(needs), needs)
