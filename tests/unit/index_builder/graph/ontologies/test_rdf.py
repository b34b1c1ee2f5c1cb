"""Any RDF file becomes concepts with names and broader concepts, or one error that says where it breaks."""

import gzip
from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.rdf import load_ontology

SCHEMA_ORG = Path("../shared/data/schemaorg/schemaorg-current-https_30.0.ttl.gz")
PREFIXES = """@prefix : <https://example.com/kitchen/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
KITCHEN = f"""{PREFIXES}
:pan a skos:Concept ; skos:prefLabel "Pans"@en , "锅"@zh .
:wok a skos:Concept ; skos:broader :pan ; skos:prefLabel "Woks"@en , "炒锅"@zh ;
    skos:altLabel "Stir-fry pans"@en , "Wokpfanne"@de , "镬" ; skos:exactMatch <https://example.org/wok> .
"""


def write(folder: Path, text: str, name: str = "kitchen.ttl") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def labels(ontology: Ontology) -> list[str]:
    return [concept.label for concept in ontology.concepts]


def ties(ontology: Ontology) -> list[tuple[str, str]]:
    names = labels(ontology)
    return [(names[narrower], names[broader]) for narrower, broader in ontology.broader]


def test_skos_gives_names_per_language_broader_concepts_and_equals(tmp_path: Path) -> None:
    ontology = load_ontology(write(tmp_path, KITCHEN))

    assert ontology.name == "kitchen"
    assert labels(ontology) == ["Pans", "Woks"]
    assert ties(ontology) == [("Woks", "Pans")]
    wok = ontology.concepts[1]
    assert wok.chinese == "炒锅"
    assert list(wok.names()) == ["Woks", "炒锅", "Stir-fry pans", "镬"]  # German is no name of ours
    assert ontology.exact == [(1, "https://example.org/wok")]


def test_narrower_says_the_same_as_broader(tmp_path: Path) -> None:
    turned = KITCHEN.replace("skos:broader :pan ;", "") + ":pan skos:narrower :wok ."
    assert ties(load_ontology(write(tmp_path, turned))) == [("Woks", "Pans")]


def test_classes_with_labels_are_concepts_as_in_rdfs_and_owl(tmp_path: Path) -> None:
    text = f"""{PREFIXES}
