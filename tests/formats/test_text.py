"""Words, numbers, paths and tables in the spellings that the field has; expected values by hand."""

import pytest

from pugmark.formats import text
from pugmark.formats.text import CsvError


def table(content, columns=None, **dialect):
    return text.table(text.decoded(content.encode() if isinstance(content, str) else content), columns, **dialect)


def rows(content, **dialect):
    return [list(words.values()) for _, words in table(content, **dialect).rows]


@pytest.mark.parametrize(
    "cell", ["", "  ", "NA", " NA ", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", None]
)
def test_ways_to_write_that_a_value_is_missing(cell):
    assert text.word(cell) is None


@pytest.mark.parametrize("cell", ["Nan", "Na", "NAN A", "0", "-", "Nadia", "unknown"])
def test_words_that_say_something(cell):
    assert text.word(f" {cell}\t") == cell


def test_accents_are_composed():
    assert text.word("Zoe\u0308") == "Zo\u00eb" and text.path("e\u0301/a.jpg") == "\u00e9/a.jpg"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("./S 1/a.jpg", "S 1/a.jpg"),
        (".\\S 1\\a.jpg", "S 1/a.jpg"),
        ("S 1//./a.jpg", "S 1/a.jpg"),
        ("/S 1/a.jpg", "/S 1/a.jpg"),
        ("../a.jpg", "../a.jpg"),
        ("a.jpg", "a.jpg"),
        ("..a/b..jpg", "..a/b..jpg"),
        ("", ""),
    ],
)
def test_spellings_of_a_path(given, expected):
    assert text.path(given) == expected


@pytest.mark.parametrize(
    ("said", "value"),
    [
        *(("12", 12), ("12.0", 12), ("-0.5", -0.5), ("1e3", 1000), ("0,5", 0.5), (",5", 0.5), ("0,125", 0.125)),
        *(("12,50", 12.5), ("1234,567", 1234.567), ("1,250", None), ("1.250,5", None), ("inf", None), ("nan", None)),
        *(("", None), ("x", None), ("1 2", None), ("0x10", None)),
    ],
)
def test_numbers(said, value):
    assert text.number(said) == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_say_which_they_are(encoding):
    assert rows("a;b\nZo\u00eb;2\n".encode(encoding)) == [["Zo\u00eb", "2"]]


def test_an_encoding_that_is_stated():
    content = "a\nZo\u00eb\u2013\n".encode("cp1252")
    assert text.decoded(content, "cp1252") == "a\nZo\u00eb\u2013\n"
    assert text.decoded(b"\xef\xbb\xbfa", "cp1252") == "a", "a byte order mark knows better"
    for stated in (None, "no such"):
        with pytest.raises(CsvError, match="save it as CSV in UTF-8"):
            text.decoded(content, stated)


def test_bytes_that_are_no_text():
    with pytest.raises(CsvError, match="zero bytes"):
        text.decoded("a,b".encode("utf-16-le"))


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2", "a,b\r\n1,2\r\n", "a,b\r1,2", "sep=;\na;b\n1;2\n"]
)
def test_separators_and_line_ends(content):
    assert rows(content) == [["1", "2"]]


def test_excels_first_line_counts_as_a_line():
    found = table("SEP=|\r\na|b\r\n\r\n1;x|2\r\n")
    assert found.columns == ["a", "b"] and found.rows == [(4, {"a": "1;x", "b": "2"})]


def test_blank_rows_say_nothing_and_short_rows_say_less():
    assert table("a,b,c\n,,\n\n1\n , ,NA\n2,3,4,,\n").rows == [
        (4, {"a": "1", "b": None, "c": None}),
        (6, {"a": "2", "b": "3", "c": "4"}),
    ]


def test_other_line_separators_are_parts_of_words():
    assert rows("a,b\nx\u2028y\x0cz,2\n") == [["x\u2028y\x0cz", "2"]]


def test_an_empty_file_is_an_empty_table():
    assert table("") == ([], [], []) and table("\n ,\n") == ([], [], [])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n1,"Ada\n2,Bo\n3,Cy\n', 2),
        ('a,b\n1,Ada\n2,"Bo\n3,"Cy"\n', 3),
        ('a,b\n1,"Ada"x\n', 2),
        ('a,b\n1,Ada\n2,"' + "x" * 200_000 + '"\n', 3),
    ],
)
def test_a_stray_quotation_mark_is_told_with_its_row(content, line):
    with pytest.raises(CsvError, match=f"line {line}: a quotation mark is not closed"):
        table(content)


def test_two_stray_marks_swallow_no_row():
    found = table('a,b\n1,"Ada\n2,Bo"\n3,Cy\n')
    assert found.problems == ["line 2: a cell goes on in the next line; close its quotation mark"]
    assert found.rows == [(4, {"a": "3", "b": "Cy"})]


def test_line_breaks_may_stand_where_nobody_looks():
    assert rows('a,b\n1,"two\nlines"\n', columns=["a"]) == [["1", "two\nlines"]]
    assert rows('a,b\n1,"Ada\n"\n') == [["1", "Ada"]], "at its end it parts no rows"


def test_cells_without_a_column_and_columns_of_one_name():
    found = table("a,b,a\n1,2,3\n1,Ada, the old,x\n")
    assert found.problems == [
        "line 1: the column a is there twice",
        "line 3: more cells than columns; quote a cell that holds a separator",
    ]


def test_a_stated_dialect():
    assert rows("a|b\n'x|y'|2\n", delimiter="|", quotechar="'") == [["x|y", "2"]]
    with pytest.raises(CsvError, match="dialect cannot be read"):
        rows("a,b\n", delimiter=";;")
