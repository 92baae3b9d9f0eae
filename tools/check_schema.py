"""Checks that a JSON document is what a JSON schema says: check_schema.py SCHEMA DOCUMENT."""

import json
import sys
from pathlib import Path

import jsonschema

SHOWN = 20


def main(schema_path: str, document_path: str) -> int:
    schema = json.loads(Path(schema_path).read_text(encoding="utf-8"))
    # Floats would hide a number that should have been a decimal string.
    document = json.loads(Path(document_path).read_text(encoding="utf-8"), parse_float=refuse_float)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    errors = sorted(kind(schema).iter_errors(document), key=lambda error: error.json_path)
    for error in errors[:SHOWN]:
        print(f"{document_path}: {error.json_path}: {error.message}", file=sys.stderr)
    if len(errors) > SHOWN:
        print(f"{document_path}: {len(errors) - SHOWN} more", file=sys.stderr)
    return 1 if errors else 0


def refuse_float(text: str) -> float:
    raise ValueError(f"{text}: a JSON number with a fraction; money, rates and ratios are decimal strings")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        sys.exit(f"error: {error}")
