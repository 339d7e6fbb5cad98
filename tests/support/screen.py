"""What a person sees on a terminal: the lines that are left when all movements of the cursor were made."""

import re

_PIECE = re.compile(r"\x1b\[([0-?]*)([@-~])|\x1b\][^\x07]*\x07|([\r\n])|([^\x1b\r\n]+)")


def left(stream: str) -> list[str]:
    """Return the lines that a stream leaves on a terminal that is wide enough; line ends are plain or with a return.

    Raises:
        AssertionError: It moves the cursor in a way that is not known here.

    """
    lines, row, column = [""], 0, 0
    for words, command, move, text in _PIECE.findall(stream.replace("\r\n", "\n")):
        if text:
            lines[row] = f"{lines[row][:column]:<{column}}{text}{lines[row][column + len(text) :]}"
            column += len(text)
        elif move == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif move == "\r":
            column = 0
        elif command == "A":
            row = max(0, row - int(words or 1))
        elif command == "K":
            lines[row] = "" if words == "2" else lines[row][:column]
        else:
            assert command in {"", "m", "h", "l"}, f"a movement that is not known here: {words}{command}"
    return [line.rstrip() for line in lines]
