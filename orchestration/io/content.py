"""The hash of a frame's content, taken from its columns as they lie in memory: nothing is encoded to be hashed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class ContentHash:
    """The SHA-256 of a frame that comes in tables of one schema, in order.

    Equal for equal names, types and values, wherever one table ends and the next begins, and whatever lies in memory
    where a value is null.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema.serialize().to_pybytes()
        self._parts: dict[str, Any] = {}
        self._rows: dict[str, int] = {}

    def add(self, table: pa.Table) -> None:
        """Hash the next rows."""
        for number, column in enumerate(table.columns):
            for chunk in column.chunks:
                self._add(str(number), chunk)

    def hexdigest(self) -> str:
        """The hash of what was added until now."""
        whole = hashlib.sha256(self._schema)
        for path in sorted(self._parts):
            whole.update(f"\n{path} {self._parts[path].hexdigest()}".encode())
        for path in sorted(self._rows):
            whole.update(f"\n{path} {self._rows[path]}".encode())
        return whole.hexdigest()

    def _add(self, path: str, array: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        types, kind = pa.types, array.type
        if isinstance(kind, pa.BaseExtensionType):
            self._add(path, array.storage)
            return
        if types.is_dictionary(kind):
            self._add(path, array.dictionary_decode())
            return
        self._add_nulls(path, array)
        if types.is_null(kind):
            return
        if types.is_struct(kind):
            for number, field in enumerate(array.flatten()):  # with the struct's nulls in them
                self._add(f"{path}.{number}", field)
        elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            self._add_numbers(f"{path} length", pc.list_value_length(array).fill_null(0))
            self._add(f"{path}[]", array.flatten())  # without what lies below nulls
        elif (
            types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind) or types.is_large_binary(kind)
        ):
            self._add_texts(path, array)
        elif types.is_boolean(kind):
            self._add_numbers(path, array.cast(pa.uint8()))
        elif types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
            self._add_numbers(path, array)
        else:  # maps, views, unions: rare, and each has a layout of its own
            self._hasher(path).update("".join(f"{value!r}\n" for value in array.to_pylist()).encode())

    def _add_nulls(self, path: str, array: Any) -> None:
        """Where the nulls are, counted from the first row of all."""
        before = self._rows.get(path, 0)
        self._rows[path] = before + len(array)
        if array.null_count:
            import numpy as np

            where = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + before
            self._hasher(f"{path} null").update(where.astype("<i8"))

    def _add_texts(self, path: str, array: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        is_large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
        if array.null_count:
            array = array.fill_null(pa.scalar("").cast(array.type))
        self._add_numbers(f"{path} length", pc.binary_length(array))
        _, offsets, body = array.buffers()
        if body is None or not len(array):
            return
        ends = memoryview(offsets).cast("q" if is_large else "i")
        first, last = ends[array.offset], ends[array.offset + len(array)]
        self._hasher(path).update(memoryview(body)[first:last])

    def _add_numbers(self, path: str, array: Any) -> None:
        width = array.type.bit_width // 8
        body = array.buffers()[1]
        if body is None or not len(array) or not width:
            return
        values = memoryview(body)[array.offset * width : (array.offset + len(array)) * width]
        if not array.null_count:
            self._hasher(path).update(values)
            return
        import numpy as np

        rows = np.frombuffer(values, dtype=f"V{width}").copy()
        rows[array.is_null().to_numpy(zero_copy_only=False)] = b""
        self._hasher(path).update(rows.view(np.uint8))

    def _hasher(self, path: str) -> Any:
        return self._parts.setdefault(path, hashlib.sha256())


def content_hash(table: pa.Table) -> str:
    """The hash of one table's content, which is that of the same rows in chunks."""
    hashing = ContentHash(table.schema)
    hashing.add(table)
    return hashing.hexdigest()
