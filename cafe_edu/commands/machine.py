"""`cafe doctor` and `cafe device-query`."""

import logging

import click

from cafe_edu.commands.group import command, json_option, logging_to, option, print_json, print_table

log = logging.getLogger("cafe_edu")


@command()
@json_option()
def doctor(as_json):
    """Say what this machine has for cafe_edu.

    Example: cafe doctor
    """
    from cafe_edu.device import doctor as examine

    facts = examine()
    if as_json:
        print_json(dict(facts))
    else:
        print_table(facts, left=2)


@command()
@option("gpu", default="all", show_default=True, metavar="ID[,ID]|all", help="Which GPUs.")
@json_option()
def device_query(gpu, as_json):
    """Say what GPUs this machine has.

    Example: cafe device-query
    """
    from cafe_edu.tools.device_query import device_query

    devices = device_query(gpu)
    with logging_to():
        log.info("Querying GPUs %s", gpu)
        for device in devices:
            for topic, finding in device.items():
                log.info("%-32s%s", f"{topic}:", finding)
    if as_json:
        print_json(devices)
        return
    if not devices:
        click.echo("no GPU is in use here; `cafe doctor` says why")
    for device in devices:
        print_table([(topic, str(finding)) for topic, finding in device.items()], left=2)


COMMANDS = [doctor, device_query]
