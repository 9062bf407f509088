"""All rules of the conformance kit in order; a module, because the rules stand in several that know no other."""

from cchc_connect.testing.kit.adapter_rules import ADAPTER_RULES
from cchc_connect.testing.kit.answer_rules import ANSWER_RULES
from cchc_connect.testing.kit.listing_rules import LISTING_RULES
from cchc_connect.testing.kit.profile_rules import PROFILE_RULES
from cchc_connect.testing.kit.rule import Rule
from cchc_connect.testing.kit.run_rules import RUN_RULES
from cchc_connect.testing.kit.target_rules import TARGET_RULES
from cchc_connect.testing.kit.thorough_rules import THOROUGH_RULES
from cchc_connect.testing.kit.withdrawal_rules import WITHDRAWAL_RULES

RULES: tuple[Rule, ...] = (
    *ADAPTER_RULES,
    *LISTING_RULES,
    *PROFILE_RULES,
    *RUN_RULES,
    *ANSWER_RULES,
    *TARGET_RULES,
    *WITHDRAWAL_RULES,
    *THOROUGH_RULES,
)
"""Every rule."""
