from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.formats.dockerfile import (
    Assignment,
    BaseImage,
    Comment,
    ContextSource,
    Directive,
    DockerfileError,
    DockerfileReason,
    Dockerignore,
    DockerignoreError,
    Flag,
    Heredoc,
    SubstitutionError,
    context_sources,
    expand,
    external_images,
    missing_sources,
    parse,
    resolve_target,
)

CORPUS: Final = Path(__file__).parent / "corpus"


def lines(text: str) -> str:
    return dedent(text).lstrip("\n")


# --- the tree ----------------------------------------------------------------------------------------------


def test_every_node_keeps_its_own_text() -> None:
    text = "# escape=`\r\n\r\n# words\nfrom  scratch  as Base\nRUN one `\n  # aside\n  two\n\tLABEL a=b"
    dockerfile = parse(text)
    assert "".join(node.raw for node in dockerfile.nodes) == text == str(dockerfile)
    assert dockerfile.directives == (Directive("escape", "`", 1, "# escape=`\r\n"),)
    assert Comment(3, "# words\n") in dockerfile.nodes
    origin, run, label = dockerfile.instructions
    assert (origin.keyword, origin.words, origin.line, origin.raw) == (
        "FROM",
        ("scratch", "as", "Base"),
        4,
        "from  scratch  as Base\n",
    )
    assert (run.arguments, run.words, run.line, run.end_line) == ("one   two", ("one   two",), 5, 7)
    assert label.line == 8
    assert label.assignments == (Assignment("a", "b"),)


def test_flags_lose_their_quotes_and_end_at_the_first_other_word() -> None:
    copy = parse('FROM scratch\nCOPY --link --chown="a b" --from=x\\ y src --not-a-flag dst\n').instructions[
        1
    ]
    assert copy.flags == (Flag("link", None), Flag("chown", "a b"), Flag("from", "x y"))
    assert copy.words == ("src", "--not-a-flag", "dst")
    assert copy.flag("chown") == "a b"
    assert copy.flag("absent") is None


def test_json_and_shell_forms_are_told_apart() -> None:
    text = 'FROM scratch\nRUN ["a", "b c"]\nRUN [ -f x ]\nCOPY ["a b", "c"]\nHEALTHCHECK CMD ["x", "y"]\n'
    _, exec_form, shell_form, copy, healthcheck = parse(text).instructions
    assert (exec_form.words, exec_form.json_form) == (("a", "b c"), True)
    assert (shell_form.words, shell_form.json_form) == (("[ -f x ]",), False)
    assert copy.words == ("a b", "c")
    assert (healthcheck.words, healthcheck.json_form) == (("CMD", "x", "y"), True)


def test_assignments_keep_quotes_and_variables() -> None:
    text = "FROM scratch\nENV a=\"x y\" b=$a c=z\\ z\nENV old style  value\nARG lone with='d'\nUSER x=y\n"
    _, new, old, arg, user = parse(text).instructions
    assert new.assignments == (Assignment("a", '"x y"'), Assignment("b", "$a"), Assignment("c", "z\\ z"))
    assert old.assignments == (Assignment("old", "style  value"),)
    assert arg.assignments == (Assignment("lone", None), Assignment("with", "'d'"))
    assert user.assignments == ()


def test_heredocs_belong_to_their_instruction() -> None:
    text = lines(
        """
        FROM scratch
        RUN <<ONE cat && <<-"TWO" cat
        FROM inside
        ONE
        \tCOPY inside
        \tTWO
        COPY <<file /there
        ${kept}
        file
        ONBUILD RUN <<EOF
        later
        EOF
        LABEL a=b
        """
    )
    dockerfile = parse(text)
    _, run, copy, onbuild, label = dockerfile.instructions
    assert run.heredocs == (
        Heredoc("ONE", expand=True, chomp=False, content="FROM inside\n"),
        Heredoc("TWO", expand=False, chomp=True, content="\tCOPY inside\n"),
    )
    assert (run.line, run.end_line) == (2, 6)
    assert copy.heredocs[0].content == "${kept}\n"
    assert onbuild.trigger is not None
    assert onbuild.trigger.keyword == "RUN"
    assert onbuild.heredocs[0].content == "later\n"
    assert label.line == 13
    assert str(dockerfile) == text


@pytest.mark.parametrize(
    "command",
    [
        "cat <<<EOF",
        "cat 1<< 2",
        "echo 'unclosed <<EOF",
        'echo "<<EOF"',
        "x=$((1<<2))",
        "cat<<EOF",
        '["a", "<<EOF"]',
    ],
)
def test_what_only_looks_like_a_heredoc_takes_no_lines(command: str) -> None:
    _, run, label = parse(f"FROM scratch\nRUN {command}\nLABEL a=b\n").instructions
    assert run.heredocs == ()
    assert label.keyword == "LABEL"