:Tool a owl:Class ; rdfs:label "tool" .
:Whisk a rdfs:Class ; rdfs:subClassOf :Tool ; rdfs:label "whisk" .
:uses a owl:ObjectProperty ; rdfs:label "uses" .
"""
    ontology = load_ontology(write(tmp_path, text))
    assert labels(ontology) == ["tool", "whisk"]  # a property is no concept
    assert ties(ontology) == [("whisk", "tool")]


@pytest.mark.parametrize(
    ("iri", "label", "read"),
    [
        ("RunningShoe", '"RunningShoe"', "Running Shoe"),
        ("USBCable", '"USBCable"', "USB Cable"),
        ("shoe1", '"RunningShoe"', "RunningShoe"),  # someone's own words are left as they are
        ("rain_coat", None, "rain coat"),
        ("RunningShoe", None, "Running Shoe"),
    ],
)
def test_a_label_that_is_only_the_end_of_the_iri_is_read_as_words(
    tmp_path: Path, iri: str, label: str | None, read: str
) -> None:
    named = f"; rdfs:label {label}" if label else ""
    assert labels(load_ontology(write(tmp_path, f"{PREFIXES} :{iri} a rdfs:Class {named} ."))) == [read]


def test_a_class_without_a_name_that_could_be_read_is_left_out(tmp_path: Path) -> None:
    text = f"{PREFIXES} <urn:code/105590001> a rdfs:Class . :Cup a rdfs:Class ; rdfs:subClassOf :Nowhere ."
    ontology = load_ontology(write(tmp_path, text))
    assert labels(ontology) == ["Cup"]
    assert ontology.broader == []  # to a class that nobody describes


def test_a_preferred_label_goes_before_a_label_which_stays_as_a_further_name(tmp_path: Path) -> None:
    text = f'{PREFIXES} :a a skos:Concept ; rdfs:label "Aubergine"@en ; skos:prefLabel "Eggplant"@en .'
    assert list(load_ontology(write(tmp_path, text)).concepts[0].names()) == ["Eggplant", "Aubergine"]


FORMATS = {
    "kitchen.nt": '<urn:k/cup> <http://www.w3.org/2004/02/skos/core#prefLabel> "Cups"@en .\n'
    "<urn:k/cup> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    " <http://www.w3.org/2004/02/skos/core#Concept> .\n",
    "kitchen.trig": f'{PREFIXES} :g {{ :cup a skos:Concept ; skos:prefLabel "Cups"@en }}',
    "kitchen.jsonld": '{"@id": "urn:k/cup", "@type": "http://www.w3.org/2004/02/skos/core#Concept",\n'
    '"http://www.w3.org/2004/02/skos/core#prefLabel": {"@value": "Cups", "@language": "en"}}',
    "kitchen.rdf": '<?xml version="1.0"?>\n'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:skos="http://www.w3.org/2004/02/skos/core#">\n'
    '<skos:Concept rdf:about="urn:k/cup">\n<skos:prefLabel xml:lang="en">Cups</skos:prefLabel>\n'
    "</skos:Concept>\n</rdf:RDF>",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_usual_format_is_read(tmp_path: Path, name: str) -> None:
    assert labels(load_ontology(write(tmp_path, FORMATS[name], name))) == ["Cups"]


def test_a_byte_order_mark_and_gzip_are_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "kitchen.ttl.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + KITCHEN.encode()))
    ontology = load_ontology(path)
    assert ontology.name == "kitchen"
    assert labels(ontology) == ["Pans", "Woks"]


BROKEN = {  # name, content, line, words of the message
    "no dot": ("kitchen.ttl", b"@prefix k: <urn:k/> .\nk:a k:b k:c\nk:d k:e k:f .\n", 3, "dot is expected"),
    "no prefix": ("kitchen.ttl", b"\n\nk:a k:b k:c .\n", 3, "prefix k:"),
    "late": ("kitchen.ttl", KITCHEN.encode() + b"\n:wok skos:broader ] .", 10, "Turtle"),
    "Latin-1": ("kitchen.ttl", '<urn:a> <urn:b>\n"crêpes" .'.encode("latin-1"), 2, "UTF-8"),
    "UTF-16": ("kitchen.nt", '<urn:a> <urn:b> "x" .'.encode("utf-16"), 1, "UTF-8"),
    "XML": ("kitchen.rdf", FORMATS["kitchen.rdf"].replace("</skos:Concept>", "").encode(), 6, "RDF/XML"),
    "JSON": ("kitchen.jsonld", b'{"@id": "urn:a",\n"urn:b": }', 2, "JSON-LD"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_error_with_file_and_line(tmp_path: Path, case: str) -> None:
    name, content, line, words = BROKEN[case]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError) as caught:
        load_ontology(path)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)


def test_a_context_on_the_network_is_never_fetched(tmp_path: Path) -> None:
    path = write(tmp_path, '{"@context": "https://schema.org", "@id": "urn:a"}', "shop.jsonld")
    with pytest.raises(DataError, match="Write the context into the file"):
        load_ontology(path)


def test_damaged_gzip_data_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kitchen.ttl.gz"
    path.write_bytes(gzip.compress(KITCHEN.encode())[:-12])
    with pytest.raises(DataError, match=r"kitchen\.ttl\.gz"):
        load_ontology(path)


@pytest.mark.parametrize(("name", "words"), [("shop.txt", "suffix"), ("shop.ttl", "no such file")])
def test_a_file_that_is_not_there_or_not_rdf_is_an_error(tmp_path: Path, name: str, words: str) -> None:
    if name == "shop.txt":
        write(tmp_path, KITCHEN, name)
    with pytest.raises(DataError, match=words):
        load_ontology(tmp_path / name)


def test_a_file_without_concepts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no concept"):
        load_ontology(write(tmp_path, "<urn:a> <urn:b> <urn:c> ."))


def test_a_circle_of_broader_concepts_is_named(tmp_path: Path) -> None:
    circle = KITCHEN + ":pan skos:broader :wok ."
    with pytest.raises(DataError, match="Pans → Woks → Pans"):
        load_ontology(write(tmp_path, circle))


@pytest.mark.shared
@pytest.mark.skipif(not SCHEMA_ORG.exists(), reason="../shared/data is not there")
def test_schema_org_is_read_as_a_vocabulary() -> None:
    ontology = load_ontology(SCHEMA_ORG)
    assert ("Computer Store", "Store") in ties(ontology)
    assert ontology.name == "schemaorg-current-https_30"
