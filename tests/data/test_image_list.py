import pytest

from cafe_edu.data.image_list import read_image_list
from cafe_edu.errors import DataError


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "list.txt").write_bytes(content)
        return read_image_list(tmp_path / "list.txt")

    return read


def test_a_line_is_parted_at_its_last_space(read):
    assert read(b"a.png 0\nfolder/b c 1 .png -12\n") == [("a.png", 0), ("folder/b c 1 .png", -12)]


def test_ends_of_lines_and_blanks_behind_them(read):
    assert read(b"\xef\xbb\xbfa.png 0\r\n\r\n  \nb.png 1 \nc.png 2") == [("a.png", 0), ("b.png", 1), ("c.png", 2)]


def test_other_alphabets(read):
    assert read("käse.png 3\n".encode()) == [("käse.png", 3)]


@pytest.mark.parametrize("line", ["a.png", "a.png x", "a.png 1.5", "7", "a.png\t7", " 7", f"a.png {2**31}"])
def test_a_line_that_is_none(read, line):
    words = r"list.txt, line 2: expected an image's name, a space and its label, found"
    with pytest.raises(DataError, match=words):
        read(f"good.png 0\n{line}\n".encode())


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_list(read, content):
    with pytest.raises(DataError, match=r"list.txt: expected a list of images, one to a line, found an empty file"):
        read(content)


def test_a_file_that_is_no_text(read):
    with pytest.raises(DataError, match=r"list.txt: expected a list of images, found a file that is no text \(UTF-8\)"):
        read(b"\xff\xd8\xff 1")


def test_no_such_list(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*nowhere: No such file"):
        read_image_list(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory|Permission denied"):
        read_image_list(tmp_path)
    with pytest.raises(DataError, match="cannot read a\0b: embedded null byte"):
        read_image_list("a\0b")
