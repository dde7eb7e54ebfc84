"""A folder of one's own photos as an engine: what lies in it, all of it in order, and nothing from outside."""

import os
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from recognizer.collect.engines.engine import Reader
from recognizer.collect.engines.folder import Folder
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import EngineRefused, RecipeError
from recognizer.names import stays_below
from recognizer.recipe import PhotoClass
from recognizer.store.rows import Hit


def fill(folder: Path, *names: str) -> Path:
    """Make files that hold their own names."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def plain(hits: list[Hit]) -> list[Hit]:
    """Hits without what their addresses say of size and time."""
    return [replace(hit, image=hit.image.partition("?")[0]) for hit in hits]


def reason(engine: Folder, address: str) -> str:
    with pytest.raises(DownloadError) as caught:
        engine.read(address)
    return caught.value.reason


def test_a_subfolder_holds_the_hits_of_its_class(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path, "Kilim/b.jpg", "Kilim/a b.PNG", "Kilim/red/#1%.jpg", "Batik/c.jpg"))
    assert engine.queries(PhotoClass(name="Kilim", queries=["kilim rug"])) == ["Kilim"]
    hits = engine.search("Kilim", 1)
    assert plain(hits) == [
        Hit("folder:Kilim/a%20b.PNG", title="a b"),
        Hit("folder:Kilim/b.jpg", title="b"),
        Hit("folder:Kilim/red/%231%25.jpg", title="#1%"),
    ]
    assert isinstance(engine, Reader)
    assert [engine.read(hit.image) for hit in hits] == [b"Kilim/a b.PNG", b"Kilim/b.jpg", b"Kilim/red/#1%.jpg"]
    assert not any(str(tmp_path) in hit.image for hit in hits)


@pytest.mark.parametrize(("label", "name"), [("Kilim", "KILIM"), ("Çini", "c\u0327ini")])
def test_case_and_spelling_of_a_subfolder_do_not_matter(tmp_path: Path, label: str, name: str) -> None:
    engine = Folder(fill(tmp_path, f"{name}/1.jpg"))
    (hit,) = engine.search(label, 1)
    assert engine.read(hit.image) == f"{name}/1.jpg".encode()


def test_pages_hold_a_hundred(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path, *(f"Kilim/{number:03d}.jpg" for number in range(230))))
    pages = [engine.search("Kilim", page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [100, 100, 30, 0]
    images = [hit.image for page in pages for hit in page]
    assert images == sorted(images) and len(set(images)) == 230


def test_hidden_files_are_no_hits(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path, "Kilim/.DS_Store", "Kilim/.thumbs/1.jpg", "Kilim/1.jpg", "Kilim/notes.txt"))
    assert [hit.title for hit in engine.search("Kilim", 1)] == ["1", "notes"]


def test_an_empty_subfolder_has_no_hits(tmp_path: Path) -> None:
    (tmp_path / "Kilim").mkdir()
    assert Folder(tmp_path).search("Kilim", 1) == []


def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "Kilim").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/Kilim/\xff.jpg")).write_bytes(b"odd")
    engine = Folder(tmp_path)
    (hit,) = engine.search("Kilim", 1)
    assert plain([hit])[0].image == "folder:Kilim/%FF.jpg" and hit.title.encode()
    assert engine.read(hit.image) == b"odd"


def test_links_are_followed_and_those_that_lead_back_end(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", "1.jpg", "deep/2.jpg", "Batik/3.jpg")
    own = fill(tmp_path / "own", "Kilim/4.jpg")
    (own / "Kilim" / "out.jpg").symlink_to(outside / "1.jpg")
    (own / "Kilim" / "more").symlink_to(outside / "deep")
    (own / "Kilim" / "round").symlink_to(own)
    (outside / "deep" / "round").symlink_to(own / "Kilim")
    (own / "Batik").symlink_to(outside / "Batik")
    (own / "Kilim" / "loop.jpg").symlink_to("loop.jpg")
    engine = Folder(own)
    engine.check([PhotoClass(name="Kilim"), PhotoClass(name="Batik")], tmp_path / "work")
    found = [hit.image for label in ("Batik", "Kilim") for hit in plain(engine.search(label, 1))]
    ours = [f"folder:{name}" for name in ("Batik/3.jpg", "Kilim/4.jpg", "Kilim/more/2.jpg", "Kilim/out.jpg")]
    assert found[:4] == ours and len({engine.read(image) for image in found}) == 4


def test_a_link_to_the_work_folder_is_refused_like_the_folder_itself(tmp_path: Path) -> None:
    fill(tmp_path / "work", "photos/Kilim/1.jpg")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "Kilim").symlink_to(tmp_path / "work" / "photos" / "Kilim")
    with pytest.raises(RecipeError, match="may not lie in each other"):
        Folder(tmp_path / "own").check([PhotoClass(name="Kilim")], tmp_path / "work")


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("AC/DC", "AC_DC"),
        ("AC/DC", "ac:dc"),
        ("AC/DC", "AC%2FDC"),
        ("why?", "Why"),
        ("Café", "CAFE\u0301"),
        ("CON", "con"),
    ],
)
def test_a_class_that_no_folder_can_be_called_like_finds_its_folder(tmp_path: Path, label: str, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "1.jpg").write_bytes(b"one")
    engine = Folder(tmp_path)
    (hit,) = engine.search(label, 1)
    assert engine.read(hit.image) == b"one"


def test_classes_that_differ_in_case_only_have_a_folder_each(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path / "own", "Turkey/1.jpg", "turkey/2.jpg"))
    engine.check([PhotoClass(name="Turkey"), PhotoClass(name="turkey")], tmp_path / "work")
    assert [engine.read(hit.image) for name in ("Turkey", "turkey") for hit in engine.search(name, 1)] == [
        b"Turkey/1.jpg",
        b"turkey/2.jpg",
    ]


@pytest.mark.parametrize("there", ["bumbag", "rucksack"])
def test_one_class_without_a_folder_is_told_before_anything_is_changed(tmp_path: Path, there: str) -> None:
    engine = Folder(fill(tmp_path / "own", "tote/1.jpg", f"{there}/2.jpg"))
    with pytest.raises(EngineRefused, match=rf"no folder for “bum bag” in .*Found: {there}, tote\. .*rename one"):
        engine.check([PhotoClass(name="tote"), PhotoClass(name="bum bag")], tmp_path / "work")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (PureWindowsPath(r"\Users\me\x.jpg"), False),
        (PureWindowsPath("C:x.jpg"), False),
        (PureWindowsPath(r"\\server\share\x.jpg"), False),
        (PureWindowsPath(r"red\..\..\x.jpg"), False),
        (PureWindowsPath(r"red\x.jpg"), True),
        (PurePosixPath("/etc/hostname"), False),
        (PurePosixPath("red/C:x.jpg"), True),
    ],
)
def test_a_name_with_a_drive_or_a_root_leads_outside(name: PurePath, expected: bool) -> None:
    assert stays_below(name) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("folder:Kilim/../../secret.jpg", "forbidden_address"),
        ("folder:Kilim/%2E%2E/%2e%2e/secret.jpg", "forbidden_address"),
        ("folder:Kilim//etc/hostname", "forbidden_address"),
        ("folder:Kilim/%00", "no_such_file"),
        ("Kilim/1.jpg", "forbidden_address"),
        ("folder:Kilim/2.jpg", "no_such_file"),
        ("folder:Kilim/2.jpg?5-1", "no_such_file"),
        ("folder:Kilim?/../../secret.jpg", "no_such_file"),
        ("folder:Kilim", "no_such_file"),
        ("folder:Kilim/", "no_such_file"),
        ("folder:Batik/1.jpg", "no_such_file"),
        ("folder:Kilim/" + "x" * 300, "no_such_file"),
        ("folder:../1.jpg", "no_such_file"),
        ("folder:", "no_such_file"),
    ],
)
def test_only_files_below_the_folder_are_read(tmp_path: Path, address: str, expected: str) -> None:
    fill(tmp_path, "secret.jpg")
    assert reason(Folder(fill(tmp_path / "own", "Kilim/1.jpg")), address) == expected


def test_a_folder_that_is_gone_is_told_instead_of_its_files(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path / "own", "Kilim/1.jpg"))
    (tmp_path / "own").rename(tmp_path / "away")
    with pytest.raises(EngineRefused, match="own cannot be read: No such file or directory"):
        engine.read("folder:Kilim/1.jpg")
    (tmp_path / "own").mkdir()
    with pytest.raises(EngineRefused, match=r"There is nothing in the folder .*own any more\. .*plug that in"):
        engine.read("folder:Kilim/1.jpg")


def test_what_is_no_file_is_no_hit(tmp_path: Path) -> None:
    engine = Folder(fill(tmp_path, "Kilim/1.jpg"))
    os.mkfifo(tmp_path / "Kilim" / "pipe.jpg")
    assert [hit.title for hit in engine.search("Kilim", 1)] == ["1"]
    assert reason(engine, "folder:Kilim/pipe.jpg") == "no_such_file"


def test_a_file_over_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    fill(tmp_path, "Kilim/1.jpg")
    with (tmp_path / "Kilim" / "huge.jpg").open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no room, and no machine holds it in memory
    assert reason(Folder(tmp_path), "folder:Kilim/huge.jpg") == "too_large"
    assert Folder(tmp_path, most_bytes=11).read("folder:Kilim/1.jpg") == b"Kilim/1.jpg"
    assert reason(Folder(tmp_path, most_bytes=10), "folder:Kilim/1.jpg") == "too_large"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineRefused, match=r"The folder .*none cannot be read: No such file or directory\. Make it"):
        Folder(tmp_path / "none").search("Kilim", 1)
    with pytest.raises(EngineRefused, match="cannot be read: Not a directory"):
        Folder(fill(tmp_path, "file") / "file").search("Kilim", 1)


def test_a_missing_subfolder_is_told_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(
        EngineRefused, match=r"There is no folder for “Kilim” in .*; each class has to have one, .* Found: none\."
    ):
        Folder(tmp_path).search("Kilim", 1)


def test_two_subfolders_of_one_class_are_told(tmp_path: Path) -> None:
    with pytest.raises(EngineRefused, match=r"There is more than one folder for “Kilim” in .*Found: Kilim, kilim"):
        Folder(fill(tmp_path, "Kilim/1.jpg", "kilim/1.jpg")).search("Kilim", 1)
