"""The forms in which a model can be published, and what each costs and needs.

FORMS["static"].needs                    # a line for people
"""

from dataclasses import dataclass

DEFAULT = "static"


@dataclass(frozen=True)
class Form:
    """One way to put a model on the web.

    Args:
        name: what `--form` calls it.
        sdk: what a Space of this form is to Hugging Face; None where it is no Space.
        needs: what it is, costs and needs, to follow its name in a sentence.
        hardware: what has to be asked for when the Space is made; None for the usual.
        python: the version of Python that it runs on; None where none runs.
        answers: whether a program of ours answers there, and not the visitor's browser.
    """

    name: str
    sdk: str | None
    needs: str
    hardware: str | None = None
    python: str | None = None
    answers: bool = True


FORMS = {
    form.name: form
    for form in (
        Form(
            "static",
            "static",
            "free, without a card; a site whose visitors' browsers answer, so that photos never leave them",
            answers=False,
        ),
        Form(
            "zero",
            "gradio",
            "free for accounts older than thirty days, two such Spaces each; a page with an API, on ZeroGPU hardware",
            hardware="zero-a10g",
            python="3.12",
        ),
        Form(
            "cpu",
            "gradio",
            "a page with an API; since July 2026 a new one needs a subscription or paid hardware",
            python="3.11",
        ),
        Form(
            "docker",
            "docker",
            "the same page in a container, for any machine with Docker; as a new Space it needs a subscription or paid "
            "hardware",
            python="3.11",
        ),
        Form("pages", None, "free; the site as a folder, such as docs, for GitHub Pages", answers=False),
    )
}