def test_mount_options_are_read() -> None:
    text = "FROM scratch\nRUN --mount=type=bind,Source=a,from=build,ro --mount=type=cache,target=/c true\n"
    assert parse(text).instructions[1].mounts == (
        {"type": "bind", "source": "a", "from": "build", "ro": ""},
        {"type": "cache", "target": "/c"},
    )


def test_stages_hold_what_stands_under_their_from() -> None:
    text = (
        "ARG v=1\nFROM --platform=linux/arm64 a:$v AS Build\nRUN x\nFROM scratch\nCOPY --from=build /x /y\n"
    )
    dockerfile = parse(text)
    build, last = dockerfile.stages
    assert [instruction.keyword for instruction in dockerfile.arguments] == ["ARG"]
    assert (build.index, build.name, build.base, build.platform, build.line) == (
        0,
        "build",
        "a:$v",
        "linux/arm64",
        2,
    )
    assert [instruction.keyword for instruction in build.instructions] == ["RUN"]
    assert (last.name, last.platform) == (None, None)
    assert dockerfile.targets == ("build",)


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        # Engine 20.10 dies of this one, so the corpus can't hold it.
        ("ARG a=1\n# nothing else\n", 2, DockerfileReason.NO_STAGE),
        ("FROM scratch\nRUN <<EOF\nopen\n", 2, DockerfileReason.UNTERMINATED_HEREDOC),
        ("FROM scratch\nCOPY a <<EOF\nx\nEOF\n", 2, DockerfileReason.HEREDOC_DESTINATION),
        ("FROM scratch\nRUN --network=moon true\n", 2, DockerfileReason.INVALID_FLAG_VALUE),
        ("FROM scratch\nCOPY --link=maybe a b\n", 2, DockerfileReason.INVALID_FLAG_VALUE),
        ("FROM scratch\nCOPY --link= a b\n", 2, DockerfileReason.MISSING_FLAG_VALUE),
        ("FROM scratch\nRUN --mount=from=$x,target=/y true\n", 2, DockerfileReason.VARIABLE_IN_FROM_FLAG),
        ("FROM scratch\n\nRUN a \\\n b\nBOGUS\n", 5, DockerfileReason.UNKNOWN_INSTRUCTION),
    ],
)
def test_refusals_name_line_and_reason(text: str, line: int, reason: DockerfileReason) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.reason) == (line, reason)


def test_a_refusal_reads_as_a_sentence_and_carries_its_facts() -> None:
    with pytest.raises(DockerfileError) as caught:
        parse("FROM scratch\nCOPY --form=x a /b\n")
    assert str(caught.value) == "line 2: COPY has no flag --form"
    assert caught.value.facts == {"keyword": "COPY", "flag": "form"}


def test_every_reason_has_a_case() -> None:
    refused = {file.stem.partition("--")[0] for file in (CORPUS / "refused").iterdir()}
    here = {
        DockerfileReason.NO_STAGE,
        DockerfileReason.LINE_TOO_LONG,
        DockerfileReason.UNTERMINATED_HEREDOC,
        DockerfileReason.HEREDOC_DESTINATION,
        DockerfileReason.BAD_SUBSTITUTION,
        DockerfileReason.BLANK_BASE,
    }
    assert refused | here == set(DockerfileReason)


# --- expansion ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$a-${a}", "1-1"),
        ("\\$a '$a' \"$a\"", "$a $a 1"),
        ("${a:-x} ${e:-x} ${e-x} ${u:-x} ${u-x}", "1 x  x x"),
        ("${a:+x} ${e:+x} ${e+x} ${u:+x}", "x  x "),
        ("${u:-${a}b}", "1b"),
        ("${a:?no}", "1"),
        ("$u|${u}", "|"),
        ("$ $", "$ $"),
        ('"a\\"b\\n"', 'a"b\\n'),
    ],
)
def test_expansion(text: str, result: str) -> None:
    assert expand(text, {"a": "1", "e": ""}).text == result


def test_expansion_tells_which_variables_it_lacked() -> None:
    assert expand("$a ${b:-x} ${c%.*}", {"a": "1", "c": "x.y"}).unknown == {"b", "c"}
    assert expand("$a ${b:-x}", {}, keep_unknown=True).text == "$a ${b:-x}"


@pytest.mark.parametrize(
    "text", ["${", "${}", "${a", "${a:=x}", "'open", '"open', "${u:?gone}", "${a:-" * 400]
)
def test_expansion_refuses(text: str) -> None:
    with pytest.raises(SubstitutionError):
        expand(text, {"a": "1"})


# --- what a target needs -----------------------------------------------------------------------------------

