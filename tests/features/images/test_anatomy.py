"""Waste in images: what replaces, removes, repeats, and what nobody needs."""

from eulermaker.features.images.advice import ADVICE
from eulermaker.features.images.anatomy import LARGEST, MOST_WASTE, Anatomy, Waste, WasteKind, dissect
from eulermaker.formats.image_archive import File, Layer


def layer(
    files: dict[str, int], *, removed: set[str] | None = None, emptied: set[str] | None = None
) -> Layer:
    """A layer with files of those sizes."""
    placed = {path: File(size) for path, size in files.items()}
    return Layer("sha256:0", "RUN", placed, frozenset(removed or ()), frozenset(emptied or ()))


def wasted(anatomy: Anatomy) -> set[tuple[str, str, int, int | str | None]]:
    """What is carried for nothing: kind, path, layer, and what makes it so."""
    return {(each.kind.value, each.path, each.layer, each.other) for each in anatomy.waste}


def test_a_clean_image_wastes_nothing() -> None:
    found = dissect([layer({"bin/a": 10}), layer({"bin/b": 30})])
    assert (found.size, found.wasted, found.by_kind, found.waste) == (40, 0, {}, [])
    assert [(each.path, each.bytes, each.layer) for each in found.largest] == [
        ("bin/b", 30, 1),
        ("bin/a", 10, 0),
    ]


def test_a_file_that_is_written_again_stays_below() -> None:
    found = dissect([layer({"a": 10}), layer({"a": 20}), layer({"a": 5, "b": 1})])
    assert wasted(found) == {("replaced", "a", 0, 1), ("replaced", "a", 1, 2)}
    assert (found.size, found.wasted) == (36, 30)
    assert [(each.added, each.replaced, each.wasted) for each in found.layers] == [
        (1, 0, 10),
        (0, 1, 20),
        (1, 1, 0),
    ]


def test_what_is_removed_stays_below_with_all_that_lies_in_it() -> None:
    low = layer({"opt/x/a": 10, "opt/x/y/b": 20, "opt/xy": 5, "opt/z": 1})
    found = dissect([low, layer({}, removed={"opt/x", "opt/z"})])
    assert wasted(found) == {
        ("removed", "opt/x/a", 0, 1),
        ("removed", "opt/x/y/b", 0, 1),
        ("removed", "opt/z", 0, 1),
    }
    assert found.layers[1].removed == 3
    assert [each.path for each in found.largest] == ["opt/xy"]


def test_an_emptied_folder_keeps_what_the_same_layer_puts_there() -> None:
    found = dissect([layer({"srv/old": 10, "srv/new": 1}), layer({"srv/new": 2}, emptied={"srv"})])
    assert wasted(found) == {("removed", "srv/old", 0, 1), ("removed", "srv/new", 0, 1)}
    assert [each.path for each in found.largest] == ["srv/new"]
    assert dissect([layer({"a": 1}), layer({}, emptied={"."})]).wasted == 1


def test_caches_temporary_files_and_logs_are_waste_where_they_are_shown() -> None:
    files = {"var/cache/dnf/p.rpm": 8, "tmp/x": 4, "var/log/dnf.log": 2, "var/logs/kept": 1, "tmp/empty": 0}
    found = dissect([layer(files)])
    assert wasted(found) == {
        ("package-cache", "var/cache/dnf/p.rpm", 0, None),
        ("temporary", "tmp/x", 0, None),
        ("log", "var/log/dnf.log", 0, None),
    }
    # What was removed is told once, as that.
    assert dissect([layer({"tmp/x": 4}), layer({}, removed={"tmp"})]).by_kind == {WasteKind.REMOVED: 4}


def test_the_same_contents_at_several_paths_count_but_once() -> None:
    same = File(100, b"same")
    found = dissect(
        [Layer("sha256:0", "ADD", {"b": same, "a": same, "c": File(100, b"other"), "tmp/d": same})]
    )
    assert found.waste == [
        Waste(WasteKind.DUPLICATE, "b", 100, 0, "a"),
        Waste(WasteKind.TEMPORARY, "tmp/d", 100, 0),
    ]


def test_lists_are_bounded_and_sums_are_whole() -> None:
    many = {f"tmp/{number}": number for number in range(1, 201)}
    found = dissect([layer(many)])
    assert (len(found.largest), len(found.waste)) == (LARGEST, MOST_WASTE)
    assert found.waste[0].path == "tmp/200"
    assert found.wasted == sum(many.values())


def test_there_is_advice_for_every_kind_in_both_languages() -> None:
    assert set(ADVICE) == set(WasteKind)
    assert all(set(sentences) == {"zh", "en"} for sentences in ADVICE.values())
