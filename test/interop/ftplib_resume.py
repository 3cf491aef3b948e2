"""Uploads with Python's ftplib from where the server is, and ends without a word after some bytes:
ftplib_resume.py PORT LOCAL REMOTE BYTES. Exit status 0 when the file is complete."""
import ftplib
import os
import sys

_, port, local, remote, limit = sys.argv
client = ftplib.FTP(encoding="utf-8")
client.connect("127.0.0.1", int(port))
client.login("user", "password")
client.voidcmd("TYPE I")
try:
    offset = client.size(remote)
except ftplib.error_perm:
    offset = 0
sent = 0


def count(block):
    global sent
    sent += len(block)
    if sent < int(limit):
        return
    # What is still on its way when a program ends may be lost with its control connection.
    while f"{sent} bytes so far" not in client.sendcmd("STAT"):
        pass
    os.kill(os.getpid(), 9)


with open(local, "rb") as source:
    source.seek(offset)
    client.storbinary("STOR " + remote, source, 32768, count, rest=offset if offset else None)
client.quit()
