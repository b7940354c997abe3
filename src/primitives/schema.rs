/// Gives a type that files have as a string its JSON Schema: what it is, and a pattern.
macro_rules! string_schema {
    ($type:ty, $name:literal, $what:literal, $pattern:literal) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $what,
                    "pattern": $pattern,
                })
            }
        }
    };
}

pub(crate) use string_schema;
