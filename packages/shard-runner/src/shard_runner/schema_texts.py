"""Arrow schemas as the text that Parquet files hold them as, field names and all."""

import base64

import pyarrow as pa


def schema_to_base64(schema: pa.Schema) -> bytes:
    """Return a schema as base64 text, from which `base64_to_schema` gives back an equal one.

    >>> schema = pa.schema([("tags", pa.list_(pa.string()))], metadata={"key": "value"})
    >>> base64_to_schema(schema_to_base64(schema)).equals(schema, check_metadata=True)
    True
    """
    return base64.b64encode(schema.serialize().to_pybytes())


def base64_to_schema(text: bytes) -> pa.Schema:
    """Return the schema that a base64 text holds.

    Raises:
        ValueError: the text is damaged.
    """
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))
