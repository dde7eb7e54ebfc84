"""`recognizer undo` takes back what the rules decided, exactly, and leaves alone what people decided."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recognizer.cli.commands import app
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Action, Decision, LabelQuality
from tests.small_store import LABELS, fill, opened, rows

Choices = dict[int, tuple[Action, str | None]]  # by the number of the photo: action and label
RECIPE = 'title = "Cloth"\n' + "".join(f'[[classes]]\nname = "{label}"\nqueries = ["q"]\n' for label in LABELS)
PEOPLE: Choices = {0: ("keep", None), 1: ("drop", None), 2: ("relabel", "Ikat"), 3: ("drop", None)}
RULES: Choices = {
    2: ("drop", None),
    3: ("relabel", "Ikat"),
    4: ("drop", None),
    7: ("relabel", "Kilim"),
    11: ("drop", None),
}


def decisions(ids: list[str], wanted: Choices, by: str) -> list[Decision]:
    return [Decision(ids[n], action, "seen", label=label, by=by) for n, (action, label) in wanted.items()]


def standing(store: PhotoStore) -> list[list[tuple[object, ...]]]:
    """All that counts, as another program finds it in the database."""
    queries = (
        "SELECT * FROM decisions WHERE undone = 0 ORDER BY id",
        "SELECT * FROM current_decisions ORDER BY photo",
        "SELECT * FROM described_photos ORDER BY sha256",
        "SELECT * FROM kept_photos ORDER BY sha256",
    )
    return [rows(store, query) for query in queries]


class Work:
    """A store in which people have decided first and the rules then, about some photos both."""

    def __init__(self, folder: Path, store: PhotoStore) -> None:
        self.recipe = folder / "cloth.toml"
        self.recipe.write_text(RECIPE)
        self.store, self.ids = store, fill(store)
        store.decisions.add(*decisions(self.ids, PEOPLE, "ada"))
        self.before = standing(store)
        store.decisions.replace_automatic(decisions(self.ids, RULES, "auto"))
        self.decided = standing(store)

    def undo(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["undo", str(self.recipe), *arguments, "--work", str(self.store.work)])


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with opened(tmp_path / "work") as store:
        yield Work(tmp_path, store)


def test_all_at_once_brings_back_the_exact_state(work: Work) -> None:
    assert work.decided != work.before
    result = work.undo("--all")
    assert result.exit_code == 0 and f" {len(RULES)} " in result.output
    assert standing(work.store) == work.before
    assert " 0 " in work.undo("--all").output
    assert standing(work.store) == work.before


def test_all_at_once_lets_no_class_be_likelier_than_a_label(work: Work) -> None:
    left = next(photo for photo in work.store.photos.all() if not photo.action)
    work.store.label_quality.replace([LabelQuality(left.sha256, left.label, 0.25, "Another", 0.5)])
    assert work.undo(work.ids[next(iter(RULES))]).exit_code == 0
    assert [photo.likelier for photo in work.store.photos.all() if photo.likelier] == ["Another"]
    assert work.undo("--all").exit_code == 0
    assert not any(photo.likelier for photo in work.store.photos.all())


@pytest.mark.parametrize("digits", [16, 64])
def test_one_by_one_brings_back_the_exact_state(work: Work, digits: int) -> None:
    left = set(RULES)
    for number in RULES:
        assert work.undo(work.ids[number][:digits]).exit_code == 0
        left.remove(number)
        by_rules = rows(work.store, "SELECT photo FROM decisions WHERE undone = 0 AND \"by\" = 'auto'")
        assert {photo for (photo,) in by_rules} == {work.ids[n] for n in left}
        assert [row for row in standing(work.store)[0] if row in work.before[0]] == work.before[0]
    assert standing(work.store) == work.before


def test_what_is_undone_stays_in_the_record_and_is_not_decided_again(work: Work) -> None:
    work.undo("--all")
    assert rows(work.store, "SELECT count(*) FROM decisions") == [(len(PEOPLE) + len(RULES),)]
    work.store.decisions.replace_automatic(decisions(work.ids, RULES, "auto"))
    assert standing(work.store) == work.before


def sentence(result: Result) -> str:
    """What a command says that could not be done."""
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    return result.stderr


def test_a_photo_that_no_rule_decided_about_gets_one_sentence(work: Work) -> None:
    for unknown in ("f" * 64, work.ids[0], "%", "no such photo"):
        assert f"decided nothing about a photo that begins with “{unknown}”" in sentence(work.undo(unknown))
    assert standing(work.store) == work.decided


def test_digits_of_several_photos_get_one_sentence(work: Work) -> None:
    # There are more photos than first digits.
    work.store.decisions.replace_automatic([Decision(photo, "drop", "seen") for photo in work.ids])
    decided = standing(work.store)
    first = [photo[0] for photo in work.ids]
    shared = next(digit for digit in first if first.count(digit) > 1)
    assert f"decided about several photos that begin with “{shared}”" in sentence(work.undo(shared))
    assert standing(work.store) == decided


def test_what_is_listed_by_review_is_told_with_the_command_as_it_was_typed(work: Work) -> None:
    command = f"recognizer review {work.recipe} --work {work.store.work}"
    assert f"; {command} lists what they decided." in sentence(work.undo("abc" * 4))


def test_too_few_digits_are_refused_with_the_rule_that_help_tells_of_undo_and_forget(work: Work) -> None:
    rule = "its sha256, or at least its first 12 digits"
    photo = work.ids[next(iter(RULES))]
    assert f"“{photo[:11]}” is too short; name a photo by {rule}." in sentence(work.undo(photo[:11]))
    assert standing(work.store) == work.decided
    forget = ["forget", str(work.recipe), photo[:11], "--work", str(work.store.work)]
    assert f"name a photo by {rule}." in sentence(CliRunner().invoke(app, forget))
    for command in ("undo", "forget"):
        help_text = " ".join(CliRunner().invoke(app, [command, "--help"]).output.split())
        assert f"A photo: {rule}" in help_text
    assert work.undo(photo[:12]).exit_code == 0


def test_what_comes_next_is_told_where_something_was_undone(work: Work) -> None:
    named = f"{work.recipe} --work {work.store.work}"
    lines = work.undo("--all").stdout.splitlines()
    assert f"Next: recognizer review {named}" in lines
    assert f"Or, to have the labels of photos put back checked first: recognizer clean {named}" in lines
    assert "Next:" not in work.undo("--all").output


def test_one_photo_or_all_has_to_be_named(work: Work) -> None:
    assert work.undo().exit_code == work.undo(work.ids[4], "--all").exit_code == 2
    assert standing(work.store) == work.decided
