from typing import Any

import pytest

from engine.errors import InvalidArgumentError
from index_builder.train.queries.events.rules import EventRules


@pytest.mark.parametrize(
    "values",
    [
        {"min_shoppers": 0},
        {"min_clicks": 0},
        {"lists_per_shopper": 0},
        {"min_propensity": 0.0},
        {"min_propensity": 1.1},
        {"cart_weight": 6.0},
        {"cart_weight": 0.5},
    ],
)
def test_rules_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        EventRules(**values)
