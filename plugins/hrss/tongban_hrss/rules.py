"""Rules of human resources and social security (人社): what an application must hold beyond its form and materials."""

from tongban import Rule
from tongban_hrss import employment_rules, medical_insurance_rules, social_insurance_rules

RULES: dict[str, tuple[Rule, ...]] = {
    **medical_insurance_rules.RULES,
    **employment_rules.RULES,
    **social_insurance_rules.RULES,
}
