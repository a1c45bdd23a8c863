"""`cafe progress` and `cafe course grade`."""

import click

from cafe_edu.commands.group import Commands, command, json_option, option, print_json


@command()
@json_option()
def progress(as_json):
    """Say how far you are in the course: twenty-one days, points, what is left.

    Example: cafe progress
    """
    from cafe_edu.course import progress as overview

    seen = overview()
    if as_json:
        points, of = seen.total
        print_json({"points": points, "of": of, "left": seen.left})
    else:
        click.echo(repr(seen))


@click.group(cls=Commands)
def course():
    """For teachers of the course.

    Example: cafe course grade handed_in
    """


@command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@option("seconds", type=float, default=120, show_default=True, help="For one cell.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="A .csv file, instead of the screen.")
def grade(folder, seconds, out):
    """Run every notebook in FOLDER in a kernel of its own; write points as CSV.

    Example: cafe course grade handed_in --out points.csv
    """
    import io

    from cafe_edu.course import grading
    from cafe_edu.files import replacing

    graded = []
    for one in grading.grade(folder, seconds):
        graded.append(one)
        if out:
            click.echo(f"{one.file}: {sum(one.points.values())}" + (f" ({one.remark})" if one.remark else ""))
    page = io.StringIO()
    grading.write_csv(graded, page)
    if out:
        with replacing(out) as new:
            new.write_text(page.getvalue(), encoding="utf-8", newline="")
    else:
        click.echo(page.getvalue(), nl=False)


course.add_command(grade)
COMMANDS = [progress, course]
