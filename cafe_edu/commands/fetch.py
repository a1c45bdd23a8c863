"""`cafe fetch`."""

import click

from cafe_edu.commands.group import command, progress_option, shown
from cafe_edu.errors import DataError


@command()
@click.argument("name", metavar="NAME")
@progress_option()
def fetch(name, progress):
    """Download a data set or a trained model, checked against its checksums; what is there already is kept.

    \b
    Data sets: mnist, fashion-mnist, cifar10.
    Models: squeezenet, bvlc_reference_caffenet, bvlc_alexnet,
    bvlc_googlenet, bvlc_reference_rcnn_ilsvrc13.

    Example: cafe fetch mnist
    """  # noqa: D301 (click wants the sign itself: it keeps the lines as they are)
    from cafe_edu.data import datasets, models

    plain = name.lower().replace("-", "_")
    if plain in datasets.NAMES:
        folder = datasets.fetch(plain, shown(progress))
        click.echo(f"{name} is in {folder}" if folder else f"{name} needs no download: it comes with scikit-learn")
    elif plain in models.NAMES:
        click.echo(f"{name} is in {models.fetch(plain, shown(progress))}")
    else:
        sets = ", ".join(n for n in datasets.NAMES if n not in ("digits", "handwriting"))
        raise DataError(f"nothing called {name!r} to fetch: there are the data sets {sets} "
                        f"and the models {', '.join(models.NAMES)}")  # fmt: skip


COMMANDS = [fetch]
