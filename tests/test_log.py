"""The log has Caffe's format: programs that read Caffe's logs read ours."""

import logging
import re

from cafe_edu.log import log_to

GLOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.py:\d+\] ")


def test_lines_have_glogs_head(tmp_path):
    handler = log_to(path=tmp_path / "train.log")
    logger = logging.getLogger("cafe_edu")
    try:
        logger.info("Iteration %d, loss = %g", 20, 0.123456789)
        logger.warning("two\nlines")
    finally:
        logger.removeHandler(handler)
        handler.close()
    lines = (tmp_path / "train.log").read_text().splitlines()
    assert all(GLOG.match(line) for line in lines)
    assert [GLOG.sub("", line) for line in lines] == ["Iteration 20, loss = 0.123457", "two", "lines"]
    assert [line[0] for line in lines] == ["I", "W", "W"]


def test_a_removed_handler_writes_no_more(tmp_path):
    handler = log_to(path=tmp_path / "a.log")
    logging.getLogger("cafe_edu").removeHandler(handler)
    logging.getLogger("cafe_edu").info("unheard")
    handler.close()
    assert (tmp_path / "a.log").read_text() == ""
