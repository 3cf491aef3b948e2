"""One operation on an FTP server with Python's own ftplib: ftplib_client.py OPERATION [ARGUMENT...]."""
import ftplib
import os
import ssl
import sys


def upload(ftp, local, remote):
    with open(local, "rb") as source:
        ftp.storbinary("STOR " + remote, source)


def download(ftp, remote, local):
    with open(local, "wb") as target:
        ftp.retrbinary("RETR " + remote, target.write)


def resume_upload(ftp, local, remote):
    there = ftp.size(remote)
    with open(local, "rb") as source:
        source.seek(there)
        ftp.storbinary("STOR " + remote, source, rest=there)


def resume_download(ftp, remote, local):
    with open(local, "ab") as target:
        ftp.retrbinary("RETR " + remote, target.write, rest=os.path.getsize(local))


def upload_all(ftp, local, remote):
    for name in os.listdir(local):
        upload(ftp, os.path.join(local, name), remote + "/" + name)


def download_all(ftp, remote, local):
    for name, _ in list(ftp.mlsd(remote)):
        download(ftp, remote + "/" + name, os.path.join(local, name))


def names(ftp, folder):
    for name, _ in ftp.mlsd(folder):
        print(name)


def set_time(ftp, path, time):
    ftp.sendcmd("MFMT %s %s" % (time, path))


operations = {
    "upload": upload,
    "download": download,
    "resume_upload": resume_upload,
    "resume_download": resume_download,
    "upload_all": upload_all,
    "download_all": download_all,
    "names": names,
    "rename": lambda ftp, old, new: ftp.rename(old, new),
    "remove": lambda ftp, path: ftp.delete(path),
    "make_folder": lambda ftp, path: ftp.mkd(path),
    "remove_folder": lambda ftp, path: ftp.rmd(path),
    "set_time": set_time,
}


def connect():
    door = os.environ
    timeout = 40
    if door["DOOR_SECURITY"] == "plain":
        ftp = ftplib.FTP(encoding="utf-8", timeout=timeout)
    else:
        context = ssl.create_default_context(cafile=door["DOOR_CERTIFICATE"])
        ftp = ftplib.FTP_TLS(encoding="utf-8", timeout=timeout, context=context)
    ftp.connect(door["DOOR_HOST"], int(door["DOOR_PORT"]))
    ftp.login(door["DOOR_USER"], door["DOOR_PASSWORD"])
    if door["DOOR_SECURITY"] != "plain":
        ftp.prot_p()
    ftp.set_pasv(not door["DOOR_ACTIVE"])
    return ftp


sys.stdout.reconfigure(encoding="utf-8")
_, operation, *arguments = sys.argv
with connect() as client:
    operations[operation](client, *arguments)
