from index_builder.graph.evidence import Label
from index_builder.graph.text.gazetteer import Entry, Gazetteer

RED = Entry("red", Label.COLOR, 1.0)
DARK_RED = Entry("dark red", Label.COLOR, 0.9)
LINE = Entry("aurora", Label.SERIES, 0.8, brand="nordlys")
CUP = Entry("保温杯", Label.TYPE, 1.0)


def found(text: str, *entries: Entry, brand: str = "") -> list[str]:
    return [text[match.start : match.end] for match in Gazetteer(entries).find(text, brand)]


def test_only_the_longest_of_nested_names_is_found() -> None:
    assert found("a dark red cup, red lid", RED, DARK_RED) == ["dark red", "red"]


def test_names_are_whole_words() -> None:
    assert found("reduced infrared", RED) == []


def test_chinese_names_stand_between_other_characters() -> None:
    assert found("不锈钢保温杯500毫升", CUP) == ["保温杯"]


def test_a_name_of_one_brand_is_not_found_on_products_of_another() -> None:
    assert found("aurora lamp", LINE, brand="nordlys") == ["aurora"]
    assert found("aurora lamp", LINE, brand="acme") == []


def test_a_name_may_stand_for_several_things_and_keeps_its_surest_reading_of_each() -> None:
    copper = [
        Entry("copper", Label.COLOR, 0.5),
        Entry("copper", Label.COLOR, 0.9),
        Entry("copper", Label.MATERIAL, 0.7),
    ]

    (match,) = Gazetteer(copper).find("copper wire")

    assert [(entry.label, entry.confidence) for entry in match.entries] == [
        (Label.COLOR, 0.9),
        (Label.MATERIAL, 0.7),
    ]


def test_without_names_nothing_is_found() -> None:
    assert found("red cup") == []
