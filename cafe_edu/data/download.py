"""Download: a file from the first mirror that has it, checked, whole or not at all."""

import pathlib
import shutil

from cafe_edu.errors import DataError
from cafe_edu.files import replacing

TIMEOUT = 30  # seconds without a byte before we give a mirror up


def download(urls, path, checksum, progress=False):
    """Fetch a file whose checksum is known.

    What has come so far is kept in ``NAME.part`` beside the file. A download that broke off goes on
    from there, on whichever mirror answers. The file appears under its own name only when all of it
    is there and its checksum is right; one that is there and right is left alone.

    Parameters
    ----------
    urls : sequence of str
        The same file on several mirrors, tried in order.
    path : str or Path
        Where it goes. The folder is made if it is not there.
    checksum : str
        Hexadecimal digits: of sha256, or of another kind that is named before them, such as "md5:0123...".
    progress : bool
        Show a progress bar.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    DataError
        If no mirror gave the right file, with what each did instead.
    """
    path = pathlib.Path(path)
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in urls:
        if _is_right(path, checksum):
            return path
        try:
            _continue(url, part, progress)
            with replacing(path) as new:  # a copy: another process may still be writing to the part
                shutil.copyfile(part, new)
                if not _is_right(new, checksum):
                    raise DataError("sent a file with a wrong checksum")
            part.unlink(missing_ok=True)
        except DataError as error:
            part.unlink(missing_ok=True)
            failures.append(f"{url} {error}")
        except OSError as error:  # the errors of requests are OSErrors too
            failures.append(f"{url} {_in_words(error)}")
    if _is_right(path, checksum):
        return path
    kind, digits = _parts(checksum)
    raise DataError(
        f"could not download {path.name}: {'; '.join(failures)}. Check the network and try again: "
        f"what has come so far is kept. Or put the file there by other means: {path}, {kind} {digits}"
    )


def _is_right(path, checksum):
    import pooch

    kind, digits = _parts(checksum)
    return path.exists() and pooch.file_hash(str(path), alg=kind) == digits


def _parts(checksum):
    """The kind of a checksum and its digits."""
    kind, _, digits = checksum.rpartition(":")
    return kind or "sha256", digits.lower()


def _continue(url, part, progress):
    """Append to ``part`` what it lacks of the file at ``url``."""
    import requests
    import urllib3
    from tqdm.auto import tqdm

    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == 416:  # no bytes left to send: the part is whole
            return
        response.raise_for_status()
        if response.status_code != 206:  # this server cannot go on in the middle, it begins again
            have = 0
        total = have + int(response.headers.get("Content-Length", 0))
        bar = tqdm(
            desc=part.stem, initial=have, total=total or None, unit="B", unit_scale=True, disable=not progress
        )
        with bar, open(part, "ab" if have else "wb") as file:
            try:
                for chunk in response.raw.stream(1 << 16, decode_content=False):
                    file.write(chunk)
                    bar.update(len(chunk))
            except urllib3.exceptions.HTTPError as error:
                raise requests.ConnectionError(error) from error
            if file.tell() < total:
                raise requests.ConnectionError(f"{file.tell()} of {total} bytes")


def _in_words(error):
    """What a mirror did, as the end of a sentence that begins with its address."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"was silent for {TIMEOUT} seconds"
    if isinstance(error, requests.ConnectionError):
        return "did not answer, or broke off"
    return f"failed: {error}"
