"""What a shop's products are after any changes, as a plain dictionary knows, and which a filter keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from cartograph.v1 import product_pb2

BRANDS, COLORS = ("Quibble", "Zanzibar", ""), ("black", "red", "teal")
WORDS = ("kettle", "teapot", "lamp", "printer")
Holds = Callable[[product_pb2.Product], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, and what it means."""

    text: str
    holds: Holds


@dataclass(slots=True)
class ModelledShop:
    """`built` is what the generations hold; a product of it that was deleted is in `now` no more."""

    built: Mapping[str, product_pb2.Product]
    now: dict[str, product_pb2.Product] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = dict(self.built)

    def patch(self, product: product_pb2.Product, path: str) -> bool:
        """Whether there was such a product."""
        before = self.now.get(product.id)
        if before is None:
            return False
        after, given = product_pb2.Product(), product_pb2.Product()
        after.CopyFrom(before)
        after.ClearField(path)
        given.CopyFrom(product)
        for name in set(product_pb2.Product.DESCRIPTOR.fields_by_name) - {path}:
            given.ClearField(name)
        after.MergeFrom(given)
        self.now[product.id] = after
        return True

    def kept(self, condition: Condition) -> set[str]:
        return {product_id for product_id, product in self.now.items() if condition.holds(product)}


def color_of(product: product_pb2.Product) -> set[str]:
    value = product.attributes["color"] if "color" in product.attributes else product_pb2.AttributeValue()
    return {each.lower() for each in (*value.texts.values, value.text) if each}


def _price_of(product: product_pb2.Product) -> float | None:
    return product.price.units + product.price.nanos / 1e9 if product.HasField("price") else None


def _at_most(units: int) -> Condition:
    def holds(product: product_pb2.Product) -> bool:
        price = _price_of(product)
        return price is not None and price <= units

    return Condition(f"price <= {units}", holds)


def _brand(name: str) -> Condition:
    return Condition(f'brand = "{name}"', lambda product: product.brand.lower() == name.lower())


def _color(name: str) -> Condition:
    return Condition(f'attributes.color = "{name}"', lambda product: name in color_of(product))


_IN_STOCK = Condition(
    "availability = in_stock", lambda product: product.availability == product_pb2.AVAILABILITY_IN_STOCK
)


def _not(inner: Condition) -> Condition:
    return Condition(f"NOT ({inner.text})", lambda product: not inner.holds(product))


def _both(left: Condition, right: Condition) -> Condition:
    return Condition(
        f"({left.text}) AND ({right.text})", lambda product: left.holds(product) and right.holds(product)
    )


def _either(left: Condition, right: Condition) -> Condition:
    return Condition(
        f"({left.text}) OR ({right.text})", lambda product: left.holds(product) or right.holds(product)
    )


conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        st.integers(0, 40).map(_at_most),
        st.sampled_from(BRANDS[:2]).map(_brand),
        st.sampled_from(COLORS).map(_color),
        st.just(_IN_STOCK),
    ),
    lambda inner: st.one_of(
        inner.map(_not), st.builds(_both, inner, inner), st.builds(_either, inner, inner)
    ),
    max_leaves=4,
)


def products(ids: tuple[str, ...]) -> st.SearchStrategy[product_pb2.Product]:
    """Any product of these ids, whole."""
    return st.builds(
        _product,
        st.sampled_from(ids),
        st.sampled_from(WORDS),
        st.integers(0, 9),
        st.sampled_from(BRANDS),
        st.none() | st.integers(0, 40),
        st.sampled_from(COLORS),
    )


def _product(
    product_id: str, word: str, number: int, brand: str, price: int | None, color: str
) -> product_pb2.Product:
    return product_pb2.Product(
        id=product_id,
        title=f"{word.title()} edition {number}",
        brand=brand,
        price=None if price is None else product_pb2.Money(currency_code="EUR", units=price),
        availability=product_pb2.AVAILABILITY_IN_STOCK
        if number % 2
        else product_pb2.AVAILABILITY_OUT_OF_STOCK,
        attributes={"color": product_pb2.AttributeValue(text=color)},
    )
