"""A person looks on in a terminal, tells a worker to stop, and gets the terminal back, however the view ends."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ON, OFF = b"\x1b[?1049h", b"\x1b[?1049l"
PASTE_OFF = b"\x1b[?2004l"
PIECES = re.compile(r"\x1b\[(\d+;\d+)H|(\x1b\[[0-9;?]*[A-Za-z])|(.)", re.DOTALL)


class View:
    """The view in a terminal of its own, which a shell would go on using."""

    def __init__(self, program: str, folder: str, columns: int = 100, rows: int = 30) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.seen = b""
        self.process = subprocess.Popen(
            [program, "-C", folder, "top"],
            stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            env={**os.environ, "TERM": "xterm-256color", "TASK_GRAPH_WORKER_ID": "ann"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def read(self, seconds: float) -> None:
        if select.select([self.ours], [], [], seconds)[0]:
            self.seen += os.read(self.ours, 65536)

    def screen(self) -> str:
        """What is to be seen: only changes are written, wherever they are."""
        cells, row, column = {}, 1, 1
        for move, other, letter in PIECES.findall(self.seen.decode(errors="ignore")):
            if move:
                row, column = (int(number) for number in move.split(";"))
            elif letter:
                cells[row, column] = letter
                column += 1
        rows = range(1, max((row for row, _ in cells), default=0) + 1)
        columns = range(1, max((column for _, column in cells), default=0) + 1)
        return "\n".join("".join(cells.get((row, column), " ") for column in columns) for row in rows)

    def until(self, text: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while text not in self.screen():
            assert time.monotonic() < end, (text, self.screen(), self.seen[-400:])
            self.read(0.1)

    def types(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def ends(self, code: int) -> None:
        self.process.wait(20)
        while OFF not in self.seen or select.select([self.ours], [], [], 0.2)[0]:
            self.read(20)
        assert self.process.returncode == code, (self.process.returncode, code, self.seen)
        after = termios.tcgetattr(self.theirs)
        assert after == self.before, "the terminal is not as it was"
        assert PASTE_OFF in self.seen and self.seen.rindex(OFF) > self.seen.rindex(ON), self.seen
        assert b"\x1b[?25h" in self.seen[-200:], "the cursor is hidden"
        os.close(self.ours)
        os.close(self.theirs)


def main(program: str) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def call(*words: str) -> dict:
            ran = subprocess.run([program, "-C", folder, "--json", *words], check=True, capture_output=True)
            return json.loads(ran.stdout)

        call("connect", "ann")
        call("create", "Write the schema", "--id", "schema")
        call("claim", "schema", "--worker-id", "ann")

        view = View(program, folder)
        view.until("Write the schema")
        assert ON in view.seen, view.seen
        # What others do is seen without a key.
        call("create", "Tell the world", "--id", "blog")
        call("connect", "bob")
        call("claim", "blog", "--worker-id", "bob")
        view.until("Tell the world")
        # A pasted text gives no orders.
        view.types("\x1b[200~r\n\x1b[201~")
        view.types("snot needed\x7f\x7fed\r")
        view.until("told ann")
        view.types("rtoo slow\r")
        view.until("pending again")
        view.types("q")
        view.ends(0)
        said = [message["text"] for message in call("inbox", "--worker-id", "ann")["messages"]]
        assert any(text == "not needed" for text in said), said
        assert any(text.endswith("too slow") for text in said), said
        ready = [task["id"] for task in call("list-tasks", "--ready")["tasks"]]
        assert ready == ["schema"], ready

        for end, code in [
            (lambda view: view.types("\x03"), 0),
            (lambda view: view.process.send_signal(signal.SIGTERM), 128 + signal.SIGTERM),
            (lambda view: view.process.send_signal(signal.SIGINT), 128 + signal.SIGINT),
            (lambda view: view.process.send_signal(signal.SIGHUP), 128 + signal.SIGHUP),
        ]:
            view = View(program, folder)
            view.until("schema")
            end(view)
            view.ends(code)

        for columns, rows in [(1, 1), (9, 3), (30, 8), (300, 90)]:
            view = View(program, folder, columns, rows)
            while not view.screen().strip():
                view.read(20)
            view.types("q")
            view.ends(0)


main(sys.argv[1])
