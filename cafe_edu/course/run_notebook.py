"""A notebook run from top to bottom: its outputs, the same on every run and every machine, or why there are none."""

import base64
import io
import os
import pathlib
import re
import tempfile

from cafe_edu.errors import CafeError

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS_PER_CELL = 120
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
WIDGET = "application/vnd.jupyter.widget-view+json"


class BuildError(CafeError):
    """A notebook could not be made: which, in which cell, and why."""


def run(notebook, page, root):
    """Run ``notebook`` in an empty folder and keep its outputs, made the same on every run.

    Raises
    ------
    BuildError
        If a cell raises, warns, writes to stderr or runs too long, or if an output names a folder of
        this machine.
    """
    import nbclient

    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        environment.pop("CAFE_EDU_DATA", None)  # what is committed is made from the embedded data
        environment |= dict.fromkeys(THREADS, "1")  # sums of several threads end in other last digits
        environment["CAFE_EDU_HOME"] = str(pathlib.Path(folder) / "progress")
        paths = [str(root), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        client = nbclient.NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # what a slow cell prints comes in pieces, here more and there fewer
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # a notice on TCP is no news here
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env=environment)
        except nbclient.exceptions.CellExecutionError as error:
            raise BuildError(_in_cell(page, notebook, f"{error.ename}: {error.evalue}")) from error
        except (nbclient.exceptions.CellControlSignal, nbclient.exceptions.DeadKernelError) as error:
            raise BuildError(f"{page.name}.ipynb: {' '.join(str(error).split())[:200]}") from error
    notebook.metadata = KERNEL
    for state in client.widget_state.values():
        for output in state.get("outputs", ()):
            if output["output_type"] == "error":
                raise BuildError(f"{page.name}.ipynb, in a widget: {output['ename']}: {output['evalue']}")
    for place, cell in enumerate(notebook.cells, start=1):
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":  # a widget lives in a kernel only, and has another name at every run
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
        for output in cell.get("outputs", ()):
            _settle(output, f"{page.name}.ipynb, cell {place}", folder, root)
    return notebook


def _in_cell(page, notebook, message):
    """Name the first cell that raised; all before it ran."""
    for place, cell in enumerate(notebook.cells, start=1):
        if any(output.output_type == "error" for output in cell.get("outputs", ())):
            first = cell.source.split("\n")[0]
            return f"{page.name}.ipynb, cell {place} ({first}): {message}"
    return f"{page.name}.ipynb: {message}"


def _settle(output, where, folder, root):
    """Refuse what a reader must not see, and take from pictures what differs between machines."""
    if output.output_type == "stream" and output.name == "stderr":
        raise BuildError(f"{where} wrote to stderr: {' '.join(output.text.split())[:200]}")
    if output.output_type == "error":
        return  # only a cell tagged raises-exception comes here
    for kind, value in output.get("data", {"": output.get("text", "")}).items():
        if kind == "image/png":
            output.data[kind] = _plain_png(value)
        elif isinstance(value, str):
            for path in {str(folder), str(root), str(pathlib.Path.home()), tempfile.gettempdir()}:
                if re.search(re.escape(path) + r"(?![\w-])", value):
                    raise BuildError(f"{where} shows a folder of this machine: {path}")


def _plain_png(text):
    """Write a PNG again without its notes: the program that drew it, its version."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    picture.info.clear()
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):  # nothing to see through
        picture = picture.convert("RGB")
    plain = io.BytesIO()
    picture.save(plain, "PNG", optimize=True)
    return base64.b64encode(plain.getvalue()).decode() + "\n"
