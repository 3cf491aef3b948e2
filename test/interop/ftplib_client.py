"""One operation on an FTP server with Python's own ftplib: ftplib_client.py PORT OPERATION [ARGUMENT...]."""
import ftplib
import os
import sys


def upload(ftp, local, remote):
    with open(local, "rb") as source:
        ftp.storbinary("STOR " + remote, source)


def download(ftp, remote, local):
    with open(local, "wb") as target:
        ftp.retrbinary("RETR " + remote, target.write)


def resume(ftp, remote, local):
    with open(local, "ab") as target:
        ftp.retrbinary("RETR " + remote, target.write, rest=os.path.getsize(local))


def names(ftp, folder):
    for name, _ in ftp.mlsd(folder):
        print(name)


operations = {
    "upload": upload,
    "download": download,
    "resume": resume,
    "names": names,
    "rename": lambda ftp, old, new: ftp.rename(old, new),
    "remove": lambda ftp, path: ftp.delete(path),
    "mkdir": lambda ftp, path: ftp.mkd(path),
    "rmdir": lambda ftp, path: ftp.rmd(path),
}

sys.stdout.reconfigure(encoding="utf-8")
_, port, operation, *arguments = sys.argv
with ftplib.FTP(encoding="utf-8") as client:
    client.connect("127.0.0.1", int(port))
    client.login("user", "password")
    operations[operation](client, *arguments)
