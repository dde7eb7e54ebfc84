"""The blind sample: what it counts, and that its intervals hold the truth as often as they say."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.evaluate.blind import blind_figures, count_answers, finite_interval
from recognizer.splits.blind import draw_sample
from recognizer.store.rows import BlindAnswer, Photo, Seen


def photos(counts: dict[str, int], kind: str = "") -> list[Photo]:
    names = [name for name, count in counts.items() for _ in range(count)]
    blank = Photo("", "0" * 16, 400, 300, "", "", "", "", "", "", "", Path("none.jpg"))
    digests = [hashlib.sha256(f"{kind}{number}".encode()).hexdigest() for number in range(len(names))]
    return [replace(blank, sha256=one, label=name, found_as=name) for one, name in zip(digests, names, strict=True)]


def answers(sample: list[Photo], seen: list[str]) -> dict[str, BlindAnswer]:
    kinds: dict[str, Seen] = {"none": "none", "unclear": "unclear"}
    return {
        photo.sha256: BlindAnswer(photo.sha256, kinds.get(one, "class"), None if one in kinds else one)
        for photo, one in zip(sample, seen, strict=True)
    }


def test_what_counts_for_what() -> None:
    sample = photos({"a": 4, "b": 2})
    known = answers(sample, ["a", "b", "none", "unclear", "b", "b"])
    likeliest = np.array(["a", "b", "a", "a", "a", "b"])
    given = np.array([True, False, True, True, True, True])
    found = blind_figures(sample, 0, known, likeliest, given)
    assert (found["accuracy"]["share"], found["accuracy"]["photos"]) == (0.75, 4)  # the classes that were seen
    assert (found["selective_accuracy"]["share"], found["selective_accuracy"]["photos"]) == (0.5, 4)  # none is wrong
    assert (found["label_noise"]["share"], found["label_noise"]["photos"]) == (0.4, 5)
    assert found["accuracy"]["interval"] == [0.75, 0.75], "every photo was looked at"
    assert count_answers(sample, 6, known)["unclear"] == 1 and count_answers(sample, 6, {})["answered"] == 0
    nothing = blind_figures(sample, 3, answers(sample, ["unclear"] * 6), likeliest, given)
    assert set(nothing.values()) == {None}


def test_the_interval_is_that_of_the_numbers_which_chance_allows() -> None:
    """Of ten, five were drawn and none has it: with four of ten, that happens 2.4 times in 100."""
    assert finite_interval(0, 5, 5) == [0.0, 0.3]
    assert finite_interval(5, 5, 5) == [0.7, 1.0]
    assert finite_interval(3, 3, 0) == [1.0, 1.0]


@pytest.mark.parametrize("counts", [{"a": 400}, {"a": 150, "b": 90, "c": 3}, {str(n): 4 for n in range(40)}])
def test_intervals_hold_the_truth_and_every_photo_has_the_same_chance(counts: dict[str, int]) -> None:
    """Reviewers who see the truth look at samples that are drawn anew; network and labels are wrong here and there."""
    population, rng, draws = photos(counts), np.random.default_rng(1), 300
    names = {photo.sha256: photo.found_as for photo in population}
    truth = {one: "none" if rng.random() < 0.1 else name for one, name in names.items()}
    said = {one: "z" if rng.random() < 0.2 else name for one, name in names.items()}
    shown = [one for one in truth if truth[one] != "none"]
    accuracy = np.mean([said[one] == truth[one] for one in shown])
    noise = 1 - len(shown) / len(truth)
    held, drawn, estimates = Counter[str](), Counter[str](), []
    for number in range(draws):
        sample = draw_sample(population, key=str(number))
        drawn.update(photo.sha256 for photo in sample)
        known = answers(sample, [truth[photo.sha256] for photo in sample])
        likeliest = np.array([said[photo.sha256] for photo in sample])
        found = blind_figures(sample, len(population) - 60, known, likeliest, np.ones(60, dtype=bool))
        estimates.append(found["accuracy"]["share"])
        for name, true in (("accuracy", accuracy), ("label_noise", noise)):
            low, high = found[name]["interval"]
            held[name] += low - 1e-4 <= true <= high + 1e-4
    assert held["accuracy"] >= 0.93 * draws and held["label_noise"] >= 0.93 * draws
    assert np.mean(estimates) == pytest.approx(accuracy, abs=0.015)
    chances = np.array([drawn[photo.sha256] for photo in population]) / draws
    expected = 60 / len(population)
    assert np.abs(chances - expected).max() < 5 * np.sqrt(expected * (1 - expected) / draws)


def test_no_class_is_left_out_for_good_where_there_are_more_than_photos_are_drawn() -> None:
    """Whatever the photos are, an earlier version drew one of every second class."""
    draws, drawn = 200, Counter[str]()
    for number in range(draws):
        population = photos({str(name): 2 for name in range(120)}, kind=f"{number} ")
        drawn.update(photo.found_as for photo in draw_sample(population))
    assert len(drawn) == 120 and max(drawn.values()) < 0.7 * draws and min(drawn.values()) > 0.3 * draws


def test_what_was_answered_of_a_sample_that_an_earlier_version_drew_counts_on() -> None:
    """It rounded by one number for all, so that of 120 classes it drew every second one, the first among them."""
    kept = Counter[bool]()
    for number in range(20):
        population = photos({f"{name:03}": 2 for name in range(120)}, kind=f"{number} ")
        before = [photo for photo in draw_sample(population, size=120) if int(photo.found_as) % 2 == 0]
        kept[draw_sample(population) == before] += 1
        assert draw_sample(population, answered={photo.sha256 for photo in before}) == before
        assert draw_sample(population, answered={before[0].sha256}) == before
    assert kept[True] and kept[False]


def test_a_sample_is_drawn_again_as_it_was_and_stays_mostly_so_when_photos_come() -> None:
    before = photos({"a": 200, "b": 100})
    assert draw_sample(before) == draw_sample(before[::-1])
    sample = {photo.sha256 for photo in draw_sample(before)}
    more = photos({"a": 200, "b": 100, "c": 15})
    grown = {photo.sha256 for photo in draw_sample(more)}
    assert len(sample) == len(grown) == 60 and len(sample & grown) >= 54
    assert len(draw_sample(before[:20])) == 20 and draw_sample([]) == []
    shares = Counter(photo.found_as for photo in draw_sample(before))
    assert shares["a"] in (40, 41) and shares["b"] in (19, 20)
