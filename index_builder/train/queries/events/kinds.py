"""The four things that can happen to a product in a list of results, and what logs call them."""

from __future__ import annotations

from enum import IntEnum

from index_builder.sources.renaming import attribute_key


class EventKind(IntEnum):
    """In the order in which they happen; each but the first says more than the one before it."""

    IMPRESSION = 0
    CLICK = 1
    CART = 2
    PURCHASE = 3


_NAMES = {
    EventKind.IMPRESSION: (
        "impression",
        "impressions",
        "show",
        "shown",
        "exposure",
        "exposed",
        "display",
        "displayed",
        "view",
        "viewed",
        "search_impression",
        "product_impression",
        "view_item_list",
        "view_search_results",
        "product_list_viewed",
        "展示",
        "曝光",
    ),
    EventKind.CLICK: (
        "click",
        "clicked",
        "clicks",
        "product_click",
        "product_clicked",
        "click_product",
        "select_item",
        "select_content",
        "open",
        "detail",
        "detail_view",
        "detail_page_view",
        "product_view",
        "product_viewed",
        "view_item",
        "view_product",
        "pdp_view",
        "点击",
    ),
    EventKind.CART: (
        "cart",
        "carts",
        "add",
        "atc",
        "basket",
        "add_to_cart",
        "add_to_basket",
        "add_to_bag",
        "added_to_cart",
        "cart_add",
        "product_added",
        "加购",
        "加入购物车",
    ),
    EventKind.PURCHASE: (
        "purchase",
        "purchases",
        "purchased",
        "buy",
        "bought",
        "order",
        "ordered",
        "order_completed",
        "purchase_complete",
        "transaction",
        "sale",
        "conversion",
        "checkout",
        "购买",
        "下单",
    ),
}


def joined(name: str) -> str:
    """Lower case, letters and digits alone: `Add to cart`, `add_to_cart` and `addToCart` are one."""
    return attribute_key(name).replace("_", "")


KINDS = {joined(name): kind for kind, names in _NAMES.items() for name in names}
"""Kind by name, as `joined` writes names. A `view` is an impression: a page that was opened is a
`detail_view` or a `product_view`."""
