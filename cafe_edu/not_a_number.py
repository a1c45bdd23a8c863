"""Not a number: `nan`, which a prototxt can say and no option can mean."""

import math

from cafe_edu.errors import SpecError


def refuse_nan(message, inside=""):
    """Raise ``SpecError`` if a field of a message, or of one within it, is NaN; blobs are not looked into.

    Examples
    --------
    >>> from cafe_edu.prototxt import parse_net
    >>> refuse_nan(parse_net("layer { relu_param { negative_slope: nan } }"))
    Traceback (most recent call last):
    ...
    cafe_edu.errors.SpecError: expected a number for `layer.relu_param.negative_slope`, found nan
    """
    for field, value in message.ListFields():
        place = f"{inside}{field.name}"
        if field.type == field.TYPE_FLOAT and any(map(math.isnan, value if field.is_repeated else [value])):
            raise SpecError(f"expected a number for `{place}`, found nan")
        if field.message_type and field.message_type.name != "BlobProto":
            for inner in value if field.is_repeated else [value]:
                refuse_nan(inner, f"{place}.")
