"""What callers of a shop ask for: each call of the contract by its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from google.protobuf.message import Message

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import event_service_pb2 as events
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import knowledge_graph_service_pb2 as graph
from cartograph.v1 import search_service_pb2 as search

_PRODUCTS, _SHOPPERS = 40, 20
_WORDS = ("black ink", "printer", "usb cable", "paper a4", "toner for printnova", "teapot", "blakc inc")


def random_request(random: Random) -> tuple[str, Message]:
    """A method's name, and what to send."""
    [method] = random.choices(list(_REQUESTS), [weight for weight, _ in _REQUESTS.values()])
    return method, _REQUESTS[method][1](random)


def _words(random: Random) -> str:
    return random.choice(_WORDS)


def _product_id(random: Random) -> str:
    return f"SOAK-{random.randrange(_PRODUCTS)}"


def _shopper_id(random: Random) -> str:
    return f"shopper-{random.randrange(_SHOPPERS)}"


def _price(random: Random) -> dict[str, Any]:
    return {"currency_code": "EUR", "units": random.randrange(100)}


def _search(random: Random) -> Message:
    filter_, skip = random.choice(("", "price > 5")), random.random() < 0.5
    return search.SearchProductsRequest(query=_words(random), filter=filter_, skip_cache=skip)


def _upsert(random: Random) -> Message:
    title = f"{_words(random)} {random.randrange(10)}"
    product = {"id": _product_id(random), "title": title, "price": _price(random)}
    return catalog.UpsertProductsRequest(upserts=[{"product": product}])


def _patch(random: Random) -> Message:
    product = {"id": _product_id(random), "price": _price(random)}
    patch = {"product": product, "update_mask": {"paths": ["price"]}}
    return catalog.PatchProductsRequest(patches=[patch])


def _click(random: Random) -> Message:
    event = {"event_id": f"{random.random()}", "type": "EVENT_TYPE_CLICK", "product_id": _product_id(random)}
    return events.RecordEventsRequest(events=[{**event, "shopper_id": _shopper_id(random)}])


_REQUESTS: Mapping[str, tuple[int, Callable[[Random], Message]]] = {
    "SearchProducts": (4, _search),
    "SuggestQueries": (1, lambda random: search.SuggestQueriesRequest(prefix=_words(random)[:3])),
    "GetProduct": (1, lambda random: catalog.GetProductRequest(product_id=_product_id(random))),
    "DescribeEntity": (1, lambda random: graph.DescribeEntityRequest(name=_words(random))),
    "QueryGraph": (1, lambda _: graph.QueryGraphRequest(query="SELECT * { ?s ?p ?o } LIMIT 5")),
    "ListGenerations": (1, lambda _: generation.ListGenerationsRequest()),
    "WatchChanges": (1, lambda _: catalog.WatchChangesRequest()),
    "UpsertProducts": (1, _upsert),
    "PatchProducts": (2, _patch),
    "DeleteProducts": (1, lambda random: catalog.DeleteProductsRequest(product_ids=[_product_id(random)])),
    "RecordEvents": (1, _click),
    "ForgetShopper": (1, lambda random: events.ForgetShopperRequest(shopper_id=_shopper_id(random))),
}
