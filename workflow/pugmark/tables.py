"""Parquet tables between stages: checked against `schemas/tables.yaml` on write and on read, never seen half-written.

Each file carries its provenance (stage, version, settings, models) as JSON in its key-value metadata. It records no
times, so equal inputs give equal bytes.
"""

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

import pugmark
from pugmark.runtime.disk import replacing

SCHEMAS = Path(__file__).parents[1] / "schemas" / "tables.yaml"
_TYPES = {
    "string": pa.string(),
    "binary": pa.binary(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "timestamp[us]": pa.timestamp("us"),
    "list<string>": pa.list_(pa.string()),
    "list<bool>": pa.list_(pa.bool_()),
}


class TableError(ValueError):
    """A table does not have the columns, types or unique keys that `schemas/tables.yaml` states."""


@functools.cache
def definitions():
    """The parsed `schemas/tables.yaml`: {table: {about, key, columns}}."""
    return yaml.safe_load(SCHEMAS.read_text())


@functools.cache
def schema(name, feature_size=None):
    """The Arrow schema of table `name`; `feature_size` is the length of the vectors of a features table."""
    fields = []
    for column, spec in definitions()[name]["columns"].items():
        kind = pa.list_(pa.float32(), feature_size) if spec["type"] == "feature" else _TYPES[spec["type"]]
        fields.append(pa.field(column, kind, nullable=spec.get("nullable", False)))
    return pa.schema(fields)


def write(path, name, data, stage, settings=None, models=(), counts=None):
    """Write `data` (DataFrame, Arrow table, list of row dicts or dict of columns) as table `name`, atomically.

    stage: name of the producing stage. settings: the stage's settings. models: dicts with name, sha256, licence.
    counts: figures for the user (read, skipped and why).
    Raises TableError if columns, types, nulls or keys are not as defined.
    """
    columns = _columns(data, name)
    size = next((len(vector) for vector in columns["feature"]), 1) if name == "features" else None
    table = _conform(columns, schema(name, size), name)
    _check_key(table, name)
    provenance = {
        "table": name,
        "stage": stage,
        "version": pugmark.__version__,
        "settings": settings or {},
        "models": list(models),
        "counts": counts or {},
    }
    table = table.replace_schema_metadata({"pugmark": json.dumps(provenance, sort_keys=True)})
    with replacing(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read(path, name, columns=None):
    """Read table `name`, or `columns` of it, into a DataFrame. Raises TableError if its schema is another."""
    return read_arrow(path, name, columns).to_pandas()


def read_arrow(path, name, columns=None):
    """Like `read`, but return an Arrow table: for features, which pandas would copy."""
    with pq.ParquetFile(path) as file:
        _check_schema(path, name, file.schema_arrow)
        return file.read(columns)


def of_batches(folder, batches, name, columns=None):
    """The tables {batch}/`name`.parquet below `folder`, one below the other, as a DataFrame with a column `batch`."""
    parts = [read_arrow(Path(folder) / batch / f"{name}.parquet", name, columns) for batch in batches]
    nothing = schema(name).empty_table().select(columns or schema(name).names)
    table = pa.concat_tables(parts or [nothing]).to_pandas()
    return table.assign(batch=np.repeat(np.array(batches, object), [part.num_rows for part in parts]))


def stream(path, name, columns):
    """Like `read`, but yield rows as tuples, a few in memory at a time: for image bytes."""
    with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        _check_schema(path, name, file.schema_arrow)
        for part in file.iter_batches(batch_size=64, columns=columns, use_threads=False):
            yield from zip(*(part[column].to_pylist() for column in columns), strict=True)


def provenance(path):
    """The provenance dict that `write` stored in `path`."""
    return json.loads(pq.read_schema(path).metadata[b"pugmark"])


def features(path):
    """Crop ids (list) and vectors (float32 array, N x D) of a features table."""
    table = read_arrow(path, "features")
    return table["crop_id"].to_pylist(), vectors_of(table)


def vectors_of(table):
    """The `feature` column of an Arrow table as a float32 array, N x D."""
    column = table["feature"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)


def places(names, values):
    """The place of each of the strings `values` among the unique `names`; -1 where it is not there. An array of int."""
    found = pc.index_in(pa.array(values, pa.string()), value_set=pa.array(names, pa.string()))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(int)


def first_of_each(table, key):
    """Whether a row of an Arrow table is the first with its `key` (names of columns), an array of bool."""
    one, most = np.zeros(table.num_rows, np.int64), 1
    for column in key:
        codes = pc.dictionary_encode(table[column], null_encoding="encode").combine_chunks()
        if most * len(codes.dictionary) >= 2**63:
            one, values = pd.factorize(one)
            most = len(values)
        one = one * len(codes.dictionary) + codes.indices.to_numpy()
        most *= len(codes.dictionary)
    return ~pd.Series(one).duplicated().to_numpy()


def _conform(columns, target, name):
    unknown, missing = set(columns) - set(target.names), set(target.names) - set(columns)
    if unknown or missing:
        raise TableError(f"{name}: unknown columns {sorted(unknown)}, missing columns {sorted(missing)}.")
    arrays = []
    for field in target:
        try:
            array = _array(columns[field.name], field)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise TableError(f"{name}.{field.name}: {error}") from error
        if array.null_count and not field.nullable:
            raise TableError(f"{name}.{field.name}: {array.null_count} null values in a column that allows none.")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=target)


def _columns(data, name):
    if isinstance(data, dict):
        return data
    if isinstance(data, pd.DataFrame | pa.Table):
        names = data.columns if isinstance(data, pd.DataFrame) else data.column_names
        return {column: data[column] for column in names}
    rows = list(data)
    names = rows[0] if rows else definitions()[name]["columns"]
    return {column: [row[column] for row in rows] for column in names}


def _array(values, field):
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(field.type)
    if pa.types.is_fixed_size_list(field.type):
        flat = np.asarray(list(values), np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), field.type.list_size)
    # pandas writes NaN and NaT for null. Where a column of numbers allows no null, NaN is a value: undefined.
    return pa.array(values, field.type, from_pandas=field.nullable or not pa.types.is_floating(field.type))


def _check_key(table, name):
    key = definitions()[name]["key"]
    first = first_of_each(table, key)
    if not first.all():
        twice = table.select(key).filter(~first).slice(0, 3).to_pylist()
        raise TableError(f"{name}: rows that should be unique by {key} repeat, for instance {twice}.")


def _check_schema(path, name, found):
    size = found.field("feature").type.list_size if name == "features" and "feature" in found.names else None
    wanted = schema(name, size)
    if not found.remove_metadata().equals(wanted):
        difference = _difference(found, wanted)
        raise TableError(f"{path} is not a {name} table of this version: delete it and rerun.\n{difference}")


def _difference(found, wanted):
    ours = {field.name: str(field.type) for field in wanted}
    theirs = {field.name: str(field.type) for field in found}
    return "\n".join(
        f"  {column}: expected {ours.get(column)}, found {theirs.get(column)}"
        for column in sorted(ours.keys() | theirs.keys())
        if ours.get(column) != theirs.get(column)
    )
