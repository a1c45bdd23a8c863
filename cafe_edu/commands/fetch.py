"""`cafe fetch`."""

import click

from cafe_edu.commands.group import command


@command()
@click.argument("name", type=click.Choice(["mnist"]))
@click.option("--progress/--no-progress", default=True, help="A progress bar.")
def fetch(name, progress):
    """Download a data set, checked against its checksums; what is there already is kept.

    Example: cafe fetch mnist
    """
    from cafe_edu.data import datasets

    folder = datasets.fetch(name, progress=progress)
    click.echo(f"{name} is in {folder or datasets.data_home() / name}")


COMMANDS = [fetch]
