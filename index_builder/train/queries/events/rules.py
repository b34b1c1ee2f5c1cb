"""What counts as noise, as evidence and as an answer: every threshold of this package, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class EventRules:
    """The defaults are for any shop; times are seconds.

    min_shoppers: distinct shoppers who have to have asked a query before it is learnt from: rarer ones may
        hold names and addresses (k-anonymity). At least 1.
    min_clicks: clicks that a query needs.
    double_click_seconds: a second click by the same shopper on the same product within this is a repeat.
    accident_seconds: a click that the same shopper's click on another product of the same list follows within
        this, and that led to nothing, was a slip. A log in whole seconds tells no shorter times apart.
    search_gap_seconds: where the log does not name result lists, a shopper's events of one query with no
        longer pause between them are one list.
    attribution_seconds: a cart or purchase belongs to the shopper's last click on the product within this.
    clicks_per_hour, click_share, searches_per_day: people stay below these: clicks in one hour of the clock;
        clicked products among those shown (from `min_shown` on); lists of one query on one day. A limit is
        raised to the median of all shoppers plus ten robust standard deviations where that is higher.
    lists_per_shopper: lists of one query by one shopper that count, the first ones.
    min_propensity: places that fewer shoppers than this share look at count as if this share did, which
        bounds the weight of one click by 1 / min_propensity (clipping).
    eta: how fast attention falls before the log is asked: place k is looked at by 1 / k^eta of the shoppers
        who look at the first (Joachims et al., WSDM 2017).
    cart_weight, purchase_weight: clicks that a cart and a purchase count for, the click itself included.
    full_clicks: clicks from which a query has the full weight of 1.
    """

    min_shoppers: int = 3
    min_clicks: int = 3
    double_click_seconds: float = 10.0
    accident_seconds: float = 2.0
    search_gap_seconds: float = 1800.0
    attribution_seconds: float = 86_400.0
    clicks_per_hour: float = 100.0
    click_share: float = 0.7
    min_shown: int = 20
    searches_per_day: float = 20.0
    lists_per_shopper: int = 3
    min_propensity: float = 0.05
    eta: float = 1.0
    cart_weight: float = 3.0
    purchase_weight: float = 5.0
    full_clicks: float = 50.0

    def __post_init__(self) -> None:
        if min(self.min_shoppers, self.min_clicks, self.lists_per_shopper) < 1:
            raise InvalidArgumentError(
                "min_shoppers", "min_shoppers, min_clicks and lists_per_shopper must be at least 1."
            )
        if not 0 < self.min_propensity <= 1:
            raise InvalidArgumentError(
                "min_propensity", f"min_propensity is {self.min_propensity}; it must lie in (0, 1]."
            )
        if not 1 <= self.cart_weight <= self.purchase_weight:
            raise InvalidArgumentError(
                "cart_weight", "A cart must count at least as much as a click, a purchase as much as a cart."
            )
