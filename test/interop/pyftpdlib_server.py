"""Somebody else's storage server: pyftpdlib_server.py PORT USER PASSWORD FOLDER [liar]

A liar confirms every upload and keeps all but its last byte. Prints "ready" when it listens.
"""

import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

port, user, password, folder, *mode = sys.argv[1:]


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()

    def on_file_received(self, file):
        if mode == ["liar"]:
            os.truncate(file, os.path.getsize(file) - 1)


os.makedirs(folder, exist_ok=True)
Handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
server = FTPServer(("127.0.0.1", int(port)), Handler)
print("ready", flush=True)
server.serve_forever()
