import pytest

from index_builder.graph.text.relations_roles import MIN_SEEDED, Part, learned_parts, seeded_parts
from tests.unit.index_builder.graph.text.relation_shop import product


@pytest.mark.parametrize(
    ("title", "kind", "part"),
    [
        ("Beamo projector lamp", "", Part.SPARE),
        ("Inko black toner cartridge", "", Part.CONSUMABLE),
        ("Compo battery cartridge", "", Part.SPARE),
        ("Inko printer", "", Part.DEVICE),
        ("Inko printer with paper tray", "", Part.DEVICE),
        ("Casy notebook case", "", Part.ACCESSORY),
        ("Replacement charger for Compo NB15", "", Part.CONSUMABLE),
        ("Spare charger for Compo NB15", "", Part.SPARE),
        ("Compo R540 Tower Rack", "server", Part.DEVICE),
        ("Toner for Inko printer", "printer", Part.CONSUMABLE),
        ("Inko 59 Black 1 pc(s)", "", Part.UNKNOWN),
        ("黑色 手机壳", "", Part.ACCESSORY),
        ("打印机 墨盒", "", Part.CONSUMABLE),
    ],
)
def test_the_last_role_word_before_a_cue_tells(title: str, kind: str, part: Part) -> None:
    assert seeded_parts([product(0, title)], [kind]) == [part]


def test_what_no_word_tells_is_learned_from_attributes_and_words_of_the_others() -> None:
    seeded = [product(i, f"Inko toner {i}", page_yield=100.0) for i in range(MIN_SEEDED)]
    devices = [product(i + 500, f"Beamo projector {i}", lumens=900.0) for i in range(MIN_SEEDED)]
    products = [*seeded, *devices, product(1, "Inko imaging supply", page_yield=90.0)]
    parts = learned_parts(products, seeded_parts(products, [""] * len(products)))
    assert parts[-1] is Part.CONSUMABLE


def test_too_few_products_teach_nothing() -> None:
    products = [product(0, "Inko toner", page_yield=1.0), product(1, "Inko supply", page_yield=1.0)]
    assert learned_parts(products, [Part.CONSUMABLE, Part.UNKNOWN]) == [Part.CONSUMABLE, Part.UNKNOWN]
