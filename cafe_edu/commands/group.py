"""What all commands of `cafe` have in common: Caffe's names and flags, errors of one line, the log."""

import contextlib
import difflib
import json
import logging
import math
import sys

import click

from cafe_edu.errors import CafeError
from cafe_edu.log import log_to

CAFFES_NAMES = {  # Caffe's own names for two of our commands
    "upgrade-net-proto-text": "upgrade-net",
    "upgrade-net-proto-binary": "upgrade-net",
    "upgrade-solver-proto-text": "upgrade-solver",
}


class Tool(click.Command):
    """A command whose flags may be written as Caffe writes them: -gray, --gray, --gray=true, --nogray."""

    def parse_args(self, context, arguments):
        flags = {name for p in self.params if getattr(p, "is_flag", False) and not p.secondary_opts for name in p.opts}
        arguments = list(arguments)
        end = arguments.index("--") if "--" in arguments else len(arguments)
        for i in reversed(range(end)):
            name, equals, value = arguments[i].partition("=")
            if equals and name in flags and value.lower() in ("true", "1", "false", "0"):
                arguments[i : i + 1] = [name] if value.lower() in ("true", "1") else []
            elif name.startswith("--no") and f"--{name[4:]}" in flags and not equals:
                del arguments[i]
        return super().parse_args(context, arguments)


class Commands(click.Group):
    """A group of commands in which whatever goes wrong ends as one clear line and exit status 1."""

    def get_command(self, context, name):
        name = name.replace("_", "-")
        return super().get_command(context, CAFFES_NAMES.get(name, name))

    def resolve_command(self, context, arguments):
        name = arguments[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name.replace("_", "-"), self.commands, n=1)
            hint = f"did you mean `cafe {near[0]}`?" if near else f"there are {', '.join(sorted(self.commands))}"
            raise click.UsageError(f"no such command: {name}; {hint}")
        return super().resolve_command(context, arguments)

    def main(self, args=None, prog_name=None, standalone_mode=True, **more):
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **more)
        try:
            status = super().main(args, prog_name, standalone_mode=False, **more)
            sys.exit(status if isinstance(status, int) else 0)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(1)
        except click.ClickException as error:
            message = f"cafe: {_in_one_line(error)}"
        except click.Abort:
            message = "cafe: interrupted"
        except CafeError as error:
            message = f"cafe: {error.one_line()}"
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            message = f"cafe: {error.strerror or error}{place}"
        except MemoryError as error:
            message = f"cafe: not enough memory: {str(error) or 'none is left'}"
        click.echo(message, err=True)
        sys.exit(1)


def _in_one_line(error):
    """What click has to say, and where to read more."""
    text = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return text
    text = text[0].lower() + text[1:]
    return f"{text}; see `cafe {context.info_name} --help`" if context.parent else f"{text}; see `cafe --help`"


@click.group(cls=Commands, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(package_name="cafe_edu")
def main():
    """cafe_edu on the command line. Each command's --help has an example."""


def command(name=None):
    """Make a function a command of `cafe`."""
    return click.command(name, cls=Tool)


def option(name, *more, **settings):
    """A click option in all its spellings: --new_height, -new_height as in Caffe, --new-height."""
    names = [f"--{name}", f"-{name}"] + ([f"--{name.replace('_', '-')}"] if "_" in name else [])
    return click.option(*names, *more, **settings)


def json_option():
    """The option --json: results for a program to read."""
    return click.option("--json", "as_json", is_flag=True, help="Print the results as JSON on standard output.")


def engine_option():
    """The option --engine: who computes convolution and the like."""
    from cafe_edu.engines import ENGINES

    return click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
                        help="Who computes convolution, pooling and the like.")  # fmt: skip


def progress_option():
    """The options --progress and --no-progress."""
    return click.option("--progress/--no-progress", default=None, help="A progress bar; by default on a terminal.")


def shown(progress):
    """Whether to draw a progress bar: as told, or if there is a terminal to draw on."""
    return sys.stderr.isatty() if progress is None else progress


def print_json(value):
    """Print a result as one line of JSON. JSON has no NaN and no infinity: they become null."""
    click.echo(json.dumps(_finite(value)))


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_table(rows, left):
    """Print rows of strings in columns, the first ``left`` aligned left, the others right."""
    from cafe_edu.summary import text_table

    click.echo(text_table(rows, left))


def words(text):
    """Split "a,b" at its commas."""
    return [word for word in text.split(",") if word]


@contextlib.contextmanager
def logging_to(path=None):
    """Send the log to standard error, and to a file."""
    handlers = [log_to()] + ([log_to(path=path)] if path else [])
    try:
        yield
    finally:
        for handler in handlers:
            logging.getLogger("cafe_edu").removeHandler(handler)
            handler.close()


@contextlib.contextmanager
def beside_bar(progress):
    """Let log lines and progress bar share the screen."""
    if not progress:
        yield
        return
    from tqdm.contrib.logging import logging_redirect_tqdm

    with logging_redirect_tqdm([logging.getLogger("cafe_edu")]):
        yield
