"""Command lines as they stand in RUN instructions."""

import pytest

from eulermaker.formats.shell import Command, commands


def shown(text: str) -> list[tuple[str, str, str]]:
    """Each command as it is written, between its operators."""
    found = commands(text)
    assert found is not None
    return [(each.before, text[each.start : each.end], each.after) for each in found]


def one(text: str) -> Command:
    """The only command of a line."""
    found = commands(text)
    assert found is not None
    assert len(found) == 1
    return found[0]


def test_a_list_is_cut_at_its_operators() -> None:
    assert shown("a b && c || d; e | f & g") == [
        ("", "a b", "&&"),
        ("&&", "c", "||"),
        ("||", "d", ";"),
        (";", "e", "|"),
        ("|", "f", "&"),
        ("&", "g", ""),
    ]


def test_continued_lines_are_one_and_comments_between_them_do_not_count() -> None:
    text = "dnf install -y \\\n    gcc \\\n  # the linker\n\n    make && \\\n  dnf clean all"
    assert [each.arguments for each in commands(text) or ()] == [
        ("install", "-y", "gcc", "make"),
        ("clean", "all"),
    ]


def test_quotes_are_taken_off_and_what_only_running_tells_is_unknown() -> None:
    command = one("""echo 'a  b' "c\\"d" e\\ f "$HOME" *.rpm x${Y}z ~""")
    assert command.arguments == ("a  b", 'c"d', "e f", None, None, None, None)


def test_assignments_and_redirections_are_no_arguments() -> None:
    command = one("DEBIAN_FRONTEND=noninteractive LANG=C /usr/bin/apt-get install x > /dev/null 2>&1")
    assert command.name == "apt-get"
    assert command.arguments == ("install", "x")
    assert len(command.assignments) == 2
    assert command.redirected


@pytest.mark.parametrize(
    "text",
    [
        "if true; then a; fi",
        "for x in 1 2; do a; done",
        "(a)",
        "{ a; }",
        "a $(b)",
        "a `b`",
        'a "$(b)"',
        "a <<EOF",
        "a <(b)",
        "f() { a; }",
        "! a",
        "[[ -f x ]] && a",
        "a &&",
        "a |",
        "a ;; b",
        "; a",
        "echo 'open",
        'echo "open',
        "a # not a comment in a joined line",
        "${X:-`b`}",
    ],
)
def test_what_is_not_plain_is_not_understood(text: str) -> None:
    assert commands(text) is None


def test_nothing_is_no_command() -> None:
    assert commands("") == ()


def test_the_backtick_can_be_the_escape() -> None:
    found = commands("a `\n  b && c", escape="`")
    assert [each.arguments for each in found or ()] == [("b",), ()]
