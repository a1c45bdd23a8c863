"""What all commands have in common."""

import click
import pytest
from click.testing import CliRunner

from cafe_edu.cli import main
from cafe_edu.commands.group import Commands, Tool, option, print_json, print_table
from cafe_edu.errors import DataError


def cafe(*words):
    result = CliRunner().invoke(main, list(words), catch_exceptions=False, prog_name="cafe")
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["trian"], "no such command: trian; did you mean `cafe train`?"),
        (["xyzzy"], "no such command: xyzzy; there are compute-image-mean, convert-imageset, course, "),
        (["train"], "missing option '--solver' / '-solver'; see `cafe train --help`"),
        (["time", "-model", "a", "-iterations", "x"], "invalid value for '--iterations' / '-iterations': 'x' is"),
        (["convert_imageset", "a/"], "missing argument 'LISTFILE'; see `cafe convert_imageset --help`"),
        (["doctor", "--jso"], "no such option"),
        (["--verson"], "no such option"),
        (["parse-log", "nowhere.log"], "no such log: nowhere.log"),
        (["device-query", "--gpu", "x"], "expected numbers of GPUs such as 0 or 0,1, or all, found 'x'"),
        (["summarize", "nowhere.prototxt"], "nowhere.prototxt: no such file; expected a prototxt"),
        (["fetch", "everything"], "nothing called 'everything' to fetch: there are the data sets mnist, "),
    ],
)  # fmt: skip
def test_every_error_is_one_line_and_status_1(words, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, said = cafe(*words)
    assert status == 1
    assert said.startswith(f"cafe: {line}")
    assert said.count("\n") == 1


def test_cafe_alone_shows_its_commands():
    status, said = cafe()
    assert status == 1
    assert "convert-imageset" in said


@pytest.mark.parametrize(
    ("caffes", "ours"),
    [
        ("convert_imageset", "convert-imageset"),
        ("compute_image_mean", "compute-image-mean"),
        ("extract_features", "extract-features"),
        ("device_query", "device-query"),
        ("draw_net", "draw-net"),
        ("upgrade_net_proto_text", "upgrade-net"),
        ("upgrade_net_proto_binary", "upgrade-net"),
        ("upgrade_solver_proto_text", "upgrade-solver"),
    ],
)
def test_caffes_names_of_the_tools(caffes, ours):
    context = click.Context(main)
    assert main.get_command(context, caffes) is main.get_command(context, ours) is not None


@pytest.fixture
def tool():
    """A group of one command that prints what it understood, and raises what it is told to."""

    @click.group(cls=Commands)
    def group():
        pass

    @group.command(cls=Tool)
    @option("check_size", is_flag=True)
    @option("new_height", default=0)
    @click.option("--progress/--no-progress", default=None)
    @click.argument("names", nargs=-1)
    def look(check_size, new_height, progress, names):
        click.echo(f"{check_size} {new_height} {progress} {' '.join(names)}".rstrip())

    @group.command(cls=Tool)
    @click.argument("kind")
    def fail(kind):
        raise {
            "ours": DataError("two\nlines"),
            "file": FileNotFoundError(2, "No such file or directory", "a.txt"),
            "disk": OSError(28, "No space left on device"),
            "memory": MemoryError("Unable to allocate 9 GiB"),
            "ctrl-c": KeyboardInterrupt(),
            "bug": ZeroDivisionError("a bug"),
        }[kind]

    return lambda *words: CliRunner().invoke(group, list(words))


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("-check_size", "True 0 None"),
        ("--check_size --new_height=5", "True 5 None"),
        ("--check-size -new_height 5", "True 5 None"),
        ("-check_size=true -new_height=5", "True 5 None"),
        ("--check_size=false --new-height 5", "False 5 None"),
        ("--nocheck_size a b", "False 0 None a b"),
        ("--no-progress a", "False 0 False a"),
        ("--progress -- --nocheck_size", "False 0 True --nocheck_size"),
    ],
)
def test_flags_as_caffe_writes_them(tool, words, understood):
    result = tool("look", *words.split())
    assert result.output == f"{understood}\n"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("ours", "cafe: two lines"),
        ("file", "cafe: No such file or directory: a.txt"),
        ("disk", "cafe: No space left on device"),
        ("memory", "cafe: not enough memory: Unable to allocate 9 GiB"),
        ("ctrl-c", "cafe: interrupted"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(tool, kind, line):
    result = tool("fail", kind)
    assert result.exit_code == 1
    assert result.stderr.strip() == line
    assert result.stdout == ""


def test_a_bug_shows_where_it_is(tool):
    assert isinstance(tool("fail", "bug").exception, ZeroDivisionError)


def test_json_has_no_nan(capsys):
    print_json({"a": float("nan"), "b": [1.5, {"c": (float("nan"),)}]})
    assert capsys.readouterr().out == '{"a": null, "b": [1.5, {"c": [null]}]}\n'


def test_tables_have_columns(capsys):
    print_table([("layer", "ms"), ("a", "10.5"), ("long name", "1")], left=1)
    assert capsys.readouterr().out == "layer        ms\na          10.5\nlong name     1\n"
