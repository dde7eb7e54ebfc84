"""The table of odd inputs: what is typed where, the exit code, and what is said."""
# ruff: noqa: E501 - a row a line

import os
import shutil
from pathlib import Path

from tests.cli import odd
from tests.cli.odd import CLASSES, Odd, all_of, classes_called, commanded, recipe, write

COLLECT = "collect bags --folder photos"
DONE = r"Photos for bags"
WEB = recipe(*CLASSES).replace('"\n[[', '"\nqueries = ["x"]\n[[') + 'queries = ["x"]\n'
SOCKS = {"ALL_PROXY": "socks5://127.0.0.1:1080"}


def move(old: str, new: str) -> odd.Prepare:
    return lambda folder: (folder / old).rename(folder / new)


def link(place: str, to: str) -> odd.Prepare:
    return lambda folder: (folder / place).symlink_to(to)


def latin_1(folder: Path) -> None:
    place = os.fsencode(folder / "photos" / "tote")
    shutil.copyfile(folder / "photos" / "tote" / "1.jpg", place + b"/caf\xe9.jpg")


def bad(text: str) -> odd.Prepare:
    return write("bags.toml", text)


RECIPES = [
    Odd("no such recipe", "train nowhere", 1, r"There is no recipe data/recipes/nowhere\.toml\. .*give the path"),
    Odd("a folder as recipe", "train ./photos", 1, r"There is no recipe photos\."),
    Odd("a name too long for a file", "train " + "x" * 300, 1, r"File name too long\); use a shorter name"),
    Odd("an empty recipe", "train bags", 1, r"bags\.toml: title is missing", bad("")),
    Odd("no TOML", "train bags", 1, r"bags\.toml is not valid TOML: .*line 1", bad("title = Bags")),
    Odd("UTF-16", "train bags", 1, r"is not valid TOML, which is text in UTF-8; save it as that", write("bags.toml", "title".encode("utf-16"))),
    Odd("nested without end", "train bags", 1, r"is not valid TOML", bad("x = " + "[" * 9000)),
    Odd("one class", "train bags", 1, r"classes needs at least 2", bad(recipe("tote"))),
    Odd("a class twice", "train bags", 1, r"“tote” stands there twice", bad(recipe("tote", "tote"))),
    Odd("a class called Not sure", "train bags", 1, r"may not be “Not sure”, .*use another", bad(recipe("tote", "not SURE"))),
    Odd("a name with a line end", "train bags", 1, r"may have no control characters", bad(recipe("tote", "a\nb"))),
    Odd("a name that turns", "train bags", 1, r"may have no control characters", bad(recipe("tote", "\u202egpj"))),
    Odd("an unknown key", "train bags", 1, r"unknown key quality; allowed here are title", bad(recipe(*CLASSES, more="quality = 3"))),
    Odd("a huge number", "train bags", 1, r"train\.seed has to be less than 2147483648", bad(recipe(*CLASSES) + "[train]\nseed = 99999999999999999999")),
    Odd("no words to search for", "build bags", 1, r"duckduckgo needs words to search for, and “backpack” has no queries: .*--folder DIR"),
    Odd("a mark in front of the file", COLLECT, 0, DONE, write("bags.toml", b"\xef\xbb\xbf" + recipe(*CLASSES).encode())),
    Odd("brackets in the recipe's name", "collect [/[red].toml --folder photos", 0, r"Photos for \[/?red\]", all_of(lambda folder: (folder / "[").mkdir(), move("bags.toml", "[/[red].toml"))),
    Odd("a path with spaces", "train my~bags~first.toml", 1, r"run recognizer collect 'my bags first\.toml' first", move("bags.toml", "my bags first.toml")),
    Odd("another work folder", "evaluate bags --work my~work", 1, "run recognizer collect bags --work 'my work' first"),
]  # fmt: skip
NAMES = [
    Odd(f"a class called {name}", COLLECT, 0, DONE, classes_called("tote", name))
    for name in ("$50 #1 vs $100", "刺绣", "বাংলা শাড়ি", "👩‍🌾", "שלום", ".net", "[bold]", "x" * 60, "CON", "a:b?", "dot.", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 %41")
] + [
    Odd("a class with a slash", COLLECT, 0, DONE, classes_called("tote", "AC/DC", folders=("tote", "AC_DC"))),
    Odd("names that differ in case only", COLLECT, 0, DONE, classes_called("Turkey", "turkey")),
]  # fmt: skip
FOLDERS = [
    Odd("no such folder", "build bags --folder nowhere", 1, r"The folder nowhere cannot be read: No such file .*--folder"),
    Odd("a file as folder", "build bags --folder notes.txt", 1, r"cannot be read: Not a directory\. Make it"),
    Odd("an empty folder", "collect bags --folder empty", 1, r"no folder for “backpack” in empty; .*Found: none", lambda folder: (folder / "empty").mkdir()),
    Odd("photos beside each other", "collect bags --folder photos/tote", 1, r"no folder for “backpack” in photos/tote"),
    Odd("one folder misnamed", "collect bags --folder photos", 1, r"no folder for “clutch” in photos; .*Found: backpack, cluch, tote\..*rename one", move("photos/clutch", "photos/cluch")),
    Odd("two folders of a class", "collect bags --folder photos", 1, r"more than one folder for “tote”.* leave one of them", lambda folder: shutil.copytree(folder / "photos/tote", folder / "photos/TOTE")),
    Odd("a folder in upper case", COLLECT, 0, DONE, move("photos/tote", "photos/TOTE")),
    Odd("a link to a folder", COLLECT, 0, "tote: 2, as many", all_of(move("photos/tote", "elsewhere"), link("photos/tote", "../elsewhere"))),
    Odd("a link in a circle", COLLECT, 0, "tote: 2, as many", link("photos/tote/round", ".")),
    Odd("the work folder itself", "collect bags --folder data/bags", 1, r"may not lie in each other"),
    Odd("a folder and a search engine", "build bags --folder photos --engine bing", 2, r"--folder is for the engine folder"),
    Odd("the engine without a folder", "build bags --engine folder", 1, r"needs to know which: name it with --folder DIR, or set folder"),
    Odd("a data set for classes", "collect bags --engine dataset", 2, r"bags has no outputs, as a data set needs; for your own photos: --folder"),
    Odd("a search for a data set", "collect fairface --engine bing", 2, r"fairface has outputs, whose photos come from a data set; leave --engine out"),
    Odd("an unknown engine", "collect bags --engine google", 2, r"google is not an engine; allowed are duckduckgo"),
    Odd("the next time without the option", "collect bags", 0, r"Photos come from /.*/photos \(asked: folder\), as before", commanded(COLLECT)),
    Odd("the next time the disk is gone", "collect bags", 1, r"The folder .*/photos cannot be read: No such file", all_of(commanded(COLLECT), move("photos", "away"))),
    Odd("what was named is damaged", "collect bags", 1, r"folder\.json is damaged .*name the folder again: recognizer collect bags --folder DIR", all_of(commanded(COLLECT), write("data/bags/folder.json", ""))),
    Odd("and is named again", COLLECT, 0, DONE, all_of(commanded(COLLECT), write("data/bags/folder.json", "junk"))),
    Odd("a search engine the next time", "collect bags --engine bing", 1, r"bing needs words to search for", commanded(COLLECT)),
]  # fmt: skip
PICTURES = [
    Odd("a name in Latin-1", COLLECT, 0, "tote: 2, as many", latin_1),
    Odd("an emoji as name", COLLECT, 0, "tote: 2, as many", move("photos/tote/1.jpg", "photos/tote/😀\n.jpg")),
    Odd("a text among the photos", COLLECT, 0, r"not_an_image.* 1 ", write("photos/tote/a.jpg", "no photo")),
    Odd("an empty file among them", COLLECT, 0, r"failed +1 ", write("photos/tote/a.jpg", b"")),
]  # fmt: skip
TERMINALS = [
    Odd(f"a terminal of {charset}", COLLECT, 0, says, classes_called("tote", "Книга"), charset=charset)
    for charset, says in (("ascii", r"\\u041a\\u043d"), ("cp1252", r"\\u041a\\u043d"), ("latin-1", r"\\u041a"))
] + [
    Odd("what was typed is no text", "train \udce9", 1, r"There is no recipe data/recipes/\\udce9\.toml"),
    Odd("nor is what is named in a report", "collect bags --folder caf\udce9", 1, r"The folder caf\\udce9 cannot be read"),
]  # fmt: skip
DISKS = [
    Odd("a file as work folder", COLLECT + " --work notes.txt", 1, r"notes\.txt cannot be written \(.*name another folder"),
    Odd("a folder that nobody may write", COLLECT + " --work /proc/here", 1, r"/proc/here cannot be written"),
    Odd("a folder as file of credits", "credits bags --to photos", 1, r"photos is a folder, .* name a file", commanded(COLLECT)),
    Odd("this folder as file of credits", "credits bags --to .", 1, r"\. is a folder, .* name a file", commanded(COLLECT)),
    Odd("the topmost folder as file of credits", "credits bags --to /", 1, r"/ is a folder, .* name a file", commanded(COLLECT)),
    Odd("a folder as log of credits", "credits bags --log .", 1, r"cannot be used .* name a file", commanded(COLLECT)),
    Odd("credits below a file", "credits bags --to notes.txt/x", 1, r"notes\.txt cannot be written", commanded(COLLECT)),
    Odd("a database that is none", "collect bags", 1, r"photos\.db is damaged .*put a copy of it", write("data/bags/photos.db", "junk" * 2000)),
    Odd("an empty database", COLLECT, 0, DONE, write("data/bags/photos.db", b"")),
]  # fmt: skip
NETWORKS = [
    Odd("a SOCKS proxy", "collect bags", 1, r"proxy socks5://127\.0\.0\.1:1080 of the environment cannot be used.*unset it and ALL_PROXY", bad(WEB), SOCKS),
    Odd("which own photos do not need", COLLECT, 0, DONE, None, SOCKS),
    Odd("a proxy without a port", "collect bags", 1, r"The proxy http://proxy:x of", bad(WEB), {"HTTPS_PROXY": "http://me:secret@proxy:x"}),
    Odd("a proxy of FTP", "collect bags", 1, r"cannot be used", bad(WEB), {"HTTPS_PROXY": "ftp://proxy"}),
    Odd("no certificates there", "collect bags", 1, r"no certificates in /nowhere", bad(WEB), {"SSL_CERT_FILE": "/nowhere"}),
    Odd("no certificates in it", "collect bags", 1, r"no certificates in notes\.txt", bad(WEB), {"SSL_CERT_FILE": "notes.txt"}),
]  # fmt: skip
PORTS = [
    Odd(f"{command} at {place}", f"{command} bags {place}", code, says)
    for command in ("review", "serve")
    for place, code, says in (
        ("--port 70000", 2, "'--port': .*65535"),
        ("--port -1", 2, "'--port': .* 0"),
        ("--port http", 2, "'--port': .*integer"),
        ("--host nowhere.invalid", 1, r"There is no machine called “nowhere\.invalid”; give --host"),
        ("--host=", 1, "There is no machine called “”"),
        ("--host " + "x" * 300, 1, "There is no machine called"),
    )
] + [
    Odd("another machine's address", "review bags --host 192.0.2.1", 1, r"192\.0\.2\.1 is no address of this machine; use --host 127", commanded(COLLECT)),
    Odd("review nothing", "review bags", 1, "has no photos yet; run recognizer collect bags first"),
]  # fmt: skip
WORDS = [
    Odd("no command", "", 2, "Usage: "),
    Odd("an unknown command", "colect bags", 2, r"No such command 'colect'.*collect"),
    Odd("an unknown option", "train bags --quickly", 2, "No such option"),
    Odd("no recipe", "train", 2, "Missing argument"),
    Odd("the version", "--version", 0, r"recognizer \d+\.\d+"),
    Odd("-h", "-h", 0, r"Usage: .*\n.*"),
    Odd("-h of a command", "train -h", 0, "Example: recognizer train"),
    Odd("no share", "clean bags --precision 95", 2, "no share"),
    Odd("undo what", "undo bags", 2, "Name one photo, or give --all"),
    Odd("forget what is not there", "forget bags https://example.org/x.jpg", 1, r"No photo in data/bags has .*recognizer credits bags", commanded(COLLECT)),
    Odd("clean nothing", "clean bags", 1, r"has no photos yet; run recognizer collect bags first"),
    Odd("credits of nothing", "credits bags", 1, "run recognizer collect bags first"),
    Odd("train nothing", "train bags", 1, "has no photos yet; run recognizer collect bags first"),
    Odd("too few photos", "train bags", 1, r"collect more \(recognizer collect bags\)", all_of(classes_called(*CLASSES), commanded(COLLECT))),
    Odd("evaluate nothing", "evaluate bags", 1, "has no photos yet; run recognizer collect bags first"),
    Odd("export nothing", "export bags", 1, "has no photos yet; run recognizer collect bags first"),
    Odd("export untrained", "export bags", 1, "has no trained run yet; run recognizer train bags first", commanded(COLLECT)),
    Odd("serve nothing", "serve bags", 1, r"There is no model in data/bags/model yet; run recognizer build bags first"),
    Odd("publish nothing", "publish bags --to space", 1, "run recognizer build bags first"),
    Odd("an unknown runtime", "serve bags --runtime fast", 2, "fast is no runtime"),
]  # fmt: skip
ROWS = [*RECIPES, *NAMES, *FOLDERS, *PICTURES, *TERMINALS, *DISKS, *NETWORKS, *PORTS, *WORDS]


# With a model: the folder `model` is a copy of an exported one, and `photo.jpg` is one of its photos.
CLASSIFY = "--model model"
MODELS = [
    Odd("a text between two photos", f"classify photo.jpg notes.txt photo.jpg {CLASSIFY}", 1, r"(?s)photo\.jpg: .*photo\.jpg: .*notes\.txt: "),
    Odd("the same as JSON", f"classify notes.txt photo.jpg {CLASSIFY} --json", 1, r'"photo": "notes\.txt", "error": ".+"\}\n\{"photo": "photo\.jpg", "label": '),
    Odd("an empty file", f"classify empty.jpg photo.jpg {CLASSIFY}", 1, r"empty\.jpg: ", write("empty.jpg", b"")),
    Odd("a folder", f"classify photos photo.jpg {CLASSIFY}", 1, r"photos: It cannot be read: Is a directory"),
    Odd("no such file", f"classify none.jpg {CLASSIFY} --json", 1, r'"none\.jpg", "error": "It cannot be read: No such file'),
    Odd("a file that never ends", f"classify /dev/zero {CLASSIFY}", 1, r"/dev/zero: .*MB"),
    Odd("a photo that was cut off", f"classify half.jpg {CLASSIFY}", 1, r"half\.jpg: ", lambda folder: (folder / "half.jpg").write_bytes((folder / "photo.jpg").read_bytes()[:900])),
    Odd("a photo's name in Latin-1", f"classify caf\udce9.jpg {CLASSIFY}", 0, r"caf\\udce9\.jpg: ", move("photo.jpg", "caf\udce9.jpg")),
    Odd("a photo's name in ASCII", f"classify книга.jpg {CLASSIFY}", 0, r"\\u043a.*jpg: ", move("photo.jpg", "книга.jpg"), charset="ascii"),
    Odd("no photo", f"classify {CLASSIFY}", 2, "Missing argument"),
    Odd("no model", "classify photo.jpg --model photos", 1, r"photos has no model\.json; it is not a model folder"),
    Odd("a file as model", "classify photo.jpg --model notes.txt", 1, r"notes\.txt"),
    Odd("an empty model.json", f"classify photo.jpg {CLASSIFY}", 1, r"model\.json cannot be read .*export the model again", write("model/model.json", "")),
    Odd("a model.json of something else", f"classify photo.jpg {CLASSIFY}", 1, r"model\.json .*; export the model again", write("model/model.json", "[]")),
    Odd("a damaged network", f"classify photo.jpg {CLASSIFY}", 1, r"model\.onnx .*export", write("model/model.onnx", "junk")),
    Odd("no network", f"classify photo.jpg {CLASSIFY}", 1, r"model\.onnx is missing", lambda folder: (folder / "model" / "model.onnx").unlink()),
    Odd("an unknown way to run it", f"classify photo.jpg {CLASSIFY} --runtime fast", 2, "fast is no runtime"),
]  # fmt: skip
# `--work work` is a whole work folder.
SPACES = [
    Odd("a Space in a file", "publish tiny.toml --work work --to notes.txt", 1, r"notes\.txt is a file; name a folder"),
    Odd("a Space below a file", "publish tiny.toml --work work --to notes.txt/x", 1, r"notes\.txt/x cannot be written"),
    Odd("a Space among other files", "publish tiny.toml --work work --to .", 1, r"\. holds the model itself"),
    Odd("a Space in a folder of photos", "publish tiny.toml --work work --to photos", 1, r"photos holds other files, such as backpack"),
    Odd("a Space in the model", "publish tiny.toml --work work --to work/model/space", 1, "name another folder for the Space"),
    Odd("a Space that nobody may write", "publish tiny.toml --work work --to /proc/space", 1, r"/proc/space cannot be written"),
    Odd("nowhere", "publish tiny.toml --work work", 2, "Give --push OWNER/NAME, or --to"),
    Odd("a private folder", "publish tiny.toml --work work --to s --private", 2, "--private is for what is pushed"),
    Odd("a form that there is not", "publish tiny.toml --work work --to s --form heroku", 2, "allowed are static, zero"),
    Odd("GitHub Pages on the Hub", "publish tiny.toml --work work --push me/s --form pages", 2, "give it with --to docs"),
    Odd("a Space of nobody", "publish tiny.toml --work work --push space", 2, "give OWNER/NAME, such as me/space"),
    Odd("a Space with a space", "publish tiny.toml --work work --push me/my~bags", 2, "can be no name on the Hub"),
    Odd("fastai in a browser", "publish tiny.toml --work work --to s --runtime fastai", 2, "is for --form cpu and"),
]  # fmt: skip
WITH_MODEL = [*MODELS, *SPACES]
