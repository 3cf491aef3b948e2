"""Runs a command in a terminal of its own, types a line at each prompt, prints all that the terminal showed.

Usage: type_in_terminal.py LINES-AS-JSON COMMAND...
"""

import json
import os
import pty
import sys

lines = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:  # Linux says so when the program has closed the terminal.
        read = b""
    if not read:
        break
    shown += read
    if lines and shown.endswith(b": "):
        os.write(terminal, lines.pop(0).encode())
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
