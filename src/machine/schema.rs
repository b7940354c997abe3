use schemars::JsonSchema;

use super::Family;

/// A family whose vocabulary has JSON Schemas. The marker's own schema is never used: it lends its
/// name to those of generic types.
pub trait Described:
    JsonSchema
    + Family<
        Message: JsonSchema,
        Command: JsonSchema,
        Event: JsonSchema,
        Reason: JsonSchema,
        Hello: JsonSchema,
        Start: JsonSchema,
        Spec: JsonSchema,
        PeerSpec: JsonSchema,
        Action: JsonSchema,
        Misbehavior: JsonSchema,
    >
{
}

impl<F> Described for F where
    F: JsonSchema
        + Family<
            Message: JsonSchema,
            Command: JsonSchema,
            Event: JsonSchema,
            Reason: JsonSchema,
            Hello: JsonSchema,
            Start: JsonSchema,
            Spec: JsonSchema,
            PeerSpec: JsonSchema,
            Action: JsonSchema,
            Misbehavior: JsonSchema,
        >
{
}
