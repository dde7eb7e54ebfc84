"""Where a model is asked about photos of one face, programs are told what its refusals mean."""

from pathlib import Path

import httpx
import pytest

from tests.faces.of_one_face import of_one_face
from tests.serve.asking import client, serving


def told(asking: httpx.Client) -> list[str]:
    """Return what 415 means, for people and for programs."""
    responses = asking.get("/openapi.json").json()["paths"]["/predict"]["post"]["responses"]
    (row,) = [line for line in asking.get("/docs").text.splitlines() if ">415<" in line]
    return [row, responses["415"]["description"]]


@pytest.mark.parametrize("finds", [True, False])
def test_no_face_or_several_is_a_refusal_where_the_model_looks_for_faces(
    shapes_model: Path, tmp_path: Path, finds: bool
) -> None:
    with serving(of_one_face(shapes_model, tmp_path, finds)) as (address, _), client(address) as asking:
        for one in told(asking):
            assert "no picture" in one and ("no face, or several" in one) == finds
