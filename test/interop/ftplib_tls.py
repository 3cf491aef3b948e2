"""FTPS with Python's ftplib: ftplib_tls.py PORT CA VERSION REPETITIONS FILE; every other session resumes TLS sessions."""
import ftplib
import io
import ssl
import sys

port, authority, version, repetitions, path = sys.argv[1:]


class Resuming(ftplib.FTP_TLS):
    """ftplib itself never resumes; this is what everybody copies who needs it."""

    def ntransfercmd(self, cmd, rest=None):
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        data = self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session)
        if not data.session_reused:
            raise AssertionError("the session was not resumed")
        return data, size


context = ssl.create_default_context(cafile=authority)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
with open(path, "rb") as file:
    content = file.read()

for repetition in range(int(repetitions)):
    ftp = (Resuming if repetition % 2 else ftplib.FTP_TLS)(context=context)
    ftp.connect("localhost", int(port), timeout=30)
    ftp.login("u", "p")
    ftp.prot_p()
    for name, expected in (("file", content), ("empty", b"")):
        ftp.storbinary("STOR " + name, io.BytesIO(expected))
        received = io.BytesIO()
        ftp.retrbinary("RETR " + name, received.write)
        if received.getvalue() != expected:
            raise AssertionError(name + " came back changed")
    if sorted(ftp.nlst()) != ["empty", "file"]:
        raise AssertionError("the listing is wrong")
    ftp.quit()
