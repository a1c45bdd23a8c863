"""`cafe upgrade-net` and `cafe upgrade-solver`."""

import click

from cafe_edu.commands.group import command
from cafe_edu.errors import CafeError, SpecError


@command()
@click.argument("old", metavar="IN")
@click.argument("new", metavar="OUT")
def upgrade_net(old, new):
    """Write a net of Caffe's first years as it is written today; text, or a .caffemodel with its weights.

    Example: cafe upgrade-net lenet_2013.prototxt lenet.prototxt
    """
    from cafe_edu import caffemodel, legacy, prototxt

    try:
        net = prototxt.read_net(old)
    except SpecError as not_text:
        try:
            weights = caffemodel.read_weights(old)
        except CafeError:
            raise not_text from None
        caffemodel.write_weights(new, legacy.upgrade_net(caffemodel.read_model_spec(old)), weights)
    else:
        prototxt.write(legacy.upgrade_net(net), new)
    click.echo(f"{new} is {old}, as it is written today")


@command()
@click.argument("old", metavar="IN")
@click.argument("new", metavar="OUT")
def upgrade_solver(old, new):
    """Write a solver of Caffe's first years as it is written today.

    Example: cafe upgrade-solver old_solver.prototxt solver.prototxt
    """
    from cafe_edu import legacy, prototxt

    prototxt.write(legacy.upgrade_solver(prototxt.read_solver(old)), new)
    click.echo(f"{new} is {old}, as it is written today")


COMMANDS = [upgrade_net, upgrade_solver]
