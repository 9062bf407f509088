"""A value of the wrong form is answered with the rule in words and an example, never with a regular expression."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from pydantic import BaseModel, ValidationError

from cchc_connect.config.file import Config
from cchc_connect.config.value_problems import FORMS, value_problem
from cchc_connect.messages import Language, render_message
from cchc_connect.sharing.agreements import Agreement


def patterns(schema: object) -> Iterator[str]:
    """Yield every pattern within a JSON Schema."""
    match schema:
        case dict():
            members = cast("dict[str, Any]", schema)
            if isinstance(members.get("pattern"), str):
                yield members["pattern"]
            for member in members.values():
                yield from patterns(member)
        case list():
            for element in cast("list[object]", schema):
                yield from patterns(element)
        case _:
            return


@pytest.mark.parametrize("model", [Config, Agreement])
def test_every_pattern_has_words(model: type[BaseModel]) -> None:
    required = set(patterns(model.model_json_schema()))

    assert required
    assert required - set(FORMS) == set()


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.ENGLISH, "as in construction_permit"), (Language.VIETNAMESE, "ví dụ construction_permit")],
)
def test_a_purpose_of_the_wrong_form_is_told_the_rule_with_an_example(language: Language, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Agreement.model_validate({"purpose": "Cấp phép"})
    (fault,) = [each for each in refused.value.errors() if each["loc"] == ("purpose",)]

    problem = value_problem(fault, Agreement, ("purpose",))

    sentence = render_message(problem.code, language, problem.context)
    assert words in sentence
    assert "[a-z0-9]" not in sentence