STAGES: Final = lines(
    """
    ARG version=1
    ARG registry
    FROM golang:${version} AS Build
    ARG dir=cmd
    ENV sub=$dir/sub
    COPY go.mod ${dir}/main.go $sub/*.go ./
    FROM build AS checked
    ADD more-$dir https://example.invalid/x git@example.invalid:y.git /z/
    FROM ${registry:-mirror}/tool:2 AS tool
    COPY unused /x
    FROM alpine AS unneeded
    COPY never /x
    FROM scratch AS final
    COPY --from=checked /out /out
    COPY --from=busybox:1 /bin /bin
    RUN --mount=type=bind,from=TOOL,target=/t --mount=from=extra,target=/e true
    COPY $PWD/known-only-to-the-image plain /dst
    COPY <<EOF /heredoc
    EOF
    """
)


def test_targets_are_found_by_name_whatever_its_case() -> None:
    dockerfile = parse(STAGES)
    assert dockerfile.targets == ("build", "checked", "tool", "unneeded", "final")
    found = [resolve_target(dockerfile, target) for target in ("BUILD", "", None, "nowhere", "0")]
    assert [stage.name if stage else None for stage in found] == ["build", "final", "final", None, None]


def test_context_sources_are_those_of_the_stages_that_the_target_needs() -> None:
    assert context_sources(parse(STAGES), "build") == (
        ContextSource(6, "go.mod"),
        ContextSource(6, "cmd/main.go"),
        ContextSource(6, "cmd/sub/*.go"),
    )
    everything = context_sources(parse(STAGES), None, {"dir": "app"})
    assert [source.pattern for source in everything] == [
        "go.mod",
        "app/main.go",
        "app/sub/*.go",
        "more-app",
        "unused",
        "plain",
    ]
    assert context_sources(parse(STAGES), "nowhere") == ()


def test_external_images_are_those_of_the_stages_that_the_target_needs() -> None:
    assert external_images(parse(STAGES)) == (
        BaseImage(3, "golang:1"),
        BaseImage(9, "mirror/tool:2"),
        BaseImage(15, "busybox:1"),
        BaseImage(16, "extra"),
    )
    assert external_images(parse(STAGES), "tool", {"registry": "r.invalid"}) == (
        BaseImage(9, "r.invalid/tool:2"),
    )


def test_what_the_platform_decides_is_left_out() -> None:
    dockerfile = parse("FROM image-${TARGETARCH} AS a\nFROM b\nCOPY --from=a x y\n")
    assert external_images(dockerfile) == (BaseImage(2, "b"),)
    assert external_images(dockerfile, None, {"TARGETARCH": "arm64"})[0] == BaseImage(1, "image-arm64")


def test_a_variable_that_versions_treat_differently_is_not_guessed() -> None:
    dockerfile = parse("FROM scratch\nENV a=env\nARG a=arg\nCOPY $a b /x/\n")
    assert context_sources(dockerfile) == (ContextSource(4, "b"),)


def test_a_value_that_doubles_on_every_line_is_not_followed() -> None:
    dockerfile = parse("FROM scratch\nENV a=xx\n" + "ENV a=$a$a\n" * 60 + "COPY $a b /x/\n")
    assert context_sources(dockerfile) == (ContextSource(63, "b"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM $nothing\n", DockerfileReason.BLANK_BASE),
        ("FROM ${open\n", DockerfileReason.BAD_SUBSTITUTION),
        ("ARG a\nFROM ${a:?needed}\n", DockerfileReason.BAD_SUBSTITUTION),
    ],
)
def test_bases_that_come_to_nothing_are_refused(text: str, reason: DockerfileReason) -> None:
    with pytest.raises(DockerfileError) as caught:
        external_images(parse(text))
    assert caught.value.reason == reason


# --- the context -------------------------------------------------------------------------------------------


def missing(*patterns: str, paths: tuple[str, ...], dockerignore: str | None = None) -> list[str]:
    sources = [ContextSource(1, pattern) for pattern in patterns]
    return [source.pattern for source in missing_sources(sources, paths, dockerignore)]


def test_only_what_is_surely_absent_is_missing() -> None:
    paths = ("a", "dir/b", "./dir/deep/c", "link")
    present = ("a", "/a", "./a", "dir", "dir/", "dir/deep", "dir/deep/c", ".", "/", "../a", "dir/../a")
    unsure = ("*.none", "none/?", "[ab]none", "link/inside-a-linked-directory")
    assert missing(*present, *unsure, "b", "dir/c", "A", paths=paths) == ["b", "dir/c", "A"]


