//! JSON schemas of what files write as a word: groups, representations and fields.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::Group;
use crate::field::FieldType;
use crate::irreps::Irreps;

impl JsonSchema for Group {
    fn schema_name() -> Cow<'static, str> {
        "Group".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A group by name: \"trivial\"; \"flip\" for left and right; \"C8\" for the rotations by 45°, \"D4\" for those by 90° and reflections; \"R3\" for three scales, \"R3(1.5)\" for three a factor of 1.5 apart; \"C8xR3\" for products.",
            "pattern": "^([Tt]rivial|[Ff]lip|[CDcd][0-9]+|[Rr][0-9]+(\\([0-9.]+\\))?)((x|X)([Tt]rivial|[Ff]lip|[CDcd][0-9]+|[Rr][0-9]+(\\([0-9.]+\\))?))*$",
            "examples": ["trivial", "flip", "C4", "D4", "C8", "R3", "C8xR3(1.5)"],
        })
    }
}

impl JsonSchema for Irreps {
    fn schema_name() -> Cow<'static, str> {
        "Irreps".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A representation of O(3): \"32x0e+32x1o\" is 32 scalars and 32 vectors.",
            "examples": ["32x0e+32x1o"],
        })
    }
}

impl JsonSchema for FieldType {
    fn schema_name() -> Cow<'static, str> {
        "FieldType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A group of rotations and reflections and fields of it: \"C8: 4 regular + 8 irrep(1)\" is 4 functions on C8 and 8 vectors.",
            "examples": ["C8: 4 regular + 8 irrep(1)", "SO(2): 16 fourier(3)", "O(2): 8 trivial + 4 sign + 8 irrep(1,1)"],
        })
    }
}
