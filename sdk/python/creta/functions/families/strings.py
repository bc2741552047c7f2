"""Strings. Positions and lengths count Unicode code points, from 0; negative positions count from the end."""

from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Bool, Int, Str, Strs


@function()
def replace(s: Str, old: Str, new: Str) -> Str:
    """Replaces every occurrence of `old` by `new`.

    * An empty `old` stands before every character and at the end.
    """


@function()
def like(s: Str, pattern: Str) -> Bool:
    """Whether the whole of `s` fits a SQL pattern: `%` is any text, `_` any one character.

    * Upper and lower case differ; line breaks are characters like others.
    * A backslash takes the meaning from `%`, `_` and itself.
    """


@function()
def regexp_like(s: Str, pattern: Str) -> Bool:
    """Whether a match of the regular expression is found anywhere in `s`.

    * The syntax is RE2's: no look-around, no back-references, linear time.
    * Classes such as `\\d` and `\\w` know Unicode.
    * `(?i)` ignores case, `(?s)` lets the dot take line breaks, `(?m)` lets `^` and `$` stand at each line.
    """


@function()
def regexp_replace(s: Str, pattern: Str, replacement: Str = None) -> Str:
    """Replaces every match of the regular expression; without a replacement, deletes it.

    * In the replacement `$1` (digits only) and `${name}` are groups and `$$` is a dollar; a group that took no part is
      empty.
    * A group that the pattern does not have is an error.
    """


@function()
def regexp_extract(s: Str, pattern: Str, group: Int) -> Str:
    """The group of the first match of the regular expression; group 0 is the whole match.

    * Null without a match, or when the group took no part in it.
    * A group that the pattern does not have is an error.
    """


@function()
def regexp_extract_all(s: Str, pattern: Str, group: Int) -> Strs:
    """The group of every match of the regular expression, in order; group 0 is the whole match.

    * An empty list without a match; null for a match in which the group took no part.
    """


@function()
def regexp_split(s: Str, pattern: Str) -> Strs:
    """Splits at every match of the regular expression; groups do not appear in the result.

    * Without a match the result is a list of `s` alone.
    """


@function()
def trim(s: Str) -> Str:
    """Removes white space from both ends.

    * White space is what Python's `str.strip` removes: also no-break and other Unicode spaces, line breaks and the
      separators U+001C to U+001F, but not the zero-width space.
    """


@function()
def ltrim(s: Str) -> Str:
    """Removes white space from the beginning, as `trim` does."""


@function()
def rtrim(s: Str) -> Str:
    """Removes white space from the end, as `trim` does."""


@function()
def starts_with(s: Str, prefix: Str) -> Bool:
    """Whether `s` begins with `prefix`; everything begins with the empty string."""


@function()
def ends_with(s: Str, suffix: Str) -> Bool:
    """Whether `s` ends with `suffix`; everything ends with the empty string."""


@function()
def str_contains(s: Str, part: Str) -> Bool:
    """Whether `part` occurs in `s`; the empty string occurs everywhere.

    * Nothing is normalised: a letter with a combining accent is another text than the accented letter.
    """


@function()
def substr(s: Str, start: Int, length: Int = None) -> Str:
    """`length` characters from position `start`; without a length, the rest.

    * A negative start counts from the end, and stops at the beginning, as in Python's `s[start:]`.
    * Empty where nothing is there, and for a negative length.
    """


@function()
def str_slice(s: Str, start: Int, end: Int) -> Str:
    """The characters from `start` up to, not including, `end`: Python's `s[start:end]`."""


@function()
def reverse(s: Str) -> Str:
    """The code points in reverse order; combining accents and joined emoji come apart."""


@function()
def length(s: Str) -> Int:
    """The number of Unicode code points."""


@function()
def lower(s: Str) -> Str:
    """Lower case by Unicode's full mapping, without a language: `İ` becomes two code points, `Σ` at the end `ς`."""


@function()
def upper(s: Str) -> Str:
    """Upper case by Unicode's full mapping, without a language: `ß` becomes `SS`, `ı` becomes `I`."""


@function()
def split(s: Str, delimiter: Str, maxsplit: Int = None) -> Strs:
    """Splits at `delimiter`, at most `maxsplit` times; the rest stays whole.

    * The empty string gives a list of one empty string.
    * A negative `maxsplit` is no limit. An empty delimiter is an error.
    """


@function()
def split_part(s: Str, delimiter: Str, index: Int) -> Str:
    """One part of `s` split at `delimiter`, counted from 0, negative from the end.

    * Null past either end. An empty delimiter is an error.
    """


@function()
def strpos(s: Str, part: Str) -> Int:
    """The position of the first occurrence of `part`, -1 without one."""


@function()
def strrpos(s: Str, part: Str) -> Int:
    """The position of the last occurrence of `part`, -1 without one; the empty string is found at the end."""


@function()
def lpad(s: Str, length: Int, pad: Str) -> Str:
    """Pads on the left with `pad`, repeated from its beginning, to `length` characters.

    * Longer text loses its end. A negative length is 0; an empty pad adds nothing.
    * A length over 1,000,000 is an error.
    """


@function()
def rpad(s: Str, length: Int, pad: Str) -> Str:
    """Pads on the right with `pad`, repeated from its beginning, to `length` characters.

    * Longer text loses its end. A negative length is 0; an empty pad adds nothing.
    * A length over 1,000,000 is an error.
    """


@function()
def chr(code: Int) -> Str:
    """The character with this Unicode code point.

    * An error for numbers that are no code point, and for surrogates (0xD800 to 0xDFFF).
    """


@function()
def word_stem(s: Str) -> Str:
    """The stem of an English word in lower case (Snowball's English algorithm)."""


@function()
def unidecode_normalize(s: Str) -> Str:
    """Unicode's normal form NFKD: accents come apart from letters, ligatures and the like are resolved."""


@function()
def unidecode_to_ascii(s: Str) -> Str:
    """Spells in ASCII what is not: `ß` as `ss`, `Ł` as `L`, Cyrillic and Greek as they sound.

    * The spelling is that of AnyAscii 0.3.
    """


__all__ = declared_in(__name__)
