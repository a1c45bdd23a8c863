import pytest

from cafe_edu.data.windows_file import Window, read_windows
from cafe_edu.errors import DataError

GOOD = """# 0
one.jpg
3
20
30
2
1 0.9 1 2 10 12
0 0.1 3 3 9 9
# 1
a b.jpg
3
20
30
0
# 2
two.jpg
3
20
30
1
2 0.5 -4 0 19 19
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "windows.txt").write_text(text)
        return read_windows(tmp_path / "windows.txt")

    return read


def test_windows_in_order(read):
    expected = [
        Window("one.jpg", 1, 0.9, (1, 2, 10, 12)),
        Window("one.jpg", 0, 0.1, (3, 3, 9, 9)),
        Window("two.jpg", 2, 0.5, (-4, 0, 19, 19)),
    ]
    assert read(GOOD) == expected
    assert read(GOOD.replace("\n", " \r\n\n").replace("# 1", "#1")) == expected


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# 1", "1", "line 9: expected `# ` and the image's number, found '1'"),
        ("# 1", "# one", "line 9: expected `# ` and the image's number, found '# one'"),
        ("1 0.9 1 2 10 12", "1 0.9 1 2 10", "line 7: expected class overlap x1 y1 x2 y2, found '1 0.9 1 2 10'"),
        ("1 0.9 1 2 10 12", "1 0.9 1 2 10 12 5", "line 7: expected class overlap x1 y1 x2 y2, found"),
        ("1 0.9 1 2 10 12", "1 0.9 1.5 2 10 12", "line 7: expected class overlap x1 y1 x2 y2, found"),
        ("1 0.9 1 2 10 12", "1 nan 1 2 10 12", "line 7: expected class overlap x1 y1 x2 y2, found"),
        ("1 0.9 1 2 10 12", "1 0.9 1 2 10 9999999999", "line 7: expected class overlap x1 y1 x2 y2, found"),
        ("30\n2\n", "30\ntwo\n", "line 6: expected how many windows follow, found 'two'"),
        ("30\n2\n", "30\n3\n", "line 9: expected class overlap x1 y1 x2 y2, found '# 1'"),
        ("one.jpg\n3", "one.jpg\n1", "line 3: expected 3, the channels of a colour image, found '1'"),
        ("2 0.5 -4 0 19 19\n", "", "windows.txt: expected class overlap x1 y1 x2 y2, found the end of the file"),
    ],
)
def test_what_is_wrong_and_where(read, old, new, words):
    assert GOOD.count(old) == 1
    with pytest.raises(DataError) as caught:
        read(GOOD.replace(old, new))
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n \n", "# 0\none.jpg\n3\n20\n30\n0\n"])
def test_no_windows(read, text):
    with pytest.raises(DataError, match=r"windows\.txt: expected images with windows, found none"):
        read(text)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*nowhere: No such file"):
        read_windows(tmp_path / "nowhere")
