"""What the site in docs/ shows without asking the Space: the classes of the recipe that it is about.

`python -m recognizer.publish.site` writes docs/groups.json.
"""

from pathlib import Path

from recognizer.recipe import Recipe, load_recipe
from recognizer.report import write_json

RECIPE = "ethnic-groups"
GROUPS = Path("docs/groups.json")


def write_groups(recipe: Recipe, file: Path) -> None:
    """Write title and classes of a recipe, without its queries, as JSON.

    Args:
        recipe: the recipe that the site is about.
        file: the file to write.
    """
    classes = [photo_class.model_dump(exclude={"queries"}) for photo_class in recipe.classes]
    write_json(file, {"title": recipe.title, "classes": classes})


if __name__ == "__main__":
    write_groups(load_recipe(RECIPE), GROUPS)
