from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.text.merge import merged


def entity(start: int, end: int, label: Label, row: int = 0) -> Mention:
    return Mention(row, TextField.TITLE, start, end, label, "", Extractor.GAZETTEER, 0.9)


TARGET = Mention(
    0, TextField.TITLE, 10, 20, Label.TARGET, "lumo 4000", Extractor.RELATION, 0.8, Relation.COMPATIBLE_WITH
)


def test_parts_of_a_target_are_no_series_and_model_of_the_product() -> None:
    brand, series, model = (
        entity(0, 4, Label.BRAND),
        entity(10, 14, Label.SERIES),
        entity(15, 20, Label.MODEL),
    )

    assert merged([brand, series, model], [TARGET]) == [brand, TARGET]


def test_what_cannot_be_a_target_and_what_stands_in_another_text_stays() -> None:
    color, other = entity(12, 14, Label.COLOR), entity(10, 20, Label.MODEL, row=1)

    assert merged([color, other], [TARGET]) == [TARGET, color, other]