def test_ignored_files_are_missing() -> None:
    paths = ("keep.txt", "logs/a.log", "logs/keep.log", "deep/er/x.tmp")
    dockerignore = "# comment\nlogs/*\n!logs/keep.log\n**/*.tmp\n"
    patterns = ("keep.txt", "logs", "logs/a.log", "logs/keep.log", "deep", "deep/er/x.tmp")
    assert missing(*patterns, paths=paths, dockerignore=dockerignore) == [
        "logs/a.log",
        "deep",
        "deep/er/x.tmp",
    ]
    assert missing("gone", paths=paths, dockerignore="!\n") == []


@pytest.mark.parametrize(
    ("rules", "path", "excluded"),
    [
        ("a", "a", True),
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("/a/", "a", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README.md", "CHANGES.md", True),
        ("*.md", "docs/x.md", False),
        ("**/*.md", "x.md", True),
        ("**/*.md", "a/b/x.md", True),
        ("a/**", "a/b/c", True),
        ("a/**/z", "a/z", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("*\n!keep", "keep/inside", False),
        ("a.c", "abc", False),
        ("  spaced  ", "spaced", True),
        ("a/../b", "b", True),
    ],
)
def test_dockerignore_rules(rules: str, path: str, excluded: bool) -> None:
    assert Dockerignore.parse(rules).excludes(path) is excluded


@pytest.mark.parametrize("rules", ["ok\n!", "ok\n[a"])
def test_dockerignore_refuses(rules: str) -> None:
    with pytest.raises(DockerignoreError) as caught:
        Dockerignore.parse(rules)
    assert caught.value.line == 2


# --- properties --------------------------------------------------------------------------------------------

# fmt: off
FRAGMENTS: Final = st.sampled_from([
    "FROM scratch", " AS a", "COPY ", "--from=a ", "--mount=type=bind,from=", "RUN ", "<<EOF",
    "EOF", "<<-'E'", "E", "ENV ", "a=b ", "LABEL ", "ARG ", "ONBUILD ", "HEALTHCHECK ", "CMD ",
    "[", '"x"', ",", "]", "$", "${", "}", "\\", "`", "'", '"', "\n", "\r\n", "\t", " ", "#",
    "# escape=`", "--", "=", ":-", "\ufeff", "\x00", "é", "9",
])
# fmt: on
TEXTS: Final = st.lists(FRAGMENTS, max_size=60).map("".join) | st.text()
LINES: Final = st.sampled_from(
    [
        "# note",
        "",
        "  ",
        "RUN a \\\n  b",
        "RUN <<X\nhi\nX",
        "COPY a b",
        "LABEL a=b",
        "ENV a $b",
        "# a\n\n#b",
        "USER é",
    ]
)


@settings(deadline=None, max_examples=500)
@given(TEXTS)
def test_any_text_parses_without_loss_or_is_refused(text: str) -> None:
    refused_at = None
    try:
        dockerfile = parse(text)
    except DockerfileError as error:
        refused_at = error.line
    if refused_at is not None:
        assert 1 <= refused_at <= text.count("\n") + 1
        return
    assert str(dockerfile) == text
    ends = [node.end_line for node in dockerfile.instructions]
    assert ends == sorted(ends)


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n"]))
def test_dockerfiles_round_trip(body: list[str], newline: str, end: str) -> None:
    text = newline.join(["ARG x", "FROM scratch AS one", *body]) + end
    assert str(parse(text)) == text


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.none() | st.text(), st.dictionaries(st.sampled_from(["a", "b", "TARGETARCH"]), st.text()))
def test_reading_what_a_target_needs_raises_nothing_but_a_refusal(
    text: str, target: str | None, build_args: dict[str, str]
) -> None:
    try:
        dockerfile = parse("FROM scratch AS a\n" + text)
        sources = context_sources(dockerfile, target, build_args)
        images = external_images(dockerfile, target, build_args)
    except DockerfileError:
        return
    assert set(missing_sources(sources, ())) <= set(sources)
    assert all(image.reference not in ("", "scratch") for image in images)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab/*?[]!^-\\.#\n &|~"), st.text(alphabet="ab/."))
def test_any_dockerignore_answers_or_is_refused(rules: str, path: str) -> None:
    refused_at = None
    try:
        ignore = Dockerignore.parse(rules)
    except DockerignoreError as error:
        refused_at = error.line
    if refused_at is not None:
        assert 1 <= refused_at <= rules.count("\n") + 1
        return
    assert ignore.excludes(path) in (True, False)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab$={}:-+?#%/'\"\\ "), st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_any_word_expands_or_is_refused(text: str, variables: dict[str, str]) -> None:
    try:
        expansion = expand(text, variables)
    except SubstitutionError:
        return
    assert expansion.unknown.isdisjoint(variables) or "#" in text or "%" in text or "/" in text
