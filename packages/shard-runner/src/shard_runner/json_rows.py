"""JSON lists and JSON lines read a piece at a time, with verdicts that say where a file breaks off."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from shard_runner.errors import TableError
from shard_runner.streams import CHUNK_BYTES

_BOM = codecs.BOM_UTF8
_DECODER = json.JSONDecoder()
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMBER_ENDS = (".", "e", "E", "e-", "E-", "e+", "E+")
_KINDS = {"{": "dict", '"': "str", "t": "bool", "f": "bool", "n": "NoneType"}


def _breaks_off(error: json.JSONDecodeError, text: str) -> bool:
    """Tell whether what is wrong with a text may be only that it ends too early."""
    tail = text[error.pos : error.pos + 20].strip()
    if not tail or error.msg.startswith("Unterminated string"):
        return True
    if error.msg.startswith("Invalid \\uXXXX"):
        return len(text) - error.pos <= 5
    return any(literal.startswith(tail) for literal in _LITERALS) or tail in _NUMBER_ENDS


def _truncated(name: str, line: int, column: int) -> TableError:
    return TableError(f"{name} is truncated: it ends inside a value (line {line}, column {column}); get a whole copy")


def _invalid(name: str, reason: str, line: int, column: int) -> TableError:
    return TableError(f"{name} is not valid JSON: {reason} (line {line}, column {column})")


def json_lines(file: BinaryIO, name: str) -> Iterator[Any]:
    """Yield the value of each line of JSON that is not blank; `name` is the file's in messages.

    Raises:
        TableError: when a line is not UTF-8, not JSON, or the last one breaks off.
    """
    start = 0  # byte at which the line begins
    for number, line in enumerate(file, start=1):
        data = line.removeprefix(_BOM) if number == 1 else line
        if data.strip():
            try:
                yield json.loads(data.decode())
            except (ValueError, RecursionError) as error:
                last = not any(rest.strip() for rest in file)
                raise _line_fault(error, name, number, start + len(line) - len(data), last=last) from error
        start += len(line)


def _line_fault(error: Exception, name: str, line: int, start: int, *, last: bool) -> TableError:
    if isinstance(error, UnicodeDecodeError):
        if last and error.reason == "unexpected end of data":
            return _truncated(name, line, len(error.object[: error.start].decode()) + 1)
        return TableError(f"{name} is not UTF-8 text (byte {start + error.start})")
    if isinstance(error, json.JSONDecodeError):
        if last and _breaks_off(error, error.doc):
            return _truncated(name, line, error.colno)
        return _invalid(name, error.msg, line, error.colno)
    return _invalid(name, _unreadable(error), line, 1)


def _unreadable(error: Exception) -> str:
    return "values are nested too deeply" if isinstance(error, RecursionError) else str(error)


def json_list(file: BinaryIO, name: str) -> Iterator[Any]:
    """Yield the items of a JSON list, holding no more than a piece of the file and one item.

    Raises:
        TableError: when the file is not UTF-8, not a JSON list, or breaks off.
    """
    window = _Window(file, name)
    if window.next_sign() != "[":
        raise window.no_list()
    window.at += 1
    if window.next_sign() == "]":
        window.at += 1
    else:
        yield window.take_value()
        while window.take_comma():
            yield window.take_value()
    if window.next_sign():
        raise window.fault("Extra data", window.at)


class _Window:
    """The piece of a JSON text that is being parsed, and where in the file it lies."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        head = file.read(len(_BOM))
        self._bytes = head.removeprefix(_BOM)  # not decoded yet
        self._start = len(head) - len(self._bytes)  # where in the file they begin
        self._line, self._column = 1, 1  # of the text's first character
        self._ended = False
        self.text = ""
        self.at = 0

    def next_sign(self) -> str:
        """Return the next character that is not blank, and go there; nothing at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\n\r":
                self.at += 1
            if self.at < len(self.text) or self._ended:
                return self.text[self.at : self.at + 1]
            self._read_more()

    def take_value(self) -> Any:
        """Return the next value and go behind it."""
        self.next_sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if self._ended or not _breaks_off(error, self.text):
                    raise self.fault(error.msg, error.pos, error) from error
                self._read_more()
            except (ValueError, RecursionError) as error:
                raise self.fault(_unreadable(error), self.at) from error
            else:
                self.at = end
                return value

    def take_comma(self) -> bool:
        """Go behind the comma or bracket that follows a value, and tell whether it is a comma."""
        sign = self.next_sign()
        if sign not in (",", "]"):
            raise self.fault("Expecting ',' delimiter", self.at)
        self.at += 1
        return sign == ","

    def no_list(self) -> TableError:
        """Return the verdict on a file that does not begin as a list."""
        sign = self.next_sign()
        if not sign:
            return _truncated(self._name, *self._place(self.at))
        kind = _KINDS.get(sign, "number" if sign in "-0123456789NI" else "")
        if not kind:
            return self.fault("Expecting value", self.at)
        hint = "; a file of one object a line must end in .jsonl" if kind == "dict" else ""
        return TableError(f"{self._name} must hold a list of objects; got {kind}{hint}")

    def fault(self, reason: str, at: int, error: json.JSONDecodeError | None = None) -> TableError:
        """Return the verdict on what is wrong at a place of the text."""
        ends = at >= len(self.text) if error is None else _breaks_off(error, self.text)
        if ends:
            return _truncated(self._name, *self._place(at))
        return _invalid(self._name, reason, *self._place(at))

    def _place(self, at: int) -> tuple[int, int]:
        lines = self.text.count("\n", 0, at)
        column = at - self.text.rfind("\n", 0, at) if lines else self._column + at
        return self._line + lines, column

    def _read_more(self) -> None:
        """Forget what was parsed and read at least as much again as is left: the work stays linear."""
        self._line, self._column = self._place(self.at)
        rest = self.text[self.at :]
        chunk = self._file.read(max(CHUNK_BYTES, len(rest)))
        self._ended = not chunk
        self._bytes += chunk
        try:
            new, used = codecs.utf_8_decode(self._bytes, "strict", self._ended)
        except UnicodeDecodeError as error:
            self._refuse(error, rest)
        self._bytes, self._start = self._bytes[used:], self._start + used
        self.text, self.at = rest + new, 0

    def _refuse(self, error: UnicodeDecodeError, rest: str) -> NoReturn:
        if error.reason == "unexpected end of data":
            self.text, self.at = rest, 0
            raise _truncated(self._name, *self._place(len(rest))) from error
        raise TableError(f"{self._name} is not UTF-8 text (byte {self._start + error.start})") from error
