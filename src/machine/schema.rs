use schemars::JsonSchema;

use super::Family;

/// A family of which all that a subject hears and says has JSON Schemas. The marker's own schema is
/// never used: it lends its name to those of generic types.
pub trait Spoken:
    JsonSchema
    + Family<
        Message: JsonSchema,
        Command: JsonSchema,
        Event: JsonSchema,
        Reason: JsonSchema,
        Hello: JsonSchema,
        Start: JsonSchema,
        Gauges: JsonSchema,
    >
{
}

impl<F> Spoken for F where
    F: JsonSchema
        + Family<
            Message: JsonSchema,
            Command: JsonSchema,
            Event: JsonSchema,
            Reason: JsonSchema,
            Hello: JsonSchema,
            Start: JsonSchema,
            Gauges: JsonSchema,
        >
{
}

/// A family whose files have JSON Schemas too.
pub trait Described:
    Spoken
    + Family<
        Spec: JsonSchema,
        PeerSpec: JsonSchema,
        Action: JsonSchema,
        Misbehavior: JsonSchema,
        Ending: JsonSchema,
    >
{
}

impl<F> Described for F where
    F: Spoken
        + Family<
            Spec: JsonSchema,
            PeerSpec: JsonSchema,
            Action: JsonSchema,
            Misbehavior: JsonSchema,
            Ending: JsonSchema,
        >
{
}
