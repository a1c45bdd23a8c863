"""`cafe parse-log` and `cafe plot-log`."""

import dataclasses
import os

import click

from cafe_edu.commands.group import command, json_option, option, print_json


@command()
@option("delimiter", default=",", show_default=True, help="What stands between columns.")
@option("verbose", is_flag=True, help="Say what was written.")
@json_option()
@click.argument("log", metavar="LOG")
@click.argument("folder", metavar="OUTDIR", default=".")
def parse_log(log, folder, delimiter, verbose, as_json):
    """Make two tables of a training log, Caffe's or ours: OUTDIR/LOG.train and OUTDIR/LOG.test.

    Example: cafe parse-log lenet.log tables/
    """
    from cafe_edu.tools.parse_log import parse_log, write_tables

    parsed = parse_log(log)
    written = write_tables(log, parsed, folder, delimiter)
    if as_json:
        print_json(dataclasses.asdict(parsed))
    elif verbose:
        for path in written:
            click.echo(f"Wrote {path}")


@command()
@click.argument("chart", metavar="CHART")
@click.argument("picture", metavar="PICTURE")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
def plot_log(chart, picture, logs):
    """Draw a curve of each training log: .png, .svg or .pdf.

    CHART is one of 0 Test accuracy vs. Iters, 1 Test accuracy vs. Seconds, 2 Test loss vs. Iters, 3 Test loss vs.
    Seconds, 4 Train learning rate vs. Iters, 5 Train learning rate vs. Seconds, 6 Train loss vs. Iters, 7 Train loss
    vs. Seconds; by number or name.

    Example: cafe plot-log 6 loss.png lenet.log
    """
    from cafe_edu.drawing.logs import chart_name, draw_logs
    from cafe_edu.drawing.picture import save_picture
    from cafe_edu.tools.parse_log import parse_log

    chart_name(chart)  # a wrong one is said before logs are read
    common = os.path.commonpath([os.path.dirname(os.path.abspath(log)) for log in logs])
    parsed = {os.path.relpath(os.path.abspath(log), common): parse_log(log) for log in logs}
    save_picture(draw_logs(parsed, chart), picture)
    click.echo(f"{picture} shows {chart_name(chart)}")


COMMANDS = [parse_log, plot_log]
