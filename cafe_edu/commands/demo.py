"""`cafe demo` and `cafe lab`."""

import pathlib

import click

from cafe_edu.commands.group import command
from cafe_edu.errors import DataError


@command()
@click.option("--out", default="my_work/demo", show_default=True, metavar="FOLDER", help="Where the results go.")
@click.option("--data", type=click.Choice(["digits", "mnist", "handwriting"]), default="digits", show_default=True,
              help="handwriting: mnist if it is at hand, else digits.")  # fmt: skip
@click.option("--progress/--no-progress", default=True, help="A progress bar.")
def demo(out, data, progress):
    """Train LeNet on handwritten digits and draw what it learned.

    Example: cafe demo
    """
    from cafe_edu.data import datasets
    from cafe_edu.demo import demo as run

    click.echo(f"LeNet learns to read: {datasets.load(data)}")
    found = run(out, data, progress)
    rate = found["images"] / found["seconds"]
    click.echo(f"Right on {100 * found['accuracy']:.1f} % of the test digits after {found['seconds']:.0f} s "
               f"({rate:.0f} images/s).\n")  # fmt: skip
    for what, text in {
        "picture": "look at this first",
        "model": "what it learned",
        "state": "to go on training: cafe train --snapshot",
        "log": "how it went, in Caffe's format",
    }.items():
        click.echo(f"  {found[what]}  ({text})")
    click.echo("\nNext: `make lab` opens the lessons: day 1 begins with this net, day 6 does all this step by step.")


@command()
def lab():
    """Open the lessons in JupyterLab, on a working copy in my_work/.

    Example: cafe lab
    """
    from cafe_edu.course.workspace import open_lab

    root = pathlib.Path(__file__).parents[2]
    if not (root / "lessons").is_dir():
        raise DataError("the lessons come with the repository, not with the package: clone it and type `make lab`")
    open_lab(root)


COMMANDS = [demo, lab]
