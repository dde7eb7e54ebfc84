"""The grid: many photos are decided about at once, but none that is not selected and in view."""

from playwright.sync_api import Browser, Page, expect

from tests.review.pages import shown, visit
from tests.review.review_work import CAPES, LABELS, PERSON, Work

SELECTED = ".cell[aria-selected=true]"


def test_many_are_decided_at_once_and_undone_at_once(browser: Browser, address: str, work: Work) -> None:
    decided = work.decided()
    with visit(browser, address, "grid") as page:
        cells = page.locator(".cell")
        cells.nth(1).click()
        cells.nth(3).click(modifiers=["Shift"])
        expect(page.locator(SELECTED)).to_have_count(3)
        page.keyboard.press("d")
        expect(page.locator("#note")).to_have_text("Dropped 3 photos; undo takes that back.")
        assert work.decided() == {**decided, **dict.fromkeys(work.waiting[1:4], ("drop", None, PERSON))}
        page.keyboard.press("u")
        expect(page.locator("#note")).to_have_text("Undone: 3 photos are as before.")
        assert work.decided() == decided
        expect(page.locator("#left")).to_contain_text("5 left")


def test_the_grid_by_keys(browser: Browser, address: str, work: Work) -> None:
    decided = work.decided()
    with visit(browser, address, "grid") as page:
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        expect(page.locator(SELECTED)).to_have_count(2)
        page.keyboard.press("Escape")
        expect(page.locator(SELECTED)).to_have_count(0)
        page.keyboard.press("Control+a")
        expect(page.locator("#suggested")).to_have_text("the suggested classes (4)")
        page.keyboard.press("s")
        expect(page.locator("#left")).to_contain_text("1 left")
        assert work.decided() == {
            **decided,
            **dict.fromkeys(work.ids[:3], ("relabel", "Batik", PERSON)),
            work.ids[5]: ("relabel", CAPES, PERSON),
        }
        page.keyboard.press("Enter")
        expect(page.locator("#single")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#grid")).to_be_visible()
        page.locator(".open").last.click()
        expect(page.locator("#left")).to_contain_text("5 of 5")
        assert shown(page) == work.waiting[-1]


def test_nothing_is_decided_where_nothing_is_selected(browser: Browser, address: str, work: Work) -> None:
    decided = work.decided()
    with visit(browser, address, "grid") as page:
        for name in ("Keep", "Drop", "Relabel…"):
            expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
        for key in "kdsr":
            page.keyboard.press(key)
            expect(page.locator("#note")).to_have_text("Select photos first: click them, or press Space.")
            page.evaluate("document.querySelector('#note').textContent = ''")
        expect(page.locator("#picker")).to_be_hidden()
    assert work.decided() == decided


def in_view(page: Page) -> int:
    """Count the cells whose middle is in view."""
    script = """(cells) => cells.map((cell) => cell.getBoundingClientRect()).filter(({ top, bottom }) => {
        const frame = document.querySelector("main").getBoundingClientRect();
        return (top + bottom) / 2 > frame.top && (top + bottom) / 2 < frame.bottom;
    }).length"""
    return int(page.locator(".cell").evaluate_all(script))


def test_selected_photos_out_of_view_wait_until_they_are_seen(browser: Browser, address: str, work: Work) -> None:
    decided = work.decided()
    with visit(browser, f"{address}", "grid&state=all", width=360, height=560) as page:
        page.keyboard.press("Control+a")
        seen = in_view(page)
        assert 0 < seen < len(work.ids)
        expect(page.get_by_role("button", name=f"Drop {seen}", exact=True)).to_be_enabled()
        expect(page.locator("#left")).to_contain_text(f"({len(work.ids) - seen} out of view)")
        page.keyboard.press("d")
        expect(page.locator("#note")).to_contain_text(
            f"Dropped {seen} photos; undo takes that back. Still to be decided: {len(work.ids) - seen} selected photo"
        )
        assert work.decided() == {**decided, **dict.fromkeys(work.chosen(state="all")[:seen], ("drop", None, PERSON))}
        while (left := page.locator(SELECTED).count()) > 0:
            page.keyboard.press("d")
            expect(page.locator(SELECTED)).not_to_have_count(left)
        assert {one for one, *_ in work.decided().values()} == {"drop"}


def test_scrolling_away_from_what_is_selected_decides_nothing(browser: Browser, address: str, work: Work) -> None:
    decided = work.decided()
    with visit(browser, address, "grid&state=all", width=360, height=560) as page:
        page.locator(".cell").first.click()
        page.locator(".cell").last.scroll_into_view_if_needed()
        expect(page.get_by_role("button", name="Drop", exact=True)).to_be_disabled()
        page.keyboard.press("d")
        expect(page.locator("#note")).to_contain_text("out of view, so nothing was decided")
        assert work.decided() == decided
        page.keyboard.press("d")
        expect(page.locator("#note")).to_have_text("Dropped the photo; undo takes that back.")


def test_the_note_names_what_was_done(browser: Browser, address: str, work: Work) -> None:
    with visit(browser, address, "grid&state=all") as page:
        page.locator("#label").select_option(LABELS[0])
        expect(page.locator(".cell")).to_have_count(4)
        page.keyboard.press("Control+a")
        page.get_by_role("button", name=f"Keep 4 as {LABELS[0]}", exact=True).click()
        expect(page.locator("#note")).to_contain_text(f"Kept 4 photos under {LABELS[0]}; undo takes that back.")
        page.keyboard.press("Control+a")
        page.keyboard.press("r")
        page.locator("#classes [role=option]", has_text="Batik").click()
        expect(page.locator("#note")).to_contain_text("Put 4 photos under Batik; undo takes that back.")
        assert {label for _, label, _ in map(work.decided().__getitem__, work.ids[:4])} == {"Batik"}
