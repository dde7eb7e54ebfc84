"""What is sent of a file, and files that are not sent."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin
from playwright.sync_api import FilePayload, Page, expect

from tests.serve.asking import client
from tests.site.spaces import forwarding, free_port
from tests.site.watching import Served, Watched, assert_answers, drawn_bars, wait_for

PLACE = b"Somewhere Secret"
KINDS = ["JPEG", "PNG", "WEBP"]


def test_large_photos_are_scaled_down_and_small_ones_left_alone(recognizer: Page) -> None:
    sides = recognizer.evaluate("""async () => {
        const { readyToSend } = await import("./js/photo.js");
        const canvas = new OffscreenCanvas(2400, 1200);
        const pen = canvas.getContext("2d");
        const noise = pen.createImageData(2400, 1200);
        for (let at = 0; at < noise.data.length; at += 65536) {
            crypto.getRandomValues(noise.data.subarray(at, at + 65536));
        }
        pen.putImageData(noise, 0, 0);
        const large = new File([await canvas.convertToBlob()], "large.png", { type: "image/png" });
        const small = new File([large.slice(0, 1000)], "small.png", { type: "image/png" });
        const { photo, cleaned } = await readyToSend(large);
        const { width, height } = await createImageBitmap(photo);
        const left = await readyToSend(small);
        return [width, height, cleaned, left.photo === small, left.cleaned];
    }""")
    assert sides == [1600, 800, True, True, False]


def written(kind: str, **more: Any) -> bytes:
    """A picture of one kind that stands on its side, with a place, a comment and a colour profile."""
    image = Image.linear_gradient("L").convert("RGB").resize((120, 80))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.ImageDescription] = PLACE.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (13.0, 45.0, 22.0), 29: PLACE.decode()})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Location", PLACE.decode())
        more["pnginfo"] = notes
    if kind == "JPEG":
        more["comment"] = PLACE
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + PLACE + b"</x:xmpmeta>"
    out = io.BytesIO()
    image.save(out, kind, exif=exif, icc_profile=profile, xmp=xmp, **more)
    return out.getvalue()


def cleaned(page: Page, data: bytes) -> bytes | None:
    """What the site makes of a file's bytes; None where it cannot take metadata out."""
    script = """async (bytes) => {
        const { withoutMetadata } = await import("./js/metadata.js");
        const found = await withoutMetadata(new Blob([Uint8Array.from(bytes)]));
        return found && [...new Uint8Array(await found.arrayBuffer())];
    }"""
    found = page.evaluate(script, list(data))
    return None if found is None else bytes(found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_place_is_taken_out_and_the_picture_stays(recognizer: Page, kind: str) -> None:
    before = written(kind)
    after = cleaned(recognizer, before)
    assert PLACE in before and after is not None and PLACE not in after and len(after) < len(before)
    old, new = Image.open(io.BytesIO(before)), Image.open(io.BytesIO(after))
    assert dict(new.getexif()) == {ExifTags.Base.Orientation: 6}
    assert new.info["icc_profile"] == old.info["icc_profile"]
    assert ImageOps.exif_transpose(new).tobytes() == ImageOps.exif_transpose(old).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_an_upright_picture_gets_no_exif_at_all(recognizer: Page, kind: str) -> None:
    image, out = Image.linear_gradient("L").convert("RGB"), io.BytesIO()
    image.save(out, kind, exif=Image.Exif())
    after = cleaned(recognizer, out.getvalue())
    assert after is not None and not dict(Image.open(io.BytesIO(after)).getexif()) and b"xif" not in after.lower()


def test_the_turn_of_xmp_stays_and_further_pictures_of_a_jpeg_go(recognizer: Page) -> None:
    out, xmp = io.BytesIO(), b'<rdf tiff:Orientation="3">' + PLACE
    Image.new("RGB", (8, 8)).save(out, "JPEG", xmp=xmp, progressive=True)
    after = cleaned(recognizer, out.getvalue() + written("JPEG"))
    assert after is not None and PLACE not in after
    assert Image.open(io.BytesIO(after)).getexif()[ExifTags.Base.Orientation] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_file_is_left_as_it_is(recognizer: Page, kind: str) -> None:
    data = written(kind)
    assert cleaned(recognizer, data[:12] + b"\x00" + data[12:40]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_gets_no_place_and_gives_the_same_answer(
    watched: Watched, home: str, served: Served, kind: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    exif.get_ifd(ExifTags.IFD.GPSInfo)[29] = PLACE.decode()
    photo = tmp_path / f"photo.{kind.lower()}"
    Image.open(served.photos[0]).save(photo, kind, exif=exif)
    assert PLACE in photo.read_bytes()
    page, received = watched.page, bytearray()
    with free_port() as port:
        pass
    with forwarding(port, served.url, received):
        page.goto(f"{home}/recognizer.html?space=http://127.0.0.1:{port}")
        wait_for(page, "ready")
        page.set_input_files("#file", photo)
        wait_for(page, "answer")
    with client(served.url) as other:
        expected = other.post("/predict", files={"image": photo.read_bytes()}).json()["probabilities"]
    assert drawn_bars(page) == pytest.approx(expected, abs=1e-3)
    middle = photo.stat().st_size // 2
    assert photo.read_bytes()[middle : middle + 100] in received and PLACE not in received
    expect(page.locator("#kept")).to_be_hidden()


def test_a_file_that_the_browser_cannot_draw_gets_a_placeholder_and_is_sent_as_it_is(recognizer: Page) -> None:
    recognizer.set_input_files("#file", {"name": "phone.HEIC", "mimeType": "", "buffer": b"not really"})
    expect(recognizer.locator("#placeholder")).to_contain_text("phone.HEIC")
    wait_for(recognizer, "refused")
    expect(recognizer.locator("#kept")).to_contain_text("perhaps the place where it was taken")


WRONG = [
    ("notes.txt", "text/plain", 5, "is not a picture"),
    ("huge.jpg", "image/jpeg", 21 * 1024 * 1024, "is too large: 21 MB"),
]


@pytest.mark.parametrize(("name", "kind", "size", "sentence"), WRONG)
def test_refused_before_sending(recognizer: Page, name: str, kind: str, size: int, sentence: str) -> None:
    sent: list[str] = []
    recognizer.on("request", lambda request: sent.append(request.url))
    choose = """([name, type, size]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(size)], name, { type }));
        const input = document.getElementById("file");
        input.files = transfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
    }"""
    recognizer.evaluate(choose, [name, kind, size])
    expect(recognizer.get_by_role("alert")).to_contain_text(sentence)
    assert not [url for url in sent if "upload" in url]
    recognizer.keyboard.press("Escape")
    expect(recognizer.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(("event", "files", "sentence"), [
    ("paste", 0, "no picture file in that"), ("drop", 2, "One photo at a time"), ("drop", 1, "is not a picture"),
])  # fmt: skip
def test_a_stray_paste_or_drop_clears_nothing(
    recognizer: Page, served: Served, event: str, files: int, sentence: str
) -> None:
    recognizer.set_input_files("#file", served.photos[0])
    words = wait_for(recognizer, "answer").inner_text()
    script = """([event, files]) => {
        const transfer = new DataTransfer();
        for (let n = 0; n < files; n += 1) transfer.items.add(new File(["x"], `${n}.pdf`, {type: "application/pdf"}));
        if (!files) transfer.setData("text/plain", "words");
        const made = event === "paste"
            ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true})
            : new DragEvent(event, {dataTransfer: transfer, bubbles: true, cancelable: true});
        document.getElementById("drop").dispatchEvent(made);
    }"""
    recognizer.evaluate(script, [event, files])
    note = recognizer.get_by_role("alert")
    expect(note).to_contain_text(sentence)
    expect(recognizer.locator("#answer h2")).to_have_text(words)
    expect(recognizer.locator("#preview")).to_be_visible()
    expect(wait_for(recognizer, "answer")).to_have_text(words)
    note.get_by_role("button", name="Close").click()
    expect(note).to_be_hidden()


def test_a_keyboard_that_closes_the_note_goes_on_where_photos_are_chosen(recognizer: Page) -> None:
    notes: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"}
    for close in ("Enter", "Escape"):
        recognizer.set_input_files("#file", notes)
        recognizer.get_by_role("button", name="Close").focus()
        recognizer.keyboard.press(close)
        expect(recognizer.locator("#passing")).to_be_hidden()
        expect(recognizer.locator("#choose")).to_be_focused()
    recognizer.set_input_files("#file", notes)
    recognizer.locator("#language").focus()
    recognizer.keyboard.press("Escape")
    expect(recognizer.locator("#passing")).to_be_hidden()
    expect(recognizer.locator("#language")).to_be_focused()


def test_the_space_refuses_what_only_claims_to_be_a_picture(recognizer: Page, served: Served) -> None:
    recognizer.set_input_files("#file", {"name": "fake.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(wait_for(recognizer, "refused")).to_contain_text(re.compile("picture", re.IGNORECASE))
    expect(recognizer.locator(".retry")).to_be_hidden()
    recognizer.on("filechooser", lambda _: None)
    with recognizer.expect_file_chooser() as chooser:
        recognizer.locator("#status").get_by_role("button", name="Choose another photo").click()
    chooser.value.set_files(served.photos[0])
    assert_answers(recognizer, served, served.photos[0])


def test_a_phone_offers_its_camera(recognizer: Page, served: Served, browser: Any, home: str) -> None:
    expect(recognizer.locator("#take")).to_be_hidden()
    with browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(f"{home}/recognizer.html?space={served.url}")
        wait_for(page, "ready")
        page.on("filechooser", lambda _: None)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Take a photo").click()
        assert chooser.value.element.get_attribute("capture") == "environment"
        chooser.value.set_files(served.photos[0])
        assert_answers(page, served, served.photos[0])
