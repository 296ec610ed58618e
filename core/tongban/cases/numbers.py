"""Public case numbers: a date for people, randomness against guessing, a check digit against typos."""

import secrets
from datetime import date

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""


def new_number(day: date) -> str:
    """`TB261124-7K3Q9P2X4`: the day, eight random letters (40 bits), one check letter."""
    body = f"{day:%y%m%d}" + "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"TB{body[:6]}-{body[6:]}{check_letter(body)}"


def is_number(text: str) -> bool:
    """Whether `text` is a case number with the right check letter."""
    body = text.removeprefix("TB").replace("-", "")
    return len(body) == 15 and set(body) <= set(ALPHABET) and check_letter(body[:-1]) == body[-1]


def check_letter(body: str) -> str:
    """Luhn mod 32: finds every single wrong letter and nearly every swap of neighbors."""
    total = 0
    for position, letter in enumerate(reversed(body)):
        doubled = ALPHABET.index(letter) * (2 if position % 2 == 0 else 1)
        total += doubled // 32 + doubled % 32
    return ALPHABET[-total % 32]
