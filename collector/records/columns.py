"""The columns of a record: Peewee fields that carry unit and range beside the help text.

Peewee's own fields check nothing; these say what is checked when a record comes in.
"""

from __future__ import annotations

from typing import Any

from collector.orm import peewee

INT64 = (-(2**63), 2**63 - 1)
# No figure of ours comes near; sums and ratios of such stay finite.
LARGEST = 1e15
# A year: whatever is longer was measured in another unit.
LONGEST_S = 366 * 86_400.0
LONGEST_MS = LONGEST_S * 1000
# Up to the year 9999: beyond it no clock of ours can print the value.
LAST_MS = 253_402_300_799_999


class Whole(peewee.BigIntegerField):
    """A 64-bit integer column; ``unit`` and the range are stated in the model."""

    python_type = int

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        minimum: int = INT64[0],
        maximum: int = INT64[1],
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules = {"ge": minimum, "le": maximum}


class Real(peewee.DoubleField):
    """A finite floating-point column.

    ``filled_by`` is SQL for what the INSERT puts there when a record leaves it open; it names other
    columns of the record as those of `sent`.
    """

    python_type = float

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        minimum: float = -LARGEST,
        maximum: float = LARGEST,
        filled_by: str = "",
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.filled_by = filled_by
        self.unit = unit
        # The bounds also keep infinity out: JSON readers turn 1e999 into it.
        self.rules = {"ge": minimum, "le": maximum}


class Text(peewee.TextField):
    """A UTF-8 column of at most ``longest`` characters, one of ``choices``, or like ``pattern``.

    ``in_words`` says what the pattern asks for.
    """

    python_type = str

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        longest: int = 1000,
        shortest: int = 0,
        choices: tuple[str, ...] = (),
        pattern: str = "",
        in_words: str = "",
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.one_of = choices
        self.in_words = in_words
        self.rules: dict[str, Any] = {"max_length": longest}
        if shortest:
            self.rules["min_length"] = shortest
        if choices or pattern:
            self.rules["pattern"] = pattern or f"^(?:{'|'.join(choices)})$"


class Flag(peewee.BooleanField):
    """True or false, stored as 1 or 0."""

    python_type = bool

    def __init__(self, help_text: str, *, unit: str = "", **options: Any) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules: dict[str, Any] = {}


class Timestamp(Whole):
    """Milliseconds since the Unix epoch, UTC.

    ``arrival``: a record from outside that leaves it out gets the moment it came in.
    """

    def __init__(
        self, help_text: str = "when it was measured", *, arrival: bool = False, **options: Any
    ) -> None:
        super().__init__(help_text, unit="ms", minimum=0, maximum=LAST_MS, **options)
        self.arrival = arrival


class Document(peewee.TextField):
    """A JSON object or list, stored as its text of at most ``longest`` characters."""

    python_type = dict[str, Any] | list[Any]

    def __init__(self, help_text: str, *, unit: str = "", longest: int = 65_536, **options: Any) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.longest = longest
        self.rules: dict[str, Any] = {}


class Bytes(peewee.BlobField):
    """Bytes that mean something to the recorder only."""

    python_type = bytes

    def __init__(self, help_text: str, *, unit: str = "", **options: Any) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules: dict[str, Any] = {}


class Reference(peewee.ForeignKeyField):
    """The key of the row in another table that this one belongs to, and goes with."""

    python_type = str

    def __init__(self, model: type[peewee.Model], help_text: str, *, longest: int, **options: Any) -> None:
        super().__init__(model, on_delete="CASCADE", help_text=help_text, **options)
        self.unit = ""
        self.rules = {"max_length": longest}


def allowed(column: Any) -> str:
    """What a column may hold, in words."""
    rules, kind = column.rules, column.python_type
    if isinstance(column, Timestamp):
        words = "milliseconds since 1970, or a date and time such as 2026-03-01T14:05:00Z"
    elif kind is bool:
        words = "true or false"
    elif kind is str:
        words = _allowed_text(column, rules)
    elif kind is bytes:
        words = "bytes"
    elif isinstance(column, Document):
        words = f"a JSON object or list of at most {column.longest:,} characters"
    else:
        words = ("a whole number" if kind is int else "a number") + _allowed_range(rules)
    return words + " or null" if column.null else words


def over(column: Any, value: object) -> str:
    """The bound that a value is over or under, to be said behind all that is allowed; else nothing."""
    if value == "" and "min_length" in column.rules:
        return ", not empty"
    high = column.rules.get("le")
    if (
        high is None
        or high < LONGEST_S
        or isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not value > high
    ):
        return ""
    return f", at most {high:,.0f}" if isinstance(high, float) else f", at most {high:,}"


def _allowed_text(column: Any, rules: dict[str, Any]) -> str:
    if choices := getattr(column, "one_of", ()):
        return f"one of {', '.join(choices)}"
    words = getattr(column, "in_words", "")
    return f"a text of at most {rules['max_length']:,} characters" + (f", {words}" if words else "")


def _allowed_range(rules: dict[str, Any]) -> str:
    """Only bounds that somebody chose; those of 64 bits go without saying."""
    low, high = rules["ge"], rules["le"]
    # A year and more goes without saying; who is over it is told so.
    has_low, has_high = low > -LARGEST, high < LONGEST_S
    if has_low and has_high:
        return f" from {low:,} to {high:,}"
    return f", {low:,} or more" if has_low else f", {high:,} or less" if has_high else " of 64 bits"
