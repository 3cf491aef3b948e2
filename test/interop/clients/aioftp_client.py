"""One operation on an FTP server with aioftp: aioftp_client.py OPERATION [ARGUMENT...]."""
import asyncio
import os
import ssl
import sys

import aioftp


async def upload(ftp, local, remote):
    await ftp.upload(local, remote, write_into=True)


async def upload_all(ftp, local, remote):
    # It takes the folder's name only, below the current folder.
    await ftp.change_directory(os.path.dirname(remote))
    await ftp.upload(local, os.path.basename(remote), write_into=True)


async def download(ftp, remote, local):
    await ftp.download(remote, local, write_into=True)


async def resume_upload(ftp, local, remote):
    _, info = await ftp.command("SIZE " + remote, "213")
    there = int(info[0])
    with open(local, "rb") as source:
        source.seek(there)
        async with ftp.upload_stream(remote, offset=there) as stream:
            while block := source.read(65536):
                await stream.write(block)


async def resume_download(ftp, remote, local):
    with open(local, "ab") as target:
        async with ftp.download_stream(remote, offset=os.path.getsize(local)) as stream:
            async for block in stream.iter_by_block():
                target.write(block)


async def names(ftp, folder):
    for path, _ in await ftp.list(folder):
        print(path.name)


async def set_time(ftp, path, time):
    await ftp.command("MFMT %s %s" % (time, path), "213")


operations = {
    "upload": upload,
    "download": download,
    "resume_upload": resume_upload,
    "resume_download": resume_download,
    "upload_all": upload_all,
    "download_all": download,
    "names": names,
    "rename": lambda ftp, old, new: ftp.rename(old, new),
    "remove": lambda ftp, path: ftp.remove_file(path),
    "make_folder": lambda ftp, path: ftp.make_directory(path),
    "remove_folder": lambda ftp, path: ftp.remove_directory(path),
    "set_time": set_time,
}


async def main(operation, *arguments):
    door = os.environ
    context = None
    if door["DOOR_SECURITY"] == "implicit":
        context = ssl.create_default_context(cafile=door["DOOR_CERTIFICATE"])
    async with aioftp.Client.context(
        door["DOOR_HOST"],
        int(door["DOOR_PORT"]),
        door["DOOR_USER"],
        door["DOOR_PASSWORD"],
        socket_timeout=40,
        ssl=context,
    ) as ftp:
        await operations[operation](ftp, *arguments)


sys.stdout.reconfigure(encoding="utf-8")
asyncio.run(main(*sys.argv[1:]))
