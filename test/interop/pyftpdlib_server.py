"""Somebody else's storage server: pyftpdlib_server.py SETTINGS, as JSON.

A "liar" confirms every upload and keeps all but its last byte.
"""

import json
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

settings = json.loads(sys.argv[1])
tls = settings.get("tls")


Base = TLS_FTPHandler if tls else FTPHandler


class Handler(Base):
    authorizer = DummyAuthorizer()
    passive_ports = range(settings["lowest"], settings["highest"] + 1)
    proto_cmds = {
        name: command
        for name, command in Base.proto_cmds.items()
        if name not in settings.get("without", [])
    }

    def on_file_received(self, file):
        if settings.get("liar"):
            os.truncate(file, os.path.getsize(file) - 1)


if tls:
    Handler.certfile = tls["cert"]
    Handler.keyfile = tls["key"]
    Handler.tls_control_required = True
    Handler.tls_data_required = True

os.makedirs(settings["folder"], exist_ok=True)
Handler.authorizer.add_user(
    settings["user"], settings["password"], settings["folder"], perm="elradfmwMT"
)
server = ThreadedFTPServer((settings["host"], settings["port"]), Handler)
if settings.get("connections"):
    server.max_cons_per_ip = settings["connections"]
server.serve_forever()
